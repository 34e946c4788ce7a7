"""A changed digit in a page, in decision.json or in a run log is found and named."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from milo_bench import api
from milo_bench.board.index.indexing import bring_up_to_date
from milo_bench.core.errors import DataError
from milo_bench.core.records import Attempt, AttemptKey, Plan, RunEnd, RunHeader, TargetRecord, Timings, Usage
from milo_bench.store.board_index import index_stem
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.suites import load_suite

NOTES = 40
WRONG = {"local_a": 3, "hosted": 10}  # of every so many notes one is answered wrongly


def write_log(path: Path) -> None:
    """Escalation notes answered by two targets, with some answers wrong; the same every time."""
    suite = load_suite("claims_v1")
    notes = [fixture for fixture in suite.fixtures if fixture.workload == "escalation"][:NOTES]
    header = RunHeader(
        "verify",
        "2026-01-01T00:00:00Z",
        "0",
        suite.ref,
        (suite.workloads["escalation"],),
        tuple(TargetRecord(name, "openai", name, hosted=name == "hosted") for name in WRONG),
        Plan(tuple(note.id for note in notes), tuple(WRONG)),
    )
    writer = RunLogWriter.create(path, header, notes)
    for number, note in enumerate(notes):
        for target, every in WRONG.items():
            label = "routine" if number % every == 0 else note.expect["label"]
            writer.append(
                Attempt(
                    AttemptKey(note.id, target),
                    "x",
                    Timings(0.0, 0.0, 1.0 + number / 100, first_content_s=0.5),
                    output=json.dumps({"label": label, "reason": "as the note says"}),
                    finish_reason="stop",
                    usage=Usage(100, 20),
                )
            )
    writer.close(RunEnd("2026-01-01T01:00:00Z", NOTES * len(WRONG), 0, True))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs/notes.jsonl and the package of what was decided on it."""
    folder = tmp_path_factory.mktemp("verify")
    (folder / "runs").mkdir()
    write_log(folder / "runs" / "notes.jsonl")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        options = api.DecideOptions(logs=(Path("runs/notes.jsonl"),))
        decision = api.decide_logs(options, created_at="2026-01-02T00:00:00Z")
    api.write_decision(folder / "decision.json", decision)
    api.report_decision(folder / "decision.json", folder / "package")
    return folder


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "x")
    return tmp_path / "x"


def verified(folder: Path) -> api.Verification:
    return api.verify_package(folder / "package")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_an_untouched_package_is_worked_out_again_figure_by_figure(made: Path) -> None:
    found = verified(made)
    assert found.differences == ()
    assert found.exit_code == 0
    assert found.recomputed
    assert found.figures > 50
    assert found.shown > found.figures


def test_a_digit_changed_in_a_page_names_the_figure_the_place_and_both_values(copied: Path) -> None:
    page = copied / "package" / "index.html"
    shown = re.search(r'<data data-figure="(gate/[^"]+)" data-part="whole" value="[^"]*">(\d+)', page.read_text())
    assert shown is not None
    text = page.read_text(encoding="utf-8")
    start = shown.start(2)
    digit = str((int(text[start]) + 1) % 10)
    page.write_text(text[:start] + digit + text[start + 1 :], encoding="utf-8")
    found = verified(copied)
    assert found.exit_code == 1
    (one,) = found.differences
    assert (one.kind, one.file, one.figure) == ("figure", "index.html", shown[1])
    assert one.package[0] == digit
    assert one.recomputed.startswith(shown[2])
    assert one.line == text[: shown.start()].count("\n") + 1
    assert one.source.startswith(("measure", "policy"))


def test_a_character_changed_in_any_file_is_found_with_its_line(copied: Path) -> None:
    names = ["summary.md", "findings.md", "runbook.md", "appendix/sources.html", "fixtures.csv", "roi.json"]
    for name in names:
        path = copied / "package" / name
        data = bytearray(path.read_bytes())
        at = next(at for at in range(len(data) * 2 // 3, len(data)) if chr(data[at]).isalnum())
        data[at] = ord("Z") if data[at] != ord("Z") else ord("Y")
        path.write_bytes(bytes(data))
    found = verified(copied)
    assert found.exit_code == 1
    # A changed letter within a tag is two differences: another tag, and the text that it held.
    assert {one.file for one in found.differences} == set(names)
    assert all(one.line >= 1 and one.column >= 1 for one in found.differences)


def test_a_word_a_link_a_comment_and_a_sentence_more_are_found_too(copied: Path) -> None:
    changes = {
        "index.html": ("Missing evidence", "Minor evidence"),
        "appendix/load.html": ('href="../decision.json"', 'href="../other.json"'),
        "appendix/probes.html": ("</main>", "<!-- more --></main>"),
        "appendix/failures.html": ("</main>", "<p>Approved.</p></main>"),
    }
    for name, (old, new) in changes.items():
        change(copied / "package" / name, old, new)
    found = verified(copied)
    assert {one.file for one in found.differences} == set(changes)
    assert all(one.line > 1 for one in found.differences)


def test_a_value_changed_in_the_decision_is_named_with_what_the_logs_give(copied: Path) -> None:
    path = copied / "package" / "decision.json"
    decision = api.read_decision(path)
    id = next(id for id, figure in decision.figures.items() if "accuracy" in id and figure.value)
    better = msgspec.structs.replace(decision.figures[id], value=0.999)
    changed = msgspec.structs.replace(decision, figures={**decision.figures, id: better})
    path.write_bytes(api.decision_bytes(changed))
    found = verified(copied)
    assert found.exit_code == 1
    named = [one for one in found.differences if one.file == "decision.json"]
    assert [one.figure for one in named] == [id]
    assert "99.9%" in named[0].package
    # The pages say, and draw, what the decision said before.
    assert {one.figure for one in found.differences if one.file.endswith(".html")} == {id, ""}


def test_a_package_made_whole_around_a_changed_finding_does_not_hold(copied: Path) -> None:
    path = copied / "decision.json"
    decision = api.read_decision(path)
    kept = tuple(msgspec.structs.replace(one, kind="keep") for one in decision.findings)
    api.write_decision(path, msgspec.structs.replace(decision, findings=kept))
    api.report_decision(path, copied / "package")
    found = verified(copied)
    assert found.exit_code == 1
    assert {one.kind for one in found.differences} == {"decision"}
    assert any(one.source == "findings.0.kind" for one in found.differences)


def test_a_changed_run_log_is_found_with_the_line_and_the_figures_that_it_changes(copied: Path) -> None:
    log = copied / "runs" / "notes.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    fixture = json.loads(lines[3])
    fixture["expect"]["label"] = "routine" if fixture["expect"]["label"] != "routine" else "watch"
    lines[3] = json.dumps(fixture) + "\n"
    log.write_text("".join(lines), encoding="utf-8")
    found = verified(copied)
    assert found.exit_code == 1
    logs = [one for one in found.differences if one.kind == "log"]
    assert logs[0].package.startswith("sha256")
    assert logs[1].line == 4
    assert any("line 4: this line was changed after it was sealed" in one.package for one in logs)
    assert any(one.package == "other gold" for one in logs)  # than that of the suite of its hash
    assert any("accuracy" in one.figure for one in found.differences if one.kind == "figure")


def test_a_missing_log_is_named_and_the_pages_are_checked_all_the_same(copied: Path) -> None:
    (copied / "runs" / "notes.jsonl").unlink()
    found = verified(copied)
    assert (found.exit_code, found.missing_logs, found.recomputed) == (3, ("runs/notes.jsonl",), False)
    change(copied / "package" / "index.html", "Missing evidence", "Minor evidence")
    assert verified(copied).exit_code == 1


def test_a_log_that_was_moved_and_renamed_is_found_by_its_hash(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "archive" / "deep").mkdir(parents=True)
    (copied / "runs" / "notes.jsonl").rename(tmp_path / "archive" / "deep" / "other.jsonl")
    assert api.verify_package(copied / "package", runs=tmp_path / "archive").exit_code == 0


def test_a_missing_page_and_one_that_does_not_belong_are_named(copied: Path) -> None:
    (copied / "package" / "findings.md").unlink()
    (copied / "package" / "better.html").write_text("<p>99%</p>", encoding="utf-8")
    found = verified(copied)
    assert [(one.kind, one.file) for one in found.differences] == [("file", "findings.md")]
    assert found.unknown_files == ("better.html",)


def test_a_decision_padded_with_what_no_reader_sees_does_not_hold(copied: Path) -> None:
    path = copied / "package" / "decision.json"
    plain = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**plain, "approved": True}), encoding="utf-8")
    assert "decision.json" in {one.file for one in verified(copied).differences}


def test_a_decision_that_names_a_figure_it_lacks_is_said_to_be_incomplete(copied: Path, tmp_path: Path) -> None:
    path = copied / "decision.json"
    data = json.loads(path.read_bytes())
    name = next(iter(data["measures"]))
    data["measures"][name][0] = "measure/never\x1b[2J"
    path.write_text(json.dumps(data))
    for work in (lambda: api.verify_package(copied), lambda: api.report_decision(copied, tmp_path / "again")):
        with pytest.raises(DataError, match=r"incomplete.*measure/never") as refused:
            work()
        assert "\x1b" not in refused.value.message


def test_whatever_lies_in_a_package_beside_its_own_files_is_unknown(copied: Path) -> None:
    package = copied / "package"
    (package / "empty" / "inner").mkdir(parents=True)
    (package / "appendix" / ".hidden").write_text("x", encoding="utf-8")
    (package / "nowhere").symlink_to("no/such/file")
    (package / "elsewhere").symlink_to(copied / "runs")
    (package / "copy.html").symlink_to("index.html")
    found = verified(copied)
    assert found.exit_code == 1
    assert found.unknown_files == ("appendix/.hidden", "copy.html", "elsewhere", "empty/inner/", "nowhere")


def test_a_log_in_the_package_is_known_however_its_folder_is_named(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.move(copied / "runs", copied / "package" / "runs")
    for folder in (copied, Path()):
        monkeypatch.chdir(copied)
        found = api.verify_package(folder / "package", runs=folder / "package" / "runs")
        assert (found.exit_code, found.unknown_files) == (0, ())


def test_pages_under_the_name_of_another_version_are_not_said_to_match(copied: Path) -> None:
    assert '"tool_version"' in (copied / "package/decision.json").read_text(encoding="utf-8")
    decision = json.loads((copied / "package/decision.json").read_text(encoding="utf-8"))
    decision["tool_version"] = "99.0"
    (copied / "package/decision.json").write_text(json.dumps(decision), encoding="utf-8")
    change(copied / "package/summary.md", "#", "# As good as it gets.")
    found = verified(copied)
    assert found.exit_code == 3
    assert "summary.md" in found.other_pages


def test_the_index_that_the_board_leaves_beside_a_log_is_known_and_nothing_else_there(copied: Path) -> None:
    shutil.move(copied / "runs", copied / "package" / "runs")
    log = copied / "package" / "runs" / "notes.jsonl"
    bring_up_to_date(log)
    index = log.parent / ".board"
    assert {file.suffix for file in index.iterdir()} == {".json", ".parquet"}
    assert verified_inside(copied).unknown_files == ()
    (index / f"{index_stem(log)}.page.html").write_text("<p>99%</p>", encoding="utf-8")
    (index / "0123456789abcdef.json").write_text("{}", encoding="utf-8")
    found = verified_inside(copied)
    assert found.unknown_files == ("runs/.board/0123456789abcdef.json", f"runs/.board/{index_stem(log)}.page.html")
    shutil.rmtree(index)
    index.mkdir()
    assert verified_inside(copied).unknown_files == ()


def verified_inside(copied: Path) -> api.Verification:
    return api.verify_package(copied / "package", runs=copied / "package" / "runs")

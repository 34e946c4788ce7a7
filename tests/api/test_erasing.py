"""A person's texts can be erased: seals, signature and every figure stay, and verify says whose texts are gone."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from benchmarks.soundness.edits import CREATED_AT, POLICY, write_log
from milo_bench import api
from milo_bench.api.sealing.erasing import emptied
from milo_bench.config.policy.operator import default_operator_policy
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.hashing import sha256_file
from milo_bench.decide.records import Example
from milo_bench.evidence.judging import judge_log
from milo_bench.operator.permit.permits import permits_of, task_behaviours
from milo_bench.operator.trials import OperatorRun
from milo_bench.operator.worlds.policies import trust_the_first_output
from milo_bench.store.erasures import read_erasures
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import RunLogWriter
from tests.operator.operator_logs import run_by
from tests.operator.operator_logs import write_log as write_operator_log


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with run.jsonl, decision.json, a signed package/ and a review sheet."""
    folder = tmp_path_factory.mktemp("erase")
    write_log(folder / "run.jsonl")
    (folder / "policy.yaml").write_text(POLICY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        options = api.DecideOptions(("run.jsonl",), policy="policy.yaml")
        api.write_decision("decision.json", api.decide_logs(options, created_at=CREATED_AT))
        api.report_decision("decision.json", "package")
        api.new_signing_key("key")
        api.sign_package("package", "key")
        api.sample_for_review([Path("run.jsonl")], Path("sheet.csv"), count=10)
    return folder


@pytest.fixture
def folder(signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copied = Path(shutil.copytree(signed, tmp_path / "x"))
    monkeypatch.chdir(copied)
    return copied


def shown_fixture(folder: Path) -> tuple[str, str]:
    """A fixture that the decision shows as an example, and its whole message."""
    (example, *_) = api.read_decision(folder / "decision.json").examples
    id = example.key.split("/")[0]
    return id, str(read_run_log(folder / "run.jsonl").fixtures[id].input["message"])


def holding(folder: Path, text: str) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and text in path.read_text(encoding="utf-8", errors="replace")
    )


def test_a_text_is_gone_from_log_decision_package_and_sheet_and_all_still_verifies(folder: Path) -> None:
    id, message = shown_fixture(folder)
    said = message[:40]
    assert len(holding(folder, said)) > 2
    before = read_run_log(folder / "run.jsonl")
    done = api.erase_texts(api.EraseOptions([folder], texts=[said], reason="asked by the person"))
    assert holding(folder, said) == [] and done.left == []
    assert [log.fixtures for log in done.logs] == [(id,)]
    after = read_run_log(folder / "run.jsonl")
    assert (after.seal, after.unsealed, after.fixtures[id].input) == (before.seal, 0, {})
    assert after.sha256 != before.sha256
    found = api.verify_package("package", held=api.HeldFiles(key="key.pub", policy="policy.yaml"))
    assert (found.differences, found.unknown_files, found.erased, found.exit_code) == ((), (), (id,), 0)
    (erasure,) = read_erasures(folder / "run.jsonl").erasures
    assert (erasure.fixtures, erasure.reason, erasure.sha256_before) == ((id,), "asked by the person", before.sha256)


def test_the_verdict_on_an_erased_answer_is_kept_without_a_word(folder: Path) -> None:
    id, _ = shown_fixture(folder)
    (before,) = [row.graded for row in judge_log(read_run_log(folder / "run.jsonl")) if row.fixture.id == id]
    api.erase_texts(api.EraseOptions([folder / "run.jsonl"], fixtures=[id]))
    (after,) = [row.graded for row in judge_log(read_run_log(folder / "run.jsonl")) if row.fixture.id == id]
    assert after.passed == before.passed
    assert [one.outcome for one in after.verdicts] == [one.outcome for one in before.verdicts]
    assert not any(one.reason or one.spans for one in after.verdicts)


def test_verify_says_how_many_verdicts_no_text_bears_out_any_more(folder: Path) -> None:
    assert not [note for note in api.verify_package("package").notes if "as recorded" in note]
    api.erase_texts(api.EraseOptions([folder], fixtures=[shown_fixture(folder)[0]], reason="asked"))
    (note,) = [note for note in api.verify_package("package").notes if "as recorded" in note]
    assert note == "verdicts on 1 answer without its text: as recorded in run.verdicts.jsonl, which is not sealed"


def test_verify_finds_a_verdict_on_an_erased_answer_that_was_changed_even_where_no_figure_changes(folder: Path) -> None:
    id, _ = shown_fixture(folder)
    other = next(one for one in read_run_log(folder / "run.jsonl").fixtures if one != id)
    for fixture in (id, other):  # the last of two erasures says how the file was left
        api.erase_texts(api.EraseOptions([folder], fixtures=[fixture]))
        assert api.verify_package("package").differences == ()
    kept = folder / "run.verdicts.jsonl"
    kept.write_text(kept.read_text(encoding="utf-8").replace('"version":"', '"version":"9', 1), encoding="utf-8")
    found = api.verify_package("package").differences
    assert [one.source for one in found if one.kind == "log" and "as the erasure left it" in one.recomputed] == [
        kept.name
    ]
    kept.unlink()
    assert any(one.package == "no such file" for one in api.verify_package("package").differences)


def test_who_changes_the_record_of_the_erasure_too_is_found_by_the_decision_that_was_signed(folder: Path) -> None:
    id, _ = shown_fixture(folder)
    api.erase_texts(api.EraseOptions([folder], fixtures=[id]))
    kept, record = folder / "run.verdicts.jsonl", folder / "run.erased.jsonl"
    before = sha256_file(kept)
    text = kept.read_text(encoding="utf-8")
    swapped = (
        text.replace('"passed":true', '"passed":false') if '"passed":true' in text else text.replace("false", "true")
    )
    kept.write_text(swapped.replace('"outcome":"pass"', '"outcome":"fail"'), encoding="utf-8")
    record.write_text(record.read_text(encoding="utf-8").replace(before, sha256_file(kept)), encoding="utf-8")
    found = api.verify_package("package", held=api.HeldFiles(key="key.pub", policy="policy.yaml"))
    assert not [one for one in found.differences if "as the erasure left it" in one.recomputed]
    assert [one for one in found.differences if one.kind == "figure"]


def test_an_erased_log_can_be_decided_on_anew_with_the_same_figures(folder: Path) -> None:
    options = api.DecideOptions(("run.jsonl",), policy="policy.yaml")
    before = api.decide_logs(options, created_at=CREATED_AT)
    api.erase_texts(api.EraseOptions(["run.jsonl"], fixtures=[shown_fixture(folder)[0]]))
    assert api.decide_logs(options, created_at=CREATED_AT).figures == before.figures


SAMPLE = Path(__file__).parents[2] / "docs/sample/case_ops"


def _pieces(log: Path) -> set[str]:
    """Every longer piece of text of cases and answers in a run log."""

    def strings(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            for one in value.values() if isinstance(value, dict) else value:
                yield from strings(one)

    rows = [json.loads(line) for line in log.read_text().splitlines()]
    texts = [text for row in rows for name in ("input", "expect", "output") for text in strings(row.get(name))]
    return {piece.strip() for text in texts for piece in re.split(r"[\n.]", text) if len(piece.strip()) >= 30}


def test_no_text_is_left_in_a_package_with_cited_answers_and_every_figure_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(SAMPLE.parent / "answers.jsonl", "run.jsonl")
    pieces = _pieces(Path("run.jsonl"))
    options = api.DecideOptions(("run.jsonl",), policy=SAMPLE / "policy.yaml")
    decision = api.decide_logs(options, created_at=CREATED_AT)
    api.write_decision("decision.json", decision)
    api.report_decision("decision.json", "package")
    package = "\n".join(path.read_text() for path in Path("package").rglob("*") if path.is_file())
    assert decision.shown_answers and sum(piece in package for piece in pieces) > 100
    one = decision.shown_answers[0].key.partition("/")[0]
    api.erase_texts(api.EraseOptions(["run.jsonl", "decision.json", "package"], fixtures=[one]))
    found = api.verify_package("package")
    assert (found.differences, found.erased) == ((), (one,))
    api.erase_texts(api.EraseOptions(["run.jsonl", "decision.json", "package"], older_than_days=1))
    found = api.verify_package("package")
    assert (found.differences, found.exit_code) == ((), 0)
    for path in tmp_path.rglob("*"):
        text = path.read_text(errors="replace") if path.is_file() else ""
        assert not [piece for piece in pieces if piece in text], path


def test_of_an_erased_example_nothing_but_its_name_is_left() -> None:
    filled = msgspec.convert(
        {
            "id": "example-1", "candidate": {"workload": "w", "target": "t", "variant": "", "decoding": "free"},
            "check": "label", "category": "wrong", "key": "f1/t/0", "text": "full",
            **dict.fromkeys(("reason", "expected", "got", "input", "output"), "of Ms Rossi"),
            "spans": [{"where": "input", "start": 0, "end": 3, "label": "of Ms Rossi"}],
            "cited": [{"text": "of Ms Rossi", "spans": [], "sources": [], "uncited": True}],
            "pictures": [{"name": "a.png", "data": "b2YgTXMgUm9zc2k="}], "read_by": "of Ms Rossi",
        },
        Example,
    )  # fmt: skip
    assert all(getattr(filled, field.name) for field in msgspec.structs.fields(Example)), "a new field: fill it here"
    left = msgspec.json.encode(emptied(filled))
    assert b"Rossi" not in left and b"b2Yg" not in left
    assert msgspec.structs.replace(emptied(filled), text="full").key == filled.key


def test_a_dry_run_changes_nothing(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = api.erase_texts(api.EraseOptions([folder], fixtures=[shown_fixture(folder)[0]], dry_run=True))
    assert done.logs[0].lines == 2 and done.files
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_texts_that_are_kept_too_long_are_all_erased(folder: Path) -> None:
    fresh = api.erase_texts(api.EraseOptions(["run.jsonl"], older_than_days=30), now=datetime(2026, 1, 20, tzinfo=UTC))
    assert fresh.logs == []
    api.erase_texts(api.EraseOptions(["run.jsonl"], older_than_days=30), now=datetime(2026, 3, 1, tzinfo=UTC))
    log = read_run_log(folder / "run.jsonl")
    assert all(fixture.erased and not fixture.input for fixture in log.fixtures.values())
    assert all(attempt.erased and not attempt.output for attempt in log.attempts)


def test_a_second_erasure_adds_to_the_first(folder: Path) -> None:
    first, second, *_ = read_run_log(folder / "run.jsonl").fixtures
    for id in (first, second, second):
        api.erase_texts(api.EraseOptions(["run.jsonl"], fixtures=[id]))
    texts = read_erasures(folder / "run.jsonl")
    assert [one.fixtures for one in texts.erasures] == [(first,), (second,)]
    assert api.verify_decision("decision.json").erased == tuple(sorted((first, second)))


def test_a_log_that_is_being_written_is_left_alone(folder: Path) -> None:
    writer = RunLogWriter.add_to(folder / "run.jsonl", "test")
    before = (folder / "run.jsonl").read_bytes()
    try:
        with pytest.raises(DataError, match="A run is writing"):
            api.erase_texts(api.EraseOptions(["run.jsonl"], fixtures=[shown_fixture(folder)[0]]))
    finally:
        writer.close()
    assert (folder / "run.jsonl").read_bytes() == before


def test_what_would_erase_everything_by_mistake_is_refused(folder: Path) -> None:
    for options in (api.EraseOptions([folder]), api.EraseOptions([folder], texts=[" a"])):
        with pytest.raises(UsageError):
            api.erase_texts(options)


def test_a_breach_and_what_it_cost_outlive_the_texts_of_the_episode(tmp_path: Path) -> None:
    run = run_by(trust_the_first_output, ["skip_the_gate", "provider_503"])
    path = write_operator_log(run, tmp_path / "operator.jsonl")
    before = read_run_log(path)
    api.erase_texts(api.EraseOptions([path], fixtures=list(before.header.plan.fixtures)))
    after = read_run_log(path)
    assert after.seal == before.seal and all(episode.erased and not episode.log for episode in after.episodes)
    for one, other in zip(before.episodes, after.episodes, strict=True):
        assert (len(one.minefields), one.points, one.parts) == (len(other.minefields), other.points, other.parts)
        assert [turn.usage for turn in one.turns] == [turn.usage for turn in other.turns]
        assert not any(turn.output or turn.tool_calls for turn in other.turns)
    levels = [
        {kind.kind: kind.level for kind in permit.kinds}
        for permit in permits_of(
            [OperatorRun("r", after.header, tuple(after.episodes))],
            default_operator_policy(task_behaviours()),
            today=date(2026, 3, 5),
        )
    ]
    assert levels == [
        {kind.kind: kind.level for kind in permit.kinds}
        for permit in permits_of([run], default_operator_policy(task_behaviours()), today=date(2026, 3, 5))
    ]


def test_gate_still_pairs_with_a_baseline_that_texts_were_erased_from(folder: Path) -> None:
    shutil.copy("run.jsonl", "new.jsonl")
    api.erase_texts(api.EraseOptions(["run.jsonl"], fixtures=[shown_fixture(folder)[0]]))
    report = api.gate_logs([Path("new.jsonl")], Path("decision.json"))
    assert report.standing == "held"
    assert all("paired fixtures" in one.method for one in report.of("held") if one.kind == "difference")

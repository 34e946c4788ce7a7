"""What the pages show: the same as their twins, whatever the texts say, page by page."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import quote

import pytest

from milo_bench.board.views.attempt import _expected
from milo_bench.board.views.inputs import input_parts
from milo_bench.board.views.marks import answer_lines
from milo_bench.core.records import Span, Verdict
from tests.board.conftest import DATA, BoardClient, wait_until_read

SAMPLE = Path(__file__).parents[2] / "docs" / "sample" / "answers.jsonl"


def first_run(client: BoardClient) -> str:
    return str(client.data("/runs")["runs"][0]["id"])


def test_runs_are_listed_with_their_counts(client: BoardClient) -> None:
    (run,) = client.data("/runs")["runs"]
    assert run["name"] == "answers.jsonl"
    assert run["state"] == "ended"
    assert run["attempts"] == 22
    assert run["passed"] + run["failed"] + run["unjudged"] + run["no_answer"] == 22
    assert run["title"] in client.html("/runs")


def test_the_sentence_of_a_run_speaks_of_every_answer(client: BoardClient, folder: Path) -> None:
    shutil.copy(SAMPLE, folder / "sample.jsonl")
    client.board.catalog.look()
    wait_until_read(client.board)
    (run,) = [run for run in client.data("/runs")["runs"] if run["name"] == "sample.jsonl"]
    assert run["elsewhere"] > 0
    parts = ("passed", "failed", "unjudged", "no_answer", "elsewhere")
    assert sum(run[part] for part in parts) == run["attempts"]
    assert "routed elsewhere" in client.data(f"/runs/{run['id']}")["sentence"]


def test_a_log_of_load_shows_its_windows(client: BoardClient, folder: Path) -> None:
    shutil.copy(DATA / "load.jsonl", folder / "load.jsonl")
    client.board.catalog.look()
    wait_until_read(client.board)
    (run,) = [run for run in client.data("/runs")["runs"] if run["name"] == "load.jsonl"]
    (table,) = client.data(f"/runs/{run['id']}")["loads"]
    assert [level["text"] for level in table["levels"]] == ["1 stream", "2 streams"]
    page = client.html(f"/runs/{run['id']}")
    assert "First token p50" in page
    assert "Compare" not in page


def test_a_log_of_probes_is_never_live(client: BoardClient, folder: Path) -> None:
    shutil.copy(SAMPLE.parent / "claims" / "probes.jsonl", folder / "probes.jsonl")
    client.board.catalog.look()
    wait_until_read(client.board)
    assert {run["state"] for run in client.data("/runs")["runs"]} == {"ended"}


def test_compared_targets_are_named_with_links_to_what_only_one_passes(client: BoardClient, folder: Path) -> None:
    shutil.copy(SAMPLE, folder / "sample.jsonl")
    client.board.catalog.look()
    wait_until_read(client.board)
    (run,) = [run for run in client.data("/runs")["runs"] if run["name"] == "sample.jsonl"]
    shown = client.data(f"/compare?run={run['id']}")
    assert all(one["sentence"] for one in shown["comparisons"])
    (rate, *_) = [rate for rate in shown["comparisons"][0]["rates"] if rate["only_second"]]
    linked = f"/failures?run={run['id']}&fixture={rate['only_second'][0]}&outcome=all"
    assert linked.replace("&", "&amp;") in client.html(f"/compare?run={run['id']}")
    assert client.data(linked)["rows"]


def test_a_log_that_is_being_read_is_not_missing(client: BoardClient) -> None:
    run = first_run(client)
    log = client.board.catalog.find(run)
    assert log is not None
    address = client.data(f"/failures?run={run}")["rows"][0]["address"]
    with log.lock:  # nobody reads it now
        log.index = None
        answer = client.http.get(address)
        assert answer.status_code == 404
        assert "still reading answers.jsonl" in answer.text
        assert "still reading answers.jsonl" in client.html("/failures")


def test_a_log_that_comes_later_is_found(client: BoardClient, folder: Path) -> None:
    shutil.copy(DATA / "run-cut.jsonl", folder / "cut.jsonl")
    client.board.catalog.look()
    wait_until_read(client.board)
    found = {run["name"]: run["state"] for run in client.data("/runs")["runs"]}
    assert found["answers.jsonl"] == "ended"
    assert found["cut.jsonl"] in ("live", "interrupted")


def test_a_file_that_cannot_be_read_says_why_and_the_rest_works(client: BoardClient, folder: Path) -> None:
    (folder / "bad.jsonl").write_bytes(b'{"type":"run","run_id":"<script>x</script>"}\nnonsense\n')
    client.board.catalog.look()
    wait_until_read(client.board)
    runs = {run["name"]: run for run in client.data("/runs")["runs"]}
    assert runs["bad.jsonl"]["state"] == "unreadable"
    assert runs["bad.jsonl"]["problem"]
    assert runs["answers.jsonl"]["state"] == "ended"
    page = client.html(f"/runs/{runs['bad.jsonl']['id']}")
    assert "cannot be read" in page
    assert "<script>x" not in page


def test_failures_add_up_and_each_opens(client: BoardClient) -> None:
    run = first_run(client)
    shown = client.data(f"/failures?run={run}")
    assert shown["within"] == len(shown["rows"]) > 0
    assert sum(cause["n"] for cause in shown["causes"]) >= shown["within"]
    for row in shown["rows"]:
        attempt = client.data(row["address"])
        assert attempt["attempt"]["outcome"] in ("fail", "no_answer", "unjudged")
        assert attempt["reasons"] or attempt["attempt"]["failure"] or attempt["why_not"]
        assert row["fixture"] in client.html(row["address"])


@pytest.mark.parametrize("part", ["workload", "target", "check", "cause", "tag", "fixture"])
def test_each_filter_leaves_what_has_it(client: BoardClient, part: str) -> None:
    every = client.data("/failures?outcome=all")
    values = {
        "cause": [cause["value"] for cause in every["causes"]],
        "tag": [tag["value"] for tag in every["tags"]],
        "fixture": [every["rows"][0]["fixture"]],
    }.get(part) or [one["value"] for one in every["parts"][part]]
    for value in values:
        shown = client.data(f"/failures?outcome=all&{part}={value}")
        assert 0 < shown["within"] <= every["within"]
        assert shown["within"] == len(shown["rows"])


def test_a_search_finds_words_of_answers_and_of_inputs(client: BoardClient) -> None:
    row = client.data("/failures?outcome=all")["rows"][0]
    attempt = client.data(row["address"])
    answer = "".join(piece["text"] for piece in attempt["answer"])
    word = max(answer.split(), key=len).strip('",{}').upper()
    found = client.data(f"/failures?outcome=all&q={quote(word)}")
    assert row["n"] in [one["n"] for one in found["rows"]]
    assert client.data("/failures?outcome=all&q=zzz-nowhere-zzz")["within"] == 0


def test_pages_of_failures_meet_without_a_gap(client: BoardClient, monkeypatch: pytest.MonkeyPatch) -> None:
    import milo_bench.board.views.failures as view

    monkeypatch.setattr(view, "PAGE", 5)
    whole = [row["n"] for row in client.data("/failures?outcome=all")["rows"]]
    seen: list[int] = []
    address = "/failures?outcome=all"
    previous = ""
    while address:
        page = client.data(address)
        seen += [row["n"] for row in page["rows"]]
        previous, address = page["links"]["previous"], page["links"]["next"]
    assert len(seen) == 22
    assert seen == sorted(seen)
    assert whole == seen[:5]
    assert client.data(previous)["rows"][-1]["n"] == seen[19]


def test_a_filter_that_cannot_be_read_is_a_sentence(client: BoardClient) -> None:
    answer = client.http.get("/failures.json?words_from=many")
    assert answer.status_code == 400
    assert answer.json()["error"]["hint"] == "give a whole number."
    assert "There is no outcome" in client.http.get("/failures?outcome=fial").text


@pytest.mark.parametrize("path", ["/runs/none", "/runs/none/attempts/3", "/failures?run=none", "/runs/..%2f..%2fetc"])
def test_what_is_not_there_is_a_page_of_its_own(client: BoardClient, path: str) -> None:
    answer = client.http.get(path)
    assert answer.status_code == 404
    assert "<h1>" in answer.text


def test_an_index_that_is_there_is_used_and_one_of_another_log_is_not(client: BoardClient, folder: Path) -> None:
    from milo_bench.board.index.checks_version import judged_by
    from milo_bench.board.index.place import read_index

    log = folder / "answers.jsonl"
    assert read_index(log, judged_by()) is not None
    assert read_index(log, "other checks") is None
    shutil.copy(DATA / "run-cut.jsonl", log)
    assert read_index(log, judged_by()) is None


def test_erasing_removes_the_index_with_its_texts(client: BoardClient, folder: Path) -> None:
    from milo_bench.api.sealing.erasing import EraseOptions, erase_texts
    from milo_bench.store.board_index import FOLDER, index_stem

    (folder / "answers.jsonl").unlink()
    shutil.copy(SAMPLE, folder / "sealed.jsonl")
    client.board.catalog.look()
    wait_until_read(client.board)
    fixture = client.data("/failures?outcome=all")["rows"][0]["fixture"]
    for path in (folder / FOLDER).iterdir():
        if not path.name.startswith(index_stem(folder / "sealed.jsonl")):
            path.unlink()
    assert list((folder / FOLDER).glob("*.parquet"))
    erase_texts(EraseOptions(paths=[folder], fixtures=[fixture]))
    assert not list((folder / FOLDER).glob("*.parquet"))


def test_an_index_is_never_written_through_a_link(tmp_path: Path) -> None:
    from milo_bench.board.index.place import index_folder

    (tmp_path / "elsewhere").mkdir()
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / ".board").symlink_to(tmp_path / "elsewhere")
    assert index_folder(runs / "a.jsonl").resolve() not in (tmp_path / "elsewhere", runs / ".board")


def marked_attempt(client: BoardClient) -> str:
    """The address of an attempt whose answer has a mark."""
    for row in client.data("/failures?outcome=fail")["rows"]:
        if client.data(row["address"])["lines"]:
            return str(row["address"])
    raise AssertionError("no answer with a mark")


def test_a_marked_answer_has_its_reasons_beside_its_sentences(client: BoardClient) -> None:
    data = client.data(marked_attempt(client))
    noted = [number for line in data["lines"] for number in line["notes"]]
    assert noted == sorted(set(noted))
    assert set(noted) <= {one["number"] for one in data["reasons"]}
    whole = "".join(piece["text"] for piece in data["answer"])
    for line in data["lines"]:
        assert "".join(piece["text"] for piece in line["pieces"]) in whole


def test_a_bullet_belongs_to_the_sentence_behind_it() -> None:
    text = "Summary\n* The scene was a pool [L1]\n* The foot: right [L2]\n1. Ask for the sheet.\n## Next\nDone."
    told = [(1, Verdict("cited", "1", "fail", spans=(Span("output", text.index("The foot"), text.index("\n1.")),)))]
    lines = ["".join(piece["text"] for piece in line["pieces"]) for line in answer_lines(text, told)]
    assert lines == [
        "Summary", "* The scene was a pool [L1]", "* The foot: right [L2]", "1. Ask for the sheet.", "## Next", "Done.",
    ]  # fmt: skip
    assert [line["notes"] for line in answer_lines(text, told)] == [[], [], [1], [], [], []]


def test_code_and_diffs_keep_their_columns() -> None:
    data = {"change": "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b", "source": "def a():\n    return 1", "note": "a\nb"}
    tests = [{"name": "test_a", "source": "def test_a():\n    assert a() == 1"}]
    parts = {part["name"]: part for part in input_parts({**data, "tests": tests}, [], frozenset(), whole=True)}
    assert {name: parts[name]["is_code"] for name in data} == {"change": True, "source": True, "note": False}
    assert parts["tests"]["lines"][0]["is_code"] is True


def test_what_is_expected_is_read_without_brackets() -> None:
    sheet = {"name": "round sheet", "aliases": ["sheet", "rounds"], "lines": [171, 356], "is_late": True}
    (one, two, three) = _expected({"missing_documents": [sheet], "labels": ["a", "b"], "escalation": {"lines": [1, 2]}})
    assert one["text"] == "name: round sheet · aliases: sheet, rounds · lines: 171, 356 · is late: true"
    assert two["text"] == "a, b"
    assert three["fields"] == [{"name": "lines", "text": "1, 2"}]


def test_r_shows_the_answer_as_it_was_sent(client: BoardClient) -> None:
    address = marked_attempt(client)
    assert f'data-key="r" href="?{"&amp;" if "?" in address else ""}answer=sent"' in client.html(address)
    data = client.data(f"{address}?answer=sent")
    assert data["lines"] == []
    assert all(not piece["marks"] for piece in data["answer"])
    assert client.data(address)["answer"] != data["answer"]


def test_a_run_without_a_policy_shows_the_rest_and_says_so(client: BoardClient, folder: Path) -> None:
    log = folder / "answers.jsonl"
    text = log.read_text(encoding="utf-8")
    (folder / "own.jsonl").write_text(text.replace('"suite":{"name":"', '"suite":{"name":"own_', 1), encoding="utf-8")
    client.board.catalog.look()
    wait_until_read(client.board)
    run = next(run for run in client.data("/runs")["runs"] if run["name"] == "own.jsonl")
    assert "milo-bench policy new" in client.html(f"/runs/{run['id']}")


@pytest.mark.parametrize("digits", ["9" * 18, "9" * 19, "9" * 5_000])
def test_a_number_that_no_list_reaches_is_an_address_that_is_not_there(client: BoardClient, digits: str) -> None:
    run = client.data("/runs")["runs"][0]["id"]
    for address in (f"/runs/{run}/attempts/{digits}", f"/runs/{run}/attempts/0/pictures/{digits}",
                    f"/runs/{run}/episodes/{digits}", f"/review/batch/{digits}"):  # fmt: skip
        for at in (address, f"{address}.json"):
            assert client.http.get(at).status_code in (400, 404), at  # 400: there is no such batch

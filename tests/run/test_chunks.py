from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench import api
from milo_bench.core.errors import DataError, TargetError, UsageError
from milo_bench.core.records import Attempt, Fixture
from milo_bench.run.budget import Spending
from milo_bench.run.parts.chunks import split_text
from milo_bench.run.prepare import prepare
from milo_bench.store.log.reader import read_run_log
from milo_bench.suites.load import load_suite

_SUITE = """
name: minutes
version: "1"
fixtures: [cases.jsonl]
workloads:
  minutes:
    prompt: whole.jinja
    max_tokens: 50
    checks:
      - contains: {value: all parts}
    variants:
      chunked:
        chunks: {input: notes, max_words: 12, part: part.jinja, merge: merge.jinja, max_tokens: 20}
"""
_FILES = {
    "suite.yaml": _SUITE,
    "whole.jinja": "Whole: {{ input.notes }}",
    "part.jinja": "Part {{ prepared.part.number }} of {{ prepared.part.of }}: {{ input.notes }}",
    "merge.jinja": "Merge for {{ input.reader }}:\n{% for one in prepared.parts %}({{ one }})\n{% endfor %}",
}
_RULES = """
models: [m]
rules:
  - when: {contains: "Part 1 of"}
    reply: {text: "first heard"}
  - when: {contains: "Part 2 of"}
    PART_2
  - when: {contains: "(first heard)\\n(then seen)"}
    reply: {text: "all parts, for the chair"}
  - when: {contains: "Whole:"}
    reply: {text: "one piece"}
"""
_LONG = "one two three four five six seven\neight nine ten eleven twelve thirteen fourteen\nfifteen"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "minutes"
    folder.mkdir()
    for name, text in _FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    cases = [
        {"id": "long", "workload": "minutes", "input": {"notes": _LONG, "reader": "the chair"}},
        {"id": "short", "workload": "minutes", "input": {"notes": "one two", "reader": "the chair"}},
    ]
    lines = "".join(msgspec.json.encode(case).decode() + "\n" for case in cases)
    (folder / "cases.jsonl").write_text(lines, encoding="utf-8")
    serve(tmp_path)
    (tmp_path / "bench.yaml").write_text("targets:\n  a: {api: fake, model: m, script: script.yaml}\n")
    return tmp_path


def serve(folder: Path, second: str = 'reply: {text: "then seen"}') -> None:
    (folder / "script.yaml").write_text(_RULES.replace("PART_2", second), encoding="utf-8")


def run_chunked() -> dict[str, Attempt]:
    options = api.RunOptions("minutes", ["a"], out="run.jsonl", variants={"minutes": "chunked"}, retries=0)
    api.run_suite(options, {})
    return {row.key.fixture: row for row in read_run_log(Path("run.jsonl")).attempts}


@given(
    st.lists(st.lists(st.text(alphabet="ab", min_size=1), max_size=9).map(" ".join)).map("\n".join), st.integers(1, 9)
)
def test_parts_have_every_word_in_order_and_none_has_too_many(text: str, most: int) -> None:
    parts = split_text(text, most)
    assert " ".join(parts).split() == text.split()
    assert all(len(part.split()) <= most for part in parts)


def test_parts_are_even_and_end_where_lines_end() -> None:
    text = "\n".join(f"[L{number}] a line of six words" for number in range(1, 101))
    parts = split_text(text, 310)
    assert [part.count("\n") + 1 for part in parts] == [50, 50]
    assert "\n".join(parts) == text


def test_a_long_case_is_answered_in_parts_and_merged(here: Path) -> None:
    rows = run_chunked()
    assert rows["long"].output == "all parts, for the chair"
    assert rows["short"].output == "one piece"
    assert rows["long"].prepared["parts"] == [7, 8]
    assert "parts" not in rows["short"].prepared


def test_tokens_and_time_of_all_parts_count(here: Path) -> None:
    long = run_chunked()["long"]
    assert long.usage.completion_tokens == 2 + 2 + 5
    assert long.timings.first_content_s is not None
    assert long.timings.first_content_s - long.timings.started_s > 0
    assert long.server_timings == {}


def test_a_part_that_fails_is_named_and_nothing_is_merged(here: Path) -> None:
    serve(here, "fault: {kind: status, status: 500}")
    long = run_chunked()["long"]
    assert long.failure is not None
    assert long.failure.kind == "server_error"
    assert long.failure.message.startswith("part 2 of 2: ")
    assert long.output == ""


def test_an_answer_whose_part_was_cut_counts_as_cut(here: Path) -> None:
    serve(here, 'reply: {text: "then seen", finish_reason: length}')
    assert run_chunked()["long"].finish_reason == "length"


def test_a_log_of_parts_is_resumed_and_its_requests_recomputed(here: Path) -> None:
    first = run_chunked()["long"]
    suite = load_suite("minutes", variants={"minutes": "chunked"})
    again = prepare(suite.fixture("long"), suite.workloads["minutes"], seed=0)
    assert again.request_hash == first.request_hash
    options = api.RunOptions("minutes", ["a"], out="run.jsonl", variants={"minutes": "chunked"}, resume=True)
    assert api.run_suite(options, {}).end.complete


def test_a_budget_holds_every_part_and_the_merge() -> None:
    suite = load_suite("claims_v1", variants={"packet_summary": "chunked"})
    long = max(suite.fixtures, key=lambda one: len(str(one.input.get("packet", ""))))
    ready = prepare(long, suite.workloads["packet_summary"])
    assert ready.chunked is not None
    assert len(ready.requests) == len(ready.chunked.parts) + 1 >= 4
    assert Spending({}).most_usd("a", ready.requests) == 0.0
    assert ready.all_in_one is not None
    assert ready.all_in_one.max_tokens == sum(request.max_tokens for request in ready.requests)


def test_a_short_packet_is_sent_as_without_chunks() -> None:
    plain, parts = load_suite("claims_v1"), load_suite("claims_v1", variants={"packet_summary": "chunked"})
    short = min(
        (one for one in plain.fixtures if one.workload == "packet_summary"), key=lambda one: len(one.input["packet"])
    )
    assert prepare(short, plain.workloads["packet_summary"]) == prepare(short, parts.workloads["packet_summary"])


def test_infer_runs_the_same_parts(here: Path) -> None:
    target = api.load_settings(None, {}).target("a")
    text = msgspec.json.encode({"notes": _LONG, "reader": "the chair"}).decode()
    found = api.infer(text, template="whole", target=target, env={}, suite="minutes", variant="chunked")
    assert found.text == "all parts, for the chair"
    serve(here, "fault: {kind: status, status: 500}")
    with pytest.raises(TargetError, match="part 2 of 2"):
        api.infer(text, template="whole", target=target, env={}, suite="minutes", variant="chunked")


def test_a_case_without_the_text_to_split_is_named(here: Path) -> None:
    suite = load_suite("minutes", variants={"minutes": "chunked"})
    with pytest.raises(DataError, match=r"splits input\.notes"):
        prepare(Fixture("x", "minutes", {"reader": "me"}), suite.workloads["minutes"])


def test_load_and_fleets_refuse_parts(here: Path) -> None:
    with pytest.raises(UsageError, match="in parts"):
        api.run_suite(api.RunOptions("minutes", ["a"], variants={"minutes": "chunked"}, on="ray"), {})

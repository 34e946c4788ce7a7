"""Our log to another tool's form and back keeps answers, verdicts and order."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Failure,
    Plan,
    RunEnd,
    RunHeader,
    TargetRecord,
    Timings,
    ToolCall,
    Usage,
)
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import RunLogWriter

SUITE = """
name: mixed
version: "1"
fixtures: [fixtures.jsonl]
workloads:
  sort: {prompt: ask.jinja, checks: [answer_present, label]}
  call: {prompt: ask.jinja, checks: [tool_call]}
"""
FIXTURES = [
    {"id": "a/1", "workload": "sort", "input": {"text": "Grüße 送料"}, "expect": {"label": "x"}, "tags": ["long"]},
    {"id": "a_1", "workload": "sort", "input": {"text": "two"}, "expect": {"label": "y"}},
    {
        "id": "c-1",
        "workload": "call",
        "input": {"text": "three"},
        "expect": {"tool_calls": [{"name": "f", "arguments": {}}]},
    },
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with every kind of attempt: right, wrong, empty, failed, bypassed, with calls, repeats and reasoning."""
    suite = tmp_path / "suite"
    suite.mkdir()
    (suite / "suite.yaml").write_text(SUITE, encoding="utf-8")
    (suite / "ask.jinja").write_text("{{ input.text }}", encoding="utf-8")
    (suite / "fixtures.jsonl").write_text("".join(json.dumps(one) + "\n" for one in FIXTURES), encoding="utf-8")
    loaded = api.load_suite(str(suite))
    ids = tuple(fixture.id for fixture in loaded.fixtures)
    header = RunHeader(
        run_id="r",
        created_at="2026-01-02T03:04:05.000000+00:00",
        tool_version="1",
        suite=loaded.ref,
        workloads=tuple(loaded.workloads.values()),
        targets=(TargetRecord("big", "openai", "org/big"), TargetRecord("small", "ollama", "small:1b")),
        plan=Plan(ids, ("big", "small"), repeats=2),
        suite_folder=str(suite),
    )
    times = Timings(1.0, 1.0, 2.5)

    def attempt(fixture: str, target: str, repeat: int = 0, **more: object) -> Attempt:
        return Attempt(AttemptKey(fixture, target, repeat), "", times, **more)  # type: ignore[arg-type]

    rows = [
        attempt("a_1", "big", output="y", usage=Usage(10, 2, 4, 1), reasoning="because", finish_reason="stop"),
        attempt("a/1", "big", output="wrong \u202e text", finish_reason="length"),
        attempt("a/1", "small", output=""),
        attempt("a_1", "small", failure=Failure("first_token_timeout", "nothing: in 120 s")),
        attempt("c-1", "big", output="", tool_calls=(ToolCall("1", "f", '{"broken'),)),
        attempt("c-1", "small", output="", tool_calls=(ToolCall("1", "f", "{}"),)),
        attempt("a/1", "big", 1, output="x"),
        attempt("a_1", "big", 1, bypass="human_review: contradictory"),
    ]
    path = tmp_path / "run.jsonl"
    writer = RunLogWriter.create(path, header, loaded.fixtures)
    for row in rows:
        writer.append(row)
    writer.close(RunEnd(header.created_at, len(rows), 1, complete=False, reason="interrupted"))
    return path


def seen(path: Path, target: str, workload: str) -> list[tuple[object, ...]]:
    """What must survive of the attempts of one target and workload, in order, with our verdict on each."""
    found: list[tuple[object, ...]] = []
    for row in api.grade_logs([path]):
        one = row.attempt
        if one.key.target == target and row.fixture.workload == workload:
            kind = None if one.failure is None else one.failure.kind
            calls = [(call.name, call.arguments) for call in one.tool_calls]
            verdicts = [(verdict.check, verdict.outcome, verdict.category) for verdict in row.graded.verdicts]
            found.append((one.key, one.output, one.reasoning, calls, kind, one.bypass, verdicts, row.graded.passed))
    return found


Export = Callable[[Sequence[Path], Path | None], list[Path]]


@pytest.mark.parametrize(
    ("export", "form"), [(api.export_inspect, "inspect"), (api.export_every_eval, "every-eval-ever")]
)
@pytest.mark.parametrize("own", [True, False], ids=["own suite", "made suite"])
def test_a_round_trip_keeps_answers_verdicts_and_order(
    log: Path, tmp_path: Path, export: Export, form: str, own: bool
) -> None:
    files = export([log], tmp_path / "exported")
    back = tmp_path / "back.jsonl"
    suite = {"suite": str(tmp_path / "suite")} if own else {"new_suite": tmp_path / "made"}
    api.import_recorded(api.RecordedImport(files=files, out=back, format=form, **suite))  # type: ignore[arg-type]
    for target in ("big", "small"):
        for workload in ("sort", "call"):
            before, after = seen(log, target, workload), seen(back, target, workload)
            if own:
                assert after == before
            else:  # ids of a made suite are names of files too
                assert [one[1:6] for one in after] == [one[1:6] for one in before]
                assert [one[-1] for one in after] == [one[-1] for one in before]
    usage = next(one.usage for one in read_run_log(back).attempts if one.output == "y")
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, usage.reasoning_tokens)[:2] == (10, 2)


def test_an_aggregate_names_the_rate_its_interval_and_the_samples_by_digest(log: Path, tmp_path: Path) -> None:
    [samples, *_] = api.export_every_eval([log], tmp_path / "exported")
    aggregate = json.loads(Path(str(samples).replace("_samples.jsonl", ".json")).read_text(encoding="utf-8"))
    assert aggregate["schema_version"] == "0.3.0"
    assert aggregate["detailed_evaluation_results"]["total_rows"] == len(samples.read_bytes().splitlines())
    [result] = aggregate["evaluation_results"]
    assert 0 <= result["score_details"]["score"] <= 1
    assert all(isinstance(value, str) for value in json.loads(samples.read_text().splitlines()[0])["metadata"].values())


def test_exports_need_a_folder(log: Path) -> None:
    for export in (api.export_inspect, api.export_every_eval):
        with pytest.raises(Exception, match="needs a folder"):
            export([log], None)

"""Each format gives the answers, gold, failures, tokens and verdicts that its tool recorded, and what it leaves."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from milo_bench import api
from milo_bench.core.errors import DataError, MiloError
from milo_bench.core.records import Attempt
from milo_bench.recorded.answer import FORMATS, format_names
from milo_bench.store.log.reader import RunLog, read_run_log


def imported(tmp_path: Path, *files: Path, form: str, **wanted: Any) -> tuple[RunLog, api.RecordedReport]:
    out = tmp_path / "imported.jsonl"
    if "suite" not in wanted:
        wanted["new_suite"] = tmp_path / "suite"
    report = api.import_recorded(api.RecordedImport(files=list(files), out=out, format=form, **wanted))
    return read_run_log(out), report


def written(path: Path, data: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def lines(path: Path, rows: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def theirs(attempt: Attempt) -> dict[str, Any]:
    assert attempt.source is not None
    return attempt.source.verdicts


def passed(log: RunLog) -> list[bool | None]:
    return [row.graded.passed for row in api.grade_logs(log.path)]


# ---------------------------------------------------------------- Inspect


def inspect_sample(id_: int, answer: str, **more: Any) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": answer}],
    }
    sample = {
        "id": id_, "epoch": 1, "input": "Which?", "choices": ["red", "blue"], "target": "B",
        "messages": [{"role": "user", "content": f"Which? {id_}"}, message],
        "output": {
            "choices": [{"message": message, "stop_reason": "stop"}], "completion": answer, "time": 1.5,
            "usage": {"input_tokens": 10, "output_tokens": 4, "input_tokens_cache_read": 8},
        },
        "scores": {"choice": {"value": "C"}},
        "total_time": 2.0,
    }  # fmt: skip
    return {**sample, **more}


INSPECT = {
    "version": 2,
    "status": "success",
    "eval": {"task": "x/arc", "model": "org/m", "packages": {"inspect_ai": "0.3"}},
}


@pytest.mark.parametrize("packed", [True, False])
def test_inspect_logs_of_both_forms_are_read(tmp_path: Path, packed: bool) -> None:
    error = {"output": {}, "error": {"message": "Rate limit reached"}, "scores": {}}
    samples = [inspect_sample(1, "ANSWER: B"), inspect_sample(2, "ANSWER: A"), inspect_sample(3, "", **error)]
    if packed:
        path = tmp_path / "log.eval"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("header.json", json.dumps(INSPECT))
            for sample in samples:
                archive.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))
    else:
        path = written(tmp_path / "log.json", {**INSPECT, "samples": samples})
    log, _ = imported(tmp_path, path, form="inspect")
    first, _, third = list(log.attempts)
    assert passed(log) == [True, False, None]
    assert (first.reasoning, first.usage.cached_tokens, theirs(first)) == ("hm", 8, {"choice": "C"})
    assert first.source is not None and first.source.times_s == {"latency_s": 1.5, "total_s": 2.0}
    assert third.failure is not None and third.failure.kind == "rate_limited"
    assert [check.name for check in log.header.workloads[0].checks] == ["answer_present", "multiple_choice"]


def test_an_answer_out_of_a_cache_has_no_times(tmp_path: Path) -> None:
    sample = inspect_sample(1, "ANSWER: B", events=[{"event": "model", "cache": "read"}])
    log, _ = imported(tmp_path, written(tmp_path / "log.json", {**INSPECT, "samples": [sample]}), form="inspect")
    [attempt] = log.attempts
    assert attempt.source is not None
    assert (attempt.source.cached, attempt.source.times_s) == (True, {})


def test_epochs_are_repeats_and_agents_are_named_as_left_behind(tmp_path: Path) -> None:
    steps = [{"role": "user", "content": "Go"}, {"role": "assistant", "content": "x"}, {"role": "tool", "content": "y"}]
    agent = inspect_sample(2, "B", messages=[*steps, {"role": "assistant", "content": "B"}], sandbox=["docker"])
    samples = [inspect_sample(1, "B"), inspect_sample(1, "A", epoch=2), agent]
    log, report = imported(tmp_path, written(tmp_path / "l.json", {**INSPECT, "samples": samples}), form="inspect")
    assert log.header.plan.repeats == 2
    left = {problem.what for _, problem in report.left}
    assert {"the steps of an agent", "'sandbox' of a sample"} <= left


# ---------------------------------------------------------------- lm-eval, HELM


def test_lm_eval_takes_generated_answers_once_and_the_likeliest_choice(tmp_path: Path) -> None:
    folder, date = tmp_path / "org__m", "2026-01-21T03-44-18.45"
    generated = [
        {"doc_id": 0, "target": "4", "arguments": {"gen_args_0": {"arg_0": "2+2?", "arg_1": {}}},
         "resps": [["It is 4"]], "filter": name, "metrics": ["exact_match"], "exact_match": 1.0}
        for name in ("strict", "flexible")
    ]  # fmt: skip
    likely = {
        "doc_id": 0, "target": 1, "arguments": [["Q:", " red"], ["Q:", " blue"]],
        "resps": [[[-3.5, False]], [[-1.5, True]]], "filter": "none", "metrics": ["acc"], "acc": 1.0,
    }  # fmt: skip
    files = [
        lines(folder / f"samples_sums_{date}.jsonl", generated), lines(folder / f"samples_arc_{date}.jsonl", [likely])
    ]  # fmt: skip
    written(folder / f"results_{date}.json", {"model_name": "org/m-7b", "lm_eval_version": "0.4.9"})
    log, report = imported(tmp_path, *files, form="lm-eval")
    first, second = list(log.attempts)
    assert (first.output, second.output) == ("It is 4", "B")
    assert first.source is not None and first.source.version == "0.4.9"
    assert log.header.targets[0].model == "org/m-7b"
    assert passed(log)[1] is True
    assert "rows of a second filter" in {problem.what for _, problem in report.left}


def test_helm_gives_prompts_choices_and_its_own_verdicts(tmp_path: Path) -> None:
    folder = tmp_path / "mmlu:subject=x,model=m"
    references = [{"output": {"text": "a"}, "tags": []}, {"output": {"text": "b"}, "tags": ["correct"]}]
    state = {
        "instance": {"input": {"text": "Which?"}, "references": references, "split": "test", "id": "id1"},
        "train_trial_index": 0, "output_mapping": {"A": "a", "B": "b"},
        "request": {"model": "org/m", "prompt": "Which?\nA. a\nB. b\nAnswer:"},
        "result": {"success": True, "completions": [{"text": " B"}], "cached": True, "request_time": 0.003},
    }  # fmt: skip
    path = written(folder / "scenario_state.json", {"adapter_spec": {}, "request_states": [state]})
    stats = [{"name": {"name": "exact_match"}, "mean": 1.0}, {"name": {"name": "num_prompt_tokens"}, "mean": 7}]
    written(folder / "per_instance_stats.json", [{"instance_id": "id1", "train_trial_index": 0, "stats": stats}])
    log, _ = imported(tmp_path, path, form="helm")
    [attempt] = log.attempts
    assert passed(log) == [True]
    assert (theirs(attempt), attempt.usage.prompt_tokens) == ({"exact_match": 1.0}, 7)
    assert attempt.source is not None and attempt.source.cached and not attempt.source.times_s


# ---------------------------------------------------------------- promptfoo, Every Eval Ever


def test_promptfoo_keeps_its_verdicts_and_a_cached_answer_has_no_latency(tmp_path: Path) -> None:
    def result(provider: str, output: str, *, cached: bool, ms: int) -> dict[str, Any]:
        return {
            "provider": {"id": provider, "label": ""}, "prompt": {"raw": "Say hi to Ann", "label": "p"},
            "vars": {"who": "Ann"},
            "response": {"output": output, "cached": cached, "tokenUsage": {"prompt": 5, "completion": 2}},
            "latencyMs": ms, "success": True, "score": 1, "cost": 0.001,
            "testCase": {"assert": [{"type": "equals", "value": "Hi Ann"}, {"type": "llm-rubric", "value": "kind"}]},
        }  # fmt: skip

    rows = [result("openai:gpt", "Hi Ann", cached=True, ms=3), result("ollama:x", "Bye", cached=False, ms=900)]
    data = {"results": {"version": 3, "results": rows}, "metadata": {"promptfooVersion": "0.115"}}
    log, report = imported(tmp_path, written(tmp_path / "r.json", data), form="promptfoo")
    first, second = list(log.attempts)
    assert (first.key.target, second.key.target) == ("openai:gpt", "ollama:x")
    assert passed(log) == [True, False]
    assert first.source is not None and second.source is not None
    assert (first.source.cached, first.source.times_s, second.source.times_s) == (True, {}, {"latency_s": 0.9})
    assert (first.source.version, first.source.cost_usd, first.usage.prompt_tokens) == ("0.115", 0.001, None)
    assert "assertion 'llm-rubric'" in {problem.what for _, problem in report.left}


def test_every_eval_ever_records_are_read_with_the_tool_of_their_aggregate(tmp_path: Path) -> None:
    def record(sample: str, output: str, metric: str) -> dict[str, Any]:
        return {
            "schema_version": "0.3.0", "evaluation_id": "e/1", "model_id": "org/m", "evaluation_name": "b.sums",
            "evaluation_result_id": metric, "sample_id": sample, "interaction_type": "single_turn",
            "input": {"raw": f"2+{sample}?", "reference": ["4"]}, "output": {"raw": [output]}, "answer_attribution": [],
            "evaluation": {"score": 1.0, "is_correct": True}, "performance": {"latency_ms": 20},
            "token_usage": {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17},
        }  # fmt: skip

    rows = [record("2", "4", "accuracy"), record("2", "4", "f1"), record("9", "11", "accuracy")]
    path = lines(tmp_path / "d" / "abc_samples.jsonl", rows)
    written(tmp_path / "d" / "abc.json", {"evaluation_id": "e/1", "eval_library": {"name": "helm", "version": "0.5"}})
    log, report = imported(tmp_path, path, form="every-eval-ever")
    first, _ = list(log.attempts)
    assert first.source is not None and (first.source.tool, first.source.version) == ("helm", "0.5")
    assert (first.usage.completion_tokens, theirs(first)) == (5, {"score": 1.0, "is_correct": True})
    assert "a second metric of an answer" in {problem.what for _, problem in report.left}


# ---------------------------------------------------------------- APIs and gateways


def chat(text: str, model: str = "gpt-4o") -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    return {"model": model, "choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}


def test_a_batch_is_joined_by_custom_id_whatever_the_order_of_its_files(tmp_path: Path) -> None:
    asked = [
        {"custom_id": f"r{n}", "method": "POST", "url": "/v1/chat/completions",
         "body": {"model": "gpt-4o", "messages": [{"role": "system", "content": "Be brief"},
                                                  {"role": "user", "content": f"q{n}"}]}}
        for n in range(3)
    ]  # fmt: skip
    given = [
        {"custom_id": "r1", "response": {"status_code": 200, "body": chat("one")}, "error": None},
        {
            "custom_id": "r0",
            "response": {"status_code": 429, "body": {"error": {"message": "Rate limit"}}},
            "error": None,
        },
    ]
    out, into = lines(tmp_path / "out.jsonl", given), lines(tmp_path / "in.jsonl", asked)
    log, report = imported(tmp_path, out, into, form="openai-batch")
    first, second = list(log.attempts)
    assert (first.output, first.usage.cached_tokens, log.fixtures["r1"].input) == (
        "one", 4, {"system": "Be brief", "prompt": "q1"}
    )  # fmt: skip
    assert second.failure is not None and second.failure.kind == "rate_limited"
    assert "a request without a response" in {problem.what for _, problem in report.left}


LITELLM = {
    "id": "c1", "call_type": "acompletion", "model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}],
    "response": chat("Hello"), "startTime": 1700000000.0, "endTime": 1700000001.5, "completionStartTime": 1700000000.4,
    "response_cost": 0.002, "cache_hit": False, "status": "success",
}  # fmt: skip
PORTKEY = {
    "id": "c2", "ai_provider": "openai", "ai_model": "gpt-4o", "response_time": 1500, "response_status_code": 200,
    "request": {"body": {"messages": [{"role": "user", "content": "Hi"}]}}, "response": {"body": chat("Hello")},
    "cache_status": "HIT", "cost": 0.2,
}  # fmt: skip
LANGFUSE = {
    "id": "c3", "traceId": "t", "type": "GENERATION", "model": "gpt-4o", "input": [{"role": "user", "content": "Hi"}],
    "output": {"role": "assistant", "content": "Hello"}, "startTime": "2026-01-01T00:00:00Z",
    "endTime": "2026-01-01T00:00:01.500Z", "usageDetails": {"input": 9, "output": 2}, "level": "DEFAULT",
}  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "tool", "cached"),
    [(LITELLM, "litellm", False), (PORTKEY, "portkey", True), (LANGFUSE, "langfuse", False)],
)
def test_logs_of_gateways_give_the_request_its_answer_and_what_it_cost(
    tmp_path: Path, entry: dict[str, Any], tool: str, cached: bool
) -> None:
    log, _ = imported(
        tmp_path, lines(tmp_path / "log.jsonl", [entry, {"type": "SPAN", "name": "x"}]), form="openai-log"
    )
    [attempt] = log.attempts
    assert (attempt.output, attempt.key.target, attempt.usage.prompt_tokens) == ("Hello", "gpt-4o", 9)
    assert attempt.source is not None
    assert (attempt.source.tool, attempt.source.cached) == (tool, cached)
    assert attempt.source.times_s.get("latency_s") == (None if cached else pytest.approx(1.5))
    assert [fixture.input for fixture in log.fixtures.values()] == [{"prompt": "Hi"}]


def test_an_export_as_one_array_is_read_and_a_failed_request_is_a_failure(tmp_path: Path) -> None:
    failed = {**LITELLM, "response": None, "status": "failure", "error_str": "Request timed out"}
    log, _ = imported(tmp_path, written(tmp_path / "log.json", [LITELLM, failed]), form="openai-log")
    assert [None if a.failure is None else a.failure.kind for a in log.attempts] == [None, "total_timeout"]


def test_ollamas_responses_are_read_whole_and_in_chunks_with_its_own_times(tmp_path: Path) -> None:
    end = {"model": "qwen3", "done": True, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 3,
           "total_duration": 2_000_000_000, "eval_duration": 500_000_000}  # fmt: skip
    rows = [
        {"request": {"model": "qwen3", "messages": [{"role": "user", "content": "a"}]},
         "response": {**end, "message": {"role": "assistant", "content": "whole"}}},
        {"model": "qwen3", "prompt": "b"},
        {"model": "qwen3", "response": "in ", "done": False},
        {"model": "qwen3", "response": "parts", "done": False},
        {**end, "response": ""},
    ]  # fmt: skip
    log, _ = imported(tmp_path, lines(tmp_path / "log.jsonl", rows), form="ollama-log")
    first, second = list(log.attempts)
    assert (first.output, second.output) == ("whole", "in parts")
    assert (second.usage.completion_tokens, second.server_timings["total_duration_s"]) == (3, 2.0)
    assert second.source is not None and not second.source.times_s


def span(attributes: dict[str, Any], events: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    typed = [
        {"key": key, "value": {"stringValue" if isinstance(v, str) else "intValue": v}} for key, v in attributes.items()
    ]
    times = {"startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000001500000000"}
    return {"name": "chat", "attributes": typed, "events": events or [], **times, **more}


CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": "9"}
PARTS = [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
NEWEST = {"gen_ai.input.messages": json.dumps(PARTS), "gen_ai.output.messages": json.dumps(
    [{"role": "assistant", "parts": [{"type": "text", "content": "Hello"}], "finish_reason": "stop"}])}  # fmt: skip
INDEXED = {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Hi", "gen_ai.completion.0.content": "Hello"}
EVENTS = [
    {"name": "gen_ai.user.message", "attributes": [{"key": "content", "value": {"stringValue": "Hi"}}]},
    {"name": "gen_ai.choice", "attributes": [{"key": "message", "value": {"stringValue": '{"content": "Hello"}'}}]},
]


@pytest.mark.parametrize(
    "one",
    [span({**CALL, **NEWEST}), span({**CALL, **INDEXED}), span(CALL, EVENTS)],
    ids=["messages", "indexed", "events"],
)
def test_spans_of_every_version_of_the_conventions_give_the_call(tmp_path: Path, one: dict[str, Any]) -> None:
    other = span({"http.method": "GET"})
    data = {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "otel-x", "version": "1"}, "spans": [one, other]}]}]}
    log, report = imported(tmp_path, written(tmp_path / "spans.json", data), form="otel")
    [attempt] = log.attempts
    assert (attempt.output, attempt.key.target, attempt.usage.prompt_tokens) == ("Hello", "gpt-4o", 9)
    assert attempt.source is not None and attempt.source.times_s == {"latency_s": pytest.approx(1.5)}
    assert [fixture.input for fixture in log.fixtures.values()] == [{"prompt": "Hi"}]
    assert "a span that does not call a model" in {problem.what for _, problem in report.left}


def test_spans_of_the_console_exporter_stand_one_after_another(tmp_path: Path) -> None:
    flat = {"name": "chat", "attributes": {**CALL, **INDEXED}, "status": {"status_code": "OK"},
            "start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T00:00:02Z"}  # fmt: skip
    path = tmp_path / "spans.txt"
    path.write_text(json.dumps(flat, indent=4) + "\n" + json.dumps(flat, indent=4) + "\n", encoding="utf-8")
    log, _ = imported(tmp_path, path, form="otel")
    assert [attempt.key.repeat for attempt in log.attempts] == [0, 1]


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize("name", format_names())
@pytest.mark.parametrize("content", ["", "not a record of anything\n", "[1, 2]\n", '{"a": 1}\n', "\x00\x01\x02"])
def test_a_file_of_another_kind_gives_one_error_with_a_hint(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / "odd.txt"
    path.write_bytes(content.encode())
    with pytest.raises(MiloError) as caught:
        imported(tmp_path, path, form=name)
    assert caught.value.hint
    assert not (tmp_path / "imported.jsonl").exists()
    assert not (tmp_path / "suite").exists()


def test_every_format_says_what_its_files_are() -> None:
    assert all(form.says for _, form in FORMATS)


def test_a_damaged_archive_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    path.write_bytes(b"PK\x03\x04 nothing more")
    with pytest.raises(DataError, match="damaged archive"):
        imported(tmp_path, path, form="inspect")

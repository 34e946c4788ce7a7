"""Instance records of Every Eval Ever in, one answer for each output of a record out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from milo_bench.core.records import FailureKind
from milo_bench.recorded.answer import FORMATS, Account, GoldKind, ReadRequest, RecordedAnswer, RecordedFormat
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.json_records import json_objects
from milo_bench.recorded.messages import inputs_of
from milo_bench.recorded.values import (
    count,
    failure_kind,
    find,
    listed,
    mapping,
    number,
    plain_verdict,
    text_of,
    times,
    tool_calls_of,
    usage_of,
)

OURS: Final = "milo_bench"  # the key of metadata under which our own log keeps what the schema has no place for


def read_every_eval_ever(
    files: Sequence[RecordFile], request: ReadRequest, account: Account
) -> Iterator[RecordedAnswer]:
    """The answers of instance-level records (schema 0.2 and 0.3). Aggregates among the files name the tool."""
    tools: dict[str, tuple[str, str]] = {}
    samples: list[RecordFile] = []
    for file in files:
        if file.path.suffix == ".json":
            data = file.json()
            tools[text_of(find(data, "evaluation_id"))] = _tool(data)
        else:
            samples.append(file)
    for file in samples:
        beside = file.sibling(file.name.replace("_samples.jsonl", ".json"))
        if beside is not None:
            tools.setdefault(text_of(find(beside, "evaluation_id")), _tool(beside))
        seen: dict[tuple[str, str, str], str] = {}
        for place, data in json_objects(file, account):
            if "sample_id" not in data or "evaluation" not in data:
                hint = "give the _samples.jsonl file, with schema_version, sample_id and evaluation in each line."
                account.broke(file.where(place), "no instance record of Every Eval Ever", hint)
                continue
            key = (text_of(data.get("model_id")), text_of(data.get("sample_id")), _own(data).get("key", ""))
            metric = text_of(find(data, "evaluation_result_id", "evaluation_name"))
            if seen.setdefault(key, metric) != metric:
                account.leave("a second metric of an answer", file.where(place), "the answer is carried over once.")
                continue
            yield from _answers(data, place, file, tools, request, account)


def _tool(data: Any) -> tuple[str, str]:
    return text_of(find(data, "eval_library.name")), text_of(find(data, "eval_library.version"))


def _own(data: Mapping[str, Any]) -> dict[str, Any]:
    """What our own log kept, {} for any other record."""
    written = find(data, f"metadata.{OURS}")
    if not isinstance(written, str):
        return {}
    try:
        found = msgspec.json.decode(written)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _answers(
    data: Mapping[str, Any],
    place: int,
    file: RecordFile,
    tools: Mapping[str, tuple[str, str]],
    request: ReadRequest,
    account: Account,
) -> Iterator[RecordedAnswer]:
    own, where = _own(data), file.where(place)
    tool, version = tools.get(
        text_of(data.get("evaluation_id")), ("every_eval_ever", text_of(data.get("schema_version")))
    )
    said = text_of(data.get("error"))
    references = [text_of(one) for one in listed(find(data, "input.reference"))]
    choices = tuple(text_of(one) for one in listed(find(data, "input.choices")))
    gold: Any = own.get("expect") if "expect" in own else references or None
    kind: GoldKind = "expect" if "expect" in own else "choice" if choices else "" if len(references) < 2 else "text"
    if kind in ("", "choice") and isinstance(gold, list) and len(gold) == 1:
        gold = gold[0]
    failure: FailureKind | None = failure_kind(said) if said else None
    if own.get("failure"):
        failure = msgspec.convert(own["failure"], FailureKind)
    base = RecordedAnswer(
        file=file.number,
        line=place,
        target=request.target or text_of(own.get("target")) or text_of(data.get("model_id")),
        output="",
        tool=tool or "every_eval_ever",
        version=version,
        id=text_of(own.get("fixture")) or text_of(data.get("sample_id")),
        input=dict(own["input"]) if isinstance(own.get("input"), Mapping) else _inputs(data, account, where),
        workload=text_of(own.get("workload")) or text_of(data.get("evaluation_name")).rpartition(".")[2],
        decoding="constrained" if own.get("decoding") == "constrained" else "free",
        finish_reason=text_of(own.get("finish_reason")),
        usage=usage_of(data.get("token_usage")),
        failure=failure,
        failure_message=said,
        bypass=text_of(own.get("bypass")),
        gold=gold,
        gold_kind=kind,
        choices=choices,
        tags=tuple(text_of(tag) for tag in listed(own.get("tags"))),
        times_s=times(
            latency_s=_milliseconds(data, "performance.latency_ms"),
            ttft_s=_milliseconds(data, "performance.time_to_first_token_ms"),
        ),
        verdicts={
            name: plain_verdict(find(data, f"evaluation.{name}"))
            for name in ("score", "is_correct")
            if find(data, f"evaluation.{name}") is not None
        },
    )
    outputs = find(data, "output.raw")
    reasoning = listed(find(data, "output.reasoning_trace"))
    if isinstance(outputs, list) and outputs:
        first = count(own.get("repeat"))
        for repeat, output in enumerate(outputs):
            trace = text_of(reasoning[repeat]) if repeat < len(reasoning) else ""
            number_ = first if first is not None else repeat if len(outputs) > 1 else None
            own_calls = tool_calls_of(own.get("tool_calls"))
            yield msgspec.structs.replace(
                base, output=text_of(output), reasoning=trace, repeat=number_, tool_calls=own_calls
            )
        return
    messages = [one for one in listed(data.get("messages")) if isinstance(one, Mapping)]
    last = next((one for one in reversed(messages) if one.get("role") == "assistant"), None)
    if last is None and not said and not base.bypass:
        account.broke(where, "no output and no messages", "records of interaction_type single_turn need output.raw.")
        return
    if messages:
        account.leave("the turns of a conversation", where, "only its last answer is carried over.")
    calls = [{"id": one.get("id"), "name": one.get("name"), "arguments": one.get("arguments")}
             for one in map(mapping, listed((last or {}).get("tool_calls")))]  # fmt: skip
    yield msgspec.structs.replace(
        base,
        output=text_of((last or {}).get("content")),
        tool_calls=tool_calls_of(calls),
        repeat=count(own.get("repeat")),
    )


def _milliseconds(data: Mapping[str, Any], path: str) -> float | None:
    found = number(find(data, path))
    return None if found is None else found / 1e3


def _inputs(data: Mapping[str, Any], account: Account, where: str) -> dict[str, Any]:
    return inputs_of(text_of(find(data, "input.formatted", "input.raw")), account, where)


FORMATS.add(
    "every_eval_ever", RecordedFormat(read_every_eval_ever, "instance records of Every Eval Ever, _samples.jsonl")
)

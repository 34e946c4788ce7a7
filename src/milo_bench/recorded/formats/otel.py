"""OpenTelemetry spans with the GenAI conventions in; one answer for each call of a model out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from milo_bench.core.records import Usage
from milo_bench.recorded.answer import FORMATS, Account, ReadRequest, RecordedAnswer, RecordedFormat
from milo_bench.recorded.chat import ONE_CHOICE
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
    seconds_between,
    text_of,
    times,
    tool_calls_of,
)

_INDEXED = re.compile(r"gen_ai\.(prompt|completion)\.(\d+)\.(.+)")
_MESSAGE = frozenset({"role", "content", "parts", "tool_calls", "message"})
_CALLS = frozenset({"", "chat", "text_completion", "generate_content", "completion"})


def read_otel(files: Sequence[RecordFile], request: ReadRequest, account: Account) -> Iterator[RecordedAnswer]:
    """The calls of models among spans: OTLP JSON, or spans as the console exporter and collectors write them."""
    for file in files:
        place = 0
        for _, data in json_objects(file, account):
            for scope, span in _spans(data):
                place += 1
                if not isinstance(span, Mapping):
                    account.broke(f"{file.path} span {place}", "not a JSON object", "export the spans again.")
                    continue
                answer = _answer(span, scope, place, file, request, account)
                if answer is not None:
                    yield answer


def _spans(data: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """The scope and the span of each; a flat span is itself."""
    groups = data.get("resourceSpans") or data.get("resource_spans")
    if groups is None:
        yield mapping(find(data, "instrumentation_scope", "scope")), data
        return
    for group in listed(groups):
        for scoped in listed(find(group, "scopeSpans", "scope_spans")):
            for span in listed(find(scoped, "spans")):
                yield mapping(find(scoped, "scope")), span


def _attributes(written: Any) -> dict[str, Any]:
    """Attributes by name, whether they are an object or OTLP's list of keys and typed values."""
    if isinstance(written, Mapping):
        return dict(written)
    found = {}
    for one in written if isinstance(written, list) else []:
        if isinstance(one, Mapping) and "key" in one:
            found[str(one["key"])] = _value(one.get("value"))
    return found


def _value(written: Any) -> Any:
    if not isinstance(written, Mapping):
        return written
    for key, value in written.items():
        if key == "arrayValue":
            return [_value(one) for one in listed(mapping(value).get("values"))]
        if key == "kvlistValue":
            return _attributes(mapping(value).get("values"))
        return _whole(value) if key == "intValue" else value
    return None


def _whole(written: Any) -> Any:
    """OTLP writes whole numbers as text; anything else stays as it is."""
    found = number(written)
    return int(found) if found is not None and found == int(found) else written


def _answer(
    span: Mapping[str, Any],
    scope: Mapping[str, Any],
    place: int,
    file: RecordFile,
    request: ReadRequest,
    account: Account,
) -> RecordedAnswer | None:
    where, attributes = f"{file.path} span {place}", _attributes(span.get("attributes"))
    operation = text_of(attributes.get("gen_ai.operation.name"))
    model = text_of(attributes.get("gen_ai.response.model") or attributes.get("gen_ai.request.model"))
    if not model or operation not in _CALLS:
        account.leave(
            f"a span that does not call a model{f' ({operation})' if operation else ''}", where, "it is not needed."
        )
        return None
    events = [
        (text_of(one.get("name")), _attributes(one.get("attributes"))) for one in listed(span.get("events"))
        if isinstance(one, Mapping)
    ]  # fmt: skip
    asked, answered = _messages(attributes, events)
    status = text_of(find(span, "status.code", "status.status_code")).upper()
    failed = status in ("2", "ERROR", "STATUS_CODE_ERROR") or bool(attributes.get("error.type"))
    said = text_of(find(span, "status.message", "status.description")) or text_of(attributes.get("error.type"))
    if answered is None and not failed:
        account.leave("a call without its answer", where, "record message content in your instrumentation.")
        return None
    if isinstance(answered, list):
        if len(answered) > 1:
            account.leave(f"{len(answered) - 1} more choices of a call", where, ONE_CHOICE)
        answered = answered[0] if answered else None
        answered = {"content": answered} if isinstance(answered, str) else answered
    message = mapping(answered)
    content = find(message, "content", "parts", "text")
    calls = message.get("tool_calls") or _tool_parts(message.get("parts"))
    reasons = attributes.get("gen_ai.response.finish_reasons") or find(message, "finish_reason")
    start = find(span, "startTimeUnixNano", "start_time", "start_time_unix_nano")
    end = find(span, "endTimeUnixNano", "end_time", "end_time_unix_nano")
    return RecordedAnswer(
        file=file.number,
        line=place,
        target=request.target or model,
        output=_text(content),
        tool=text_of(scope.get("name")) or "opentelemetry",
        version=text_of(scope.get("version")),
        id=text_of(find(attributes, "milo.fixture", "case.id", "test.case.name")),
        input=inputs_of(asked, account, where, system=_decoded(attributes.get("gen_ai.system_instructions"))),
        tool_calls=tool_calls_of(calls),
        finish_reason=text_of(reasons[0] if isinstance(reasons, list) and reasons else reasons),
        usage=Usage(
            prompt_tokens=count(find(attributes, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")),
            completion_tokens=count(find(attributes, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")),
            cached_tokens=count(find(attributes, "gen_ai.usage.cache_read.input_tokens")),
        ),
        failure=failure_kind(said) if failed else None,
        failure_message=said if failed else "",
        times_s=times(
            latency_s=seconds_between(start, end),
            ttft_s=number(attributes.get("gen_ai.server.time_to_first_token")),
        ),
    )


def _messages(attributes: Mapping[str, Any], events: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[Any, Any]:
    """What was asked and the message that answered, from wherever this version of the conventions puts them."""
    asked = _decoded(find(attributes, "gen_ai.input.messages", "gen_ai.prompt", "input.value"))
    answered = _answered(find(attributes, "gen_ai.output.messages", "gen_ai.completion", "output.value"))
    indexed: dict[str, dict[int, dict[str, Any]]] = {"prompt": {}, "completion": {}}
    for key, value in attributes.items():
        if found := _INDEXED.fullmatch(key):
            indexed[found[1]].setdefault(int(found[2]), {})[found[3]] = value
    if asked is None and indexed["prompt"]:
        asked = [indexed["prompt"][place] for place in sorted(indexed["prompt"])]
    if answered is None and indexed["completion"]:
        answered = [indexed["completion"][place] for place in sorted(indexed["completion"])]
    spoken: list[Mapping[str, Any]] = []
    for name, body in events:
        if name == "gen_ai.choice":
            answered = answered or _decoded(body.get("message")) or body
        elif name.startswith("gen_ai.") and name.endswith(".message"):
            spoken.append({"role": name.split(".")[1], "content": _decoded(body.get("content"))})
        elif name in ("gen_ai.content.prompt", "gen_ai.client.inference.operation.details"):
            asked = asked or _decoded(find(body, "gen_ai.prompt", "gen_ai.input.messages"))
            answered = answered or _answered(find(body, "gen_ai.output.messages"))
        elif name == "gen_ai.content.completion":
            answered = answered or _answered(body.get("gen_ai.completion"))
    if asked is None and spoken:
        asked = spoken
    return asked, {"content": answered} if isinstance(answered, str) else answered


def _answered(value: Any) -> Any:
    """The messages of an answer; one that is itself JSON, as a model was asked for it, stays the text that it is."""
    found = _decoded(value)
    if isinstance(found, Mapping) and isinstance(found.get("choices"), list):
        return [mapping(one).get("message") or one for one in found["choices"]]
    of = found if isinstance(found, list) else [found]
    if found is not value and not (of and all(isinstance(one, Mapping) and _MESSAGE & set(one) for one in of)):
        return value
    return found


def _decoded(value: Any) -> Any:
    """JSON in a text, as these conventions write messages; any other text as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return value
    return value


def _text(content: Any) -> str:
    """The text of a message; its parts are ``{type: text, content}`` in these conventions."""
    if not isinstance(content, list):
        return text_of(content)
    parts = [one for one in content if isinstance(one, Mapping)]
    return "\n".join(text_of(find(one, "content", "text")) for one in parts if one.get("type", "text") == "text")


def _tool_parts(parts: Any) -> list[Any]:
    return (
        [one for one in parts if isinstance(one, Mapping) and one.get("type") == "tool_call"]
        if isinstance(parts, list)
        else []
    )


FORMATS.add("otel", RecordedFormat(read_otel, "OpenTelemetry spans with GenAI attributes, JSON"))

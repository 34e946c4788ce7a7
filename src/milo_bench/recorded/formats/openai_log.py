"""Request logs of gateways (LiteLLM, Portkey, Langfuse and alike) in; one answer for each logged request out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from milo_bench.recorded.answer import FORMATS, Account, ReadRequest, RecordedAnswer, RecordedFormat
from milo_bench.recorded.chat import ONE_CHOICE, answer_of, further_choices, inputs_of_request
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.json_records import json_objects
from milo_bench.recorded.values import (
    count,
    failure_kind,
    find,
    listed,
    number,
    plain_verdict,
    seconds_between,
    text_of,
    times,
    usage_of,
)

_CALLS = ("acompletion", "completion", "chat", "GENERATION", "generation", "responses", "aresponses", "text_completion")


def read_openai_log(files: Sequence[RecordFile], request: ReadRequest, account: Account) -> Iterator[RecordedAnswer]:
    """The requests of a gateway's log. What is no request of a model (embeddings, traces) is counted and left out."""
    for file in files:
        for place, data in json_objects(file, account):
            answer = _answer(data, place, file, request, account)
            if answer is not None:
                yield answer


def _answer(
    data: Mapping[str, Any], place: int, file: RecordFile, request: ReadRequest, account: Account
) -> RecordedAnswer | None:
    where = file.where(place)
    kind = text_of(find(data, "call_type", "type"))
    if kind and kind not in _CALLS and kind.casefold() in (
        "embedding", "aembedding", "span", "event", "trace", "image_generation", "moderation", "rerank", "score",
    ):  # fmt: skip
        account.leave(f"a record of type '{kind}'", where, "only requests of a model are carried over.")
        return None
    asked = find(data, "request.body", "request", "requestBody", "request_body", "body")
    body = find(data, "response.body", "response", "responseBody", "response_body", "output", "completion")
    sent = asked if isinstance(asked, Mapping) else data
    said = answer_of(_decoded(body)) if body is not None else answer_of(data)
    if more := further_choices(_decoded(body) if body is not None else data):
        account.leave(f"{more} more choices of a request", where, ONE_CHOICE)
    error = text_of(
        find(data, "error_str", "error_information.error_message", "error.message", "exception", "statusMessage")
    )
    failed = _is_failed(data, error, said.error)
    error = error or said.error
    if not failed and not said.found:
        account.leave("a record without an answer", where, "streamed answers are often not logged. Log them whole.")
        return None
    cached = find(data, "cache_hit", "cacheStatus", "cache_status", "cached", "metadata.cache_hit")
    usage = said.usage
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        usage = usage_of(_first(data, ("usageDetails", "usage_details", "usage"), data))
    id_ = text_of(
        find(data, "metadata.case_id", "metadata.fixture", "metadata.id", "request.metadata.case_id", "custom_id")
    )
    return RecordedAnswer(
        file=file.number,
        line=place,
        target=request.target or text_of(find(data, "model", "ai_model", "request.body.model", "request.model"))
        or said.model or text_of(find(sent, "model")) or "model",
        output=said.text,
        tool=_tool(data),
        id=id_,
        input=inputs_of_request(_decoded_request(sent), account, where),
        reasoning=said.reasoning,
        tool_calls=said.tool_calls,
        finish_reason=said.finish_reason,
        usage=usage,
        failure=failure_kind(error) if failed else None,
        failure_message=error if failed else "",
        gold=find(data, "metadata.expected", "metadata.gold", "expected_output", "expectedOutput"),
        cached=text_of(cached).casefold() in ("true", "hit", "1", "semantic hit", "simple hit"),
        times_s=_times(data),
        verdicts={text_of(find(one, "name")): plain_verdict(find(one, "value", "stringValue"))
                  for one in listed(data.get("scores")) if isinstance(one, Mapping) and one.get("name")}
        if isinstance(data.get("scores"), list) else {},
        cost_usd=number(find(data, "response_cost", "calculatedTotalCost", "totalCost", "costDetails.total", "cost")),
    )  # fmt: skip


def _first(data: Mapping[str, Any], keys: Sequence[str], otherwise: Any) -> Any:
    return next((data[key] for key in keys if isinstance(data.get(key), Mapping) and data[key]), otherwise)


def _decoded(body: Any) -> Any:
    """A body that is JSON in a text is read; any other text is the answer itself."""
    if isinstance(body, str) and body.lstrip()[:1] in ("{", "["):
        try:
            read = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return body
        looks_like_a_body = isinstance(read, Mapping) and {"choices", "content", "message", "output", "role"} & set(
            read
        )
        return read if looks_like_a_body else body
    return body


def _decoded_request(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    messages = sent.get("messages") if "messages" in sent else sent.get("input")
    decoded = _decoded(messages) if isinstance(messages, str) else messages
    if isinstance(decoded, Mapping) and "messages" in decoded:
        return decoded
    return sent if messages is None else {**sent, "messages": decoded}


def _is_failed(data: Mapping[str, Any], error: str, said: str) -> bool:
    status = text_of(find(data, "status", "level")).casefold()
    code = count(find(data, "response_status", "response_status_code", "status_code", "statusCode", "response.status"))
    if status in ("success", "ok", "default"):
        return False
    return bool(said) or status in ("failure", "failed", "error") or (code is not None and code >= 400)


def _tool(data: Mapping[str, Any]) -> str:
    if "call_type" in data or "litellm_call_id" in data or "response_cost" in data:
        return "litellm"
    if "portkey_trace_id" in data or "ai_org" in data or "ai_provider" in data or "cacheStatus" in data:
        return "portkey"
    if "traceId" in data or "trace_id" in data or "usageDetails" in data:
        return "langfuse"
    return "openai-log"


def _times(data: Mapping[str, Any]) -> dict[str, float]:
    start = find(data, "startTime", "start_time", "created_at")
    end = find(data, "endTime", "end_time")
    first = find(data, "completionStartTime", "completion_start_time", "time_to_first_token")
    latency = seconds_between(start, end)
    if latency is None:
        milliseconds = number(find(data, "response_time", "latency_ms", "duration_ms"))
        latency = milliseconds / 1e3 if milliseconds is not None else number(find(data, "latency", "response_time_s"))
    ttft = seconds_between(start, first) if not isinstance(first, int | float) else number(first)
    return times(latency_s=latency, ttft_s=ttft if ttft is not None and (latency is None or ttft <= latency) else None)


FORMATS.add("openai_log", RecordedFormat(read_openai_log, "request logs of LiteLLM, Portkey, Langfuse and alike"))

"""Responses of Ollama's API as they were logged, whole or in chunks, in; one answer for each request out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from milo_bench.core.records import Usage
from milo_bench.recorded.answer import FORMATS, Account, ReadRequest, RecordedAnswer, RecordedFormat
from milo_bench.recorded.chat import inputs_of_request
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.json_records import json_objects
from milo_bench.recorded.values import count, failure_kind, find, listed, mapping, number, text_of, times, tool_calls_of

_NANOSECONDS = 1e9
_TIMES = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")


def read_ollama_log(files: Sequence[RecordFile], request: ReadRequest, account: Account) -> Iterator[RecordedAnswer]:
    """Each request with its response: ``{request, response}`` objects, or a request object before its chunks."""
    for file in files:
        asked: Mapping[str, Any] = {}
        chunks: list[Mapping[str, Any]] = []
        began = 0
        for place, data in json_objects(file, account):
            inner = mapping(data.get("response"))
            if inner and isinstance(data.get("request"), Mapping):
                yield _answer(mapping(data["request"]), [inner], place, data, file, request, account)
                continue
            if isinstance(data.get("request"), Mapping) and "done" not in data:
                named: dict[str, Any] = {key: data[key] for key in ("id", "case_id") if key in data}
                asked = {**mapping(data["request"]), **named}
                continue
            if ("messages" in data or "prompt" in data) and "done" not in data:
                asked = data
                continue
            if "done" not in data and "error" not in data:
                account.broke(file.where(place), "no response of Ollama (no 'done')", "log the bodies of /api/chat.")
                continue
            began = began or place
            chunks.append(data)
            if data.get("done") or "error" in data:
                whole = dict(asked)
                whole.update({key: data[key] for key in ("prompt", "messages") if key in data})
                yield _answer(whole, chunks, began, data, file, request, account)
                asked, chunks, began = {}, [], 0
        if chunks:
            account.leave("a stream without its end", file.where(began), "the log may have been cut.")


def _answer(
    asked: Mapping[str, Any],
    chunks: Sequence[Mapping[str, Any]],
    place: int,
    entry: Mapping[str, Any],
    file: RecordFile,
    request: ReadRequest,
    account: Account,
) -> RecordedAnswer:
    last, where = chunks[-1], file.where(place)
    texts = [text_of(find(one, "message.content", "response")) for one in chunks]
    thoughts = [text_of(find(one, "message.thinking", "thinking")) for one in chunks]
    calls = [call for one in chunks for call in listed(find(one, "message.tool_calls"))]
    said = text_of(last.get("error"))
    seconds = {name: number(last.get(name)) for name in _TIMES}
    server = {f"{name}_s": value / _NANOSECONDS for name, value in seconds.items() if value is not None}
    measured = number(find(entry, "duration_s", "latency_s", "elapsed_s"))
    return RecordedAnswer(
        file=file.number,
        line=place,
        target=request.target or text_of(find(last, "model") or asked.get("model")) or "model",
        output="".join(texts),
        tool="ollama",
        version=text_of(entry.get("version")),
        id=text_of(find(asked, "id", "case_id") or find(entry, "id", "case_id")),
        input=inputs_of_request(asked, account, where) if asked else {},
        reasoning="".join(thoughts),
        tool_calls=tool_calls_of(calls),
        finish_reason=text_of(last.get("done_reason")),
        # Ollama leaves the count of a prompt out where all of it was in its cache.
        usage=Usage(
            prompt_tokens=count(last.get("prompt_eval_count")), completion_tokens=count(last.get("eval_count"))
        ),
        failure=failure_kind(said) if said else None,
        failure_message=said,
        times_s=times(latency_s=measured),
        server_timings=server,
    )


FORMATS.add("ollama_log", RecordedFormat(read_ollama_log, "logged requests and responses of Ollama"))

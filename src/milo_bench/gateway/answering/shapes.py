"""Answers that no model's bytes are: queued, refused, edited, and whole answers as streams; in OpenAI's shapes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from milo_bench.core.chat import Exchange
from milo_bench.core.records import Timings
from milo_bench.gateway.judging import read_choice
from milo_bench.gateway.request import Door
from milo_bench.gateway.wire.replies import DONE, event
from milo_bench.store.state.queue import QueuedWork

_NO_TIMES: Final = Timings(0.0, 0.0, 0.0)


def wants_usage(fields: Mapping[str, Any]) -> bool:
    """Whether the client of a stream asks what it used."""
    return bool((fields.get("stream_options") or {}).get("include_usage"))


def queued_document(door: Door, work: QueuedWork, *, model: str, place: int, why: str) -> dict[str, Any]:
    """What a client gets for work that a person answers: no content, a refusal that says so, and where to look."""
    id = work.id
    said = f"A person answers this. It is number {place} in the queue. Fetch it with GET /v1/milo/queue/{id}."
    milo = {
        "status": "queued", "id": id, "place": place, "queue": work.queue, "why": why, "fetch": f"/v1/milo/queue/{id}"
    }  # fmt: skip
    return unanswered_document(door, id=id, model=model, said=said, milo=milo, at_s=work.created_at)


def unanswered_document(
    door: Door, *, id: str, model: str, said: str, milo: Mapping[str, Any], at_s: float | None = None
) -> dict[str, Any]:
    """A completion without content, created at ``at_s``, now unless given."""
    if door == "completions":
        choice: dict[str, Any] = {"index": 0, "text": "", "finish_reason": "content_filter", "logprobs": None}
    else:
        message = {"role": "assistant", "content": None, "refusal": said}
        choice = {"index": 0, "message": message, "finish_reason": "content_filter", "logprobs": None}
    return _document(door, id, model, choice, milo, at_s)


def answered_document(
    door: Door, *, id: str, model: str, text: str, milo: Mapping[str, Any], at_s: float
) -> dict[str, Any]:
    """A person's answer as a completion; ``at_s`` is when its request came into the queue."""
    if door == "completions":
        choice: dict[str, Any] = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
    else:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return _document(door, id, model, choice, milo, at_s)


def _document(
    door: Door, id: str, model: str, choice: dict[str, Any], milo: Mapping[str, Any], at_s: float | None
) -> dict[str, Any]:
    kind = "text_completion" if door == "completions" else "chat.completion"
    document = {
        "id": id, "object": kind, "created": int(time.time() if at_s is None else at_s), "model": model,
        "choices": [choice], "usage": None, "milo": dict(milo),
    }  # fmt: skip
    return as_response(document, {"model": model}, id=id) if door == "responses" else document


def as_response(document: Mapping[str, Any], asked: Mapping[str, Any], *, id: str) -> dict[str, Any]:
    """A chat completion as the answer to a request of the Responses API; of several choices its first."""
    from milo_bench.targets.responses.translating import read_usage
    from milo_bench.targets.responses.writing import response_document

    choice = read_choice("chat", document["choices"][0])
    usage, created = document.get("usage"), document.get("created")
    said = Exchange(_NO_TIMES) if choice is None else Exchange(
        _NO_TIMES, text=choice.text, reasoning=choice.reasoning, tool_calls=choice.calls,
        finish_reason=choice.finish_reason, usage=read_usage(usage if isinstance(usage, Mapping) else {}),
    )  # fmt: skip
    created_s = created if isinstance(created, int) else int(time.time())
    refusal = choice.refusal if choice is not None else ""
    found = response_document(said, asked, ident=id, created_s=created_s, refusal=refusal)
    return {**found, "milo": document["milo"]} if "milo" in document else found


def as_stream(door: Door, document: Mapping[str, Any], *, with_usage: bool) -> Iterator[bytes]:
    """A whole completion or response as the events that a streaming client reads, its end included."""
    if door == "responses":
        from milo_bench.targets.responses.writing import response_events

        yield from response_events(document)
        return
    kind = "text_completion" if door == "completions" else "chat.completion.chunk"
    base = {name: document[name] for name in ("id", "created", "model", "system_fingerprint") if name in document}
    base["object"] = kind
    for choice in document.get("choices", ()):
        index = choice.get("index", 0)
        if door == "completions":
            yield event(base | {"choices": [{"index": index, "text": choice.get("text", ""), "finish_reason": None}]})
            last: dict[str, Any] = {"index": index, "text": "", "finish_reason": choice.get("finish_reason") or "stop"}
        else:
            delta = _delta(choice.get("message") or {})
            yield event(base | {"choices": [{"index": index, "delta": delta, "finish_reason": None}]})
            last = {"index": index, "delta": {}, "finish_reason": choice.get("finish_reason") or "stop"}
        milo = {"milo": document["milo"]} if "milo" in document else {}
        yield event(base | {"choices": [last]} | milo)
    if with_usage and document.get("usage"):
        yield event(base | {"choices": [], "usage": document["usage"]})
    yield DONE


def _delta(message: Mapping[str, Any]) -> dict[str, Any]:
    delta = {name: value for name, value in message.items() if value is not None and name != "tool_calls"}
    calls = message.get("tool_calls")
    if calls:
        delta["tool_calls"] = [{"index": place, **call} for place, call in enumerate(calls)]
    return delta

"""A chosen answer and fault in, timed writes and socket actions out; no network, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, TypeAlias

from milo_bench.targets.fake.dialects import Dialect
from milo_bench.targets.fake.reply import Asked, ScriptedAnswer
from milo_bench.targets.fake.script import ScriptFault, ScriptReply

After: TypeAlias = Literal["", "keep", "close", "reset", "hang", "die"]

_REASONS: Mapping[int, str] = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
# Between the two halves of a split character: long enough that loopback delivers two segments.
_SPLIT_GAP_S = 0.003


@dataclass(frozen=True)
class WireStep:
    """Write ``data`` ``at_s`` seconds after the request was read, then do ``after`` to the connection."""

    at_s: float
    data: bytes
    after: After = ""
    content: bool = False


def http_reply(status: int, content_type: str, body: bytes, *, headers: Mapping[str, str] = {}) -> bytes:
    """A whole HTTP/1.1 response with a length."""
    lines = [
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Scripted')}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _stream_head(content_type: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nCache-Control: no-cache\r\n"
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()


def _chunk(frame: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(frame), frame) if frame else b""


_BODY_END = b"0\r\n\r\n"


def steps_for(
    dialect: Dialect, asked: Asked, reply: ScriptReply, answer: ScriptedAnswer, fault: ScriptFault | None
) -> tuple[WireStep, ...]:
    """All writes of one answer in order of time; the last one says what becomes of the connection."""
    kind = fault.kind if fault else None
    if fault is not None and kind in ("status", "wrong_content_type"):
        return (_instead(dialect, reply, fault),)
    if kind == "reset_before_headers":
        return (WireStep(0.0, b"", "reset"),)
    if kind == "hang_before_headers":
        return (WireStep(0.0, b"", "hang"),)
    if not asked.stream and kind in (None, "empty_answer", "silent_truncation", "ignore_response_format"):
        at_s = _content_at(reply, max(0, len(_groups(reply, answer)) - 1)) + reply.end_s
        body = dialect.whole(asked, answer, (reply.first_token_s, at_s - reply.first_token_s), reply.last_chunk)
        return (WireStep(at_s, http_reply(200, "application/json", body), "keep"),)
    head = _stream_head(dialect.content_type) + (_chunk(dialect.role(asked)) if reply.role_chunk else b"")
    if kind == "reset_after_headers":
        return (WireStep(0.0, head, "reset"),)
    if kind == "hang_before_first_token":
        return (WireStep(0.0, head, "hang"),)
    steps = [WireStep(0.0, head), *_keep_alives(dialect, reply), *_body(dialect, asked, reply, answer, fault)]
    # Stable: at one time, writes stay in the order in which they were made.
    steps.sort(key=lambda step: step.at_s)
    if fault is not None and kind == "slow_drip":
        return tuple(_drip(steps, fault))
    return tuple(_split(steps)) if reply.split_bytes else tuple(steps)


def _instead(dialect: Dialect, reply: ScriptReply, fault: ScriptFault) -> WireStep:
    if fault.kind == "wrong_content_type":
        page = b"<!doctype html><title>Gateway</title><p>Please log in."
        return WireStep(reply.first_token_s, http_reply(200, "text/html; charset=utf-8", page), "keep")
    headers = {} if fault.retry_after_s is None else {"Retry-After": f"{fault.retry_after_s:g}"}
    kinds = {401: "authentication_error", 404: "model_not_found", 429: "rate_limit_exceeded"}
    body = dialect.error(fault.status, kinds.get(fault.status, "server_error"), fault.message)
    return WireStep(reply.first_token_s, http_reply(fault.status, "application/json", body, headers=headers), "keep")


def _content_at(reply: ScriptReply, index: int) -> float:
    given = reply.gaps_s[:index]
    return reply.first_token_s + sum(given) + (index - len(given)) * reply.gap_s


def _groups(reply: ScriptReply, answer: ScriptedAnswer) -> list[tuple[str, str]]:
    """Content chunks as (kind, text), ``tokens_per_chunk`` tokens each; reasoning and text never mix."""
    groups = []
    for kind, tokens in (("reasoning", answer.reasoning), ("text", answer.text)):
        for start in range(0, len(tokens), reply.tokens_per_chunk):
            groups.append((kind, "".join(tokens[start : start + reply.tokens_per_chunk])))
    return groups


def _content_frames(dialect: Dialect, asked: Asked, reply: ScriptReply, answer: ScriptedAnswer) -> list[bytes]:
    frames = [
        dialect.content(asked, reasoning=text) if kind == "reasoning" else dialect.content(asked, text=text)
        for kind, text in _groups(reply, answer)
    ]
    for index, call in enumerate(answer.tool_calls):
        frames += dialect.tool_call(asked, index, call)
    return frames


def _body(
    dialect: Dialect, asked: Asked, reply: ScriptReply, answer: ScriptedAnswer, fault: ScriptFault | None
) -> Iterator[WireStep]:
    kind = fault.kind if fault else None
    frames = _content_frames(dialect, asked, reply, answer)
    stops = {
        "reset_mid_stream": WireStep(0.0, b"", "reset"),
        "hang_after_first_token": WireStep(0.0, b"", "hang"),
        "cut_stream": WireStep(0.0, b"", "close"),
        "process_death": WireStep(0.0, b"", "die"),
        "malformed_json": WireStep(0.0, _chunk(dialect.broken_frame()) + _BODY_END, "keep"),
        "error_in_stream": WireStep(
            0.0, _chunk(dialect.error_frame(fault.message if fault else "")) + _BODY_END, "keep"
        ),
    }
    stop = stops.get(kind or "")
    if stop is not None and fault is not None:
        frames = frames[: 1 if kind == "hang_after_first_token" else fault.after_chunks]
    for index, frame in enumerate(frames):
        yield WireStep(_content_at(reply, index), _chunk(frame), content=True)
    if stop is not None:
        # One chunk's time later, so that what was written before has been delivered.
        yield replace(stop, at_s=_content_at(reply, len(frames)))
        return
    last_s = _content_at(reply, max(0, len(frames) - 1))
    spent_s = (reply.first_token_s, last_s - reply.first_token_s)
    closing = _chunk(dialect.finish(asked, answer, spent_s, reply.last_chunk))
    if kind == "missing_finish" or (kind == "missing_done" and not dialect.end_mark()):
        closing = b""
    elif kind != "missing_done":
        closing += _chunk(dialect.end_mark())
    yield WireStep(last_s + reply.end_s, closing + _BODY_END, "keep")


def _keep_alives(dialect: Dialect, reply: ScriptReply) -> Iterator[WireStep]:
    frame = _chunk(dialect.keep_alive())
    if reply.keep_alive_s is None or not frame:
        return
    count = 1
    # An instant answer still gets one, so that a reader always meets it.
    while count == 1 or count * reply.keep_alive_s < reply.first_token_s:
        yield WireStep(min(count * reply.keep_alive_s, reply.first_token_s), frame)
        count += 1


def _split(steps: list[WireStep]) -> Iterator[WireStep]:
    """Cut every step inside each of its multi-byte characters: each part but the last ends in the middle of one."""
    at_s = 0.0
    for step in steps:
        at_s = max(at_s, step.at_s)
        starts = [index for index, byte in enumerate(step.data) if byte >= 0xC0]
        cuts = [0, *(start + 1 for start in starts), len(step.data)]
        for number, (begin, end) in enumerate(pairwise(cuts)):
            last = end == len(step.data)
            at_s += _SPLIT_GAP_S if number else 0.0
            yield WireStep(at_s, step.data[begin:end], step.after if last else "", step.content and number == 0)


def _drip(steps: list[WireStep], fault: ScriptFault) -> Iterator[WireStep]:
    data = b"".join(step.data for step in steps)
    for number, start in enumerate(range(0, len(data), fault.drip_bytes)):
        last = start + fault.drip_bytes >= len(data)
        yield WireStep(number * fault.drip_gap_s, data[start : start + fault.drip_bytes], "keep" if last else "")

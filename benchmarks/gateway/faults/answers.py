"""A seeded draw in, the bytes of one faulted answer out, streamed and whole; what a client may see of it is known."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

PROMISE: Final = "we guarantee full payment"
HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
OVERSIZED: Final = 9 << 20
# An answer is whole only if its fault is none of these.
BREAKING: Final = (
    "cut", "reset", "stalled", "no end", "half a mark", "broken event", "not UTF-8", "not an object", "a page",
    "bad chunk", "error event", "error in a chunk", "oversized", "not HTTP",
)  # fmt: skip
SOUND: Final = (
    "several tokens", "one byte a chunk", "unicode split", "tool arguments in pieces", "no mark", "mark in text",
    "carriage returns", "comments", "twice", "whole",
)  # fmt: skip
# Where an answer says what no answer may say.
PLACES: Final = (
    "content", "reasoning_content", "refusal", "tool_calls", "function_call", "content parts", "second choice",
    "own field", "logprobs", "key twice",
)  # fmt: skip
_WORDS: Final = ("größe ", "日本 ", "👩‍🚒 ", "claim ", "received ", "documents ", "thank you ", "\u2028", "naïve ")


@dataclass
class Answer:
    """One answer as the faulty server gives it. ``mark`` is in each of its texts; ``place`` is "" if it is harmless."""

    number: int
    fault: str
    place: str
    seed: int
    stream: bytes = b""  # the events before the end mark, as sent
    sent: bool = False
    _draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)

    @property
    def mark(self) -> str:
        return f"m{self.number:06d}x"

    @property
    def is_whole(self) -> bool:
        return self.fault in SOUND

    # ------------------------------------------------------------ a stream

    def pieces(self) -> list[bytes]:
        """The stream in the pieces in which it leaves, each a chunk; with its end, if it has one."""
        events = self._events()
        end = b"data: [DONE]\n\n"
        match self.fault:
            case "cut" | "reset" | "stalled" | "no end":
                events, end = events[: self._draw.randint(0, len(events) - 2)], b""
            case "half a mark":
                events, end = events[:-1], b"data: [DON"
            case "no mark":
                end = b""
            case "broken event":
                events[self._place(events)] = b'data: {"choices": [{"delta": {"content": "x"\n\n'
            case "not UTF-8":
                events[self._place(events)] = self._event({"delta": {"content": "LOW"}}).replace(b"LOW", b"\xff\xfe")
            case "not an object":
                events[self._place(events)] = b"data: [1, 2]\n\n"
            case "a page":
                events[self._place(events)] = b"<html>bad gateway</html>\n\n"
            case "error event":
                events[self._place(events)] = b'event: error\ndata: {"message": "out of memory"}\n\n'
            case "error in a chunk":
                chunk = {"id": "x", "choices": [{"index": 0, "delta": {}}], "error": {"message": "gone", "code": 502}}
                events[self._place(events)] = b"data: " + json.dumps(chunk).encode() + b"\n\n"
            case "oversized":
                events.insert(1, b'data: {"choices": [{"delta": {"content": "' + b"a" * OVERSIZED)
                events, end = events[:2], b""
            case "carriage returns":
                events, end = [event.replace(b"\n", b"\r\n") for event in events], end.replace(b"\n", b"\r\n")
            case "comments":
                events = [piece for event in events for piece in (b": still here\n\n", event)]
        self.stream = b"".join(events)
        return self._cut([*events, end])

    def _place(self, events: list[bytes]) -> int:
        return self._draw.randrange(len(events))

    def _cut(self, events: list[bytes]) -> list[bytes]:
        data = b"".join(events)
        match self.fault:
            case "one byte a chunk":
                return [data[at : at + 1] for at in range(len(data))]
            case "oversized":
                return [data[at : at + 65_536] for at in range(0, len(data), 65_536)]
            case "unicode split" | "half a mark" | "carriage returns" | "tool arguments in pieces":
                size: Callable[[], int] = lambda: self._draw.randint(1, 23)  # noqa: E731
            case "several tokens":
                size = lambda: self._draw.randint(300, 2_000)  # noqa: E731
            case _:
                if self._draw.random() < 0.5:
                    return [event for event in events if event]
                size = lambda: self._draw.randint(1, 400)  # noqa: E731
        pieces = []
        while data:
            at = size()
            pieces.append(data[:at])
            data = data[at:]
        return pieces

    def _events(self) -> list[bytes]:
        words = [self._draw.choice(_WORDS) for _ in range(self._draw.randint(3, 12))]
        if self.fault == "mark in text":
            words[1:1] = ["data: [DONE]\n\ndata: [DONE]", "\n\nevent: error\n\n"]
        events = [self._event({"delta": {"role": "assistant", "content": ""}})]
        if self.fault == "tool arguments in pieces":
            said = json.dumps({"to": "customer", "text": f"{self.mark} {''.join(words)}"}, ensure_ascii=False)
            named = {"index": 0, "id": "c1", "type": "function", "function": {"name": "send", "arguments": ""}}
            events.append(self._event({"delta": {"tool_calls": [named]}}))
            for at in range(0, len(said), 5):
                part = {"index": 0, "function": {"arguments": said[at : at + 5]}}
                events.append(self._event({"delta": {"tool_calls": [part]}}))
        else:
            events += [self._event({"delta": {"content": word}}) for word in (f"{self.mark} ", *words)]
        events.append(self._event({"delta": {}, "finish_reason": "stop"}))
        if self._draw.random() < 0.5:
            usage = {"prompt_tokens": 7, "completion_tokens": len(words), "total_tokens": 7 + len(words)}
            events.append(b"data: " + json.dumps({"id": "x", "choices": [], "usage": usage}).encode() + b"\n\n")
        return events

    def _event(self, choice: dict[str, Any]) -> bytes:
        chunk = {"id": "x", "object": "chat.completion.chunk", "model": "m",
                 "choices": [{"index": 0, "finish_reason": None, **choice}]}  # fmt: skip
        return b"data: " + json.dumps(chunk, ensure_ascii=self._draw.random() < 0.3).encode() + b"\n\n"

    # ------------------------------------------------------------ a whole answer

    def document(self) -> bytes:
        """The answer as one JSON document, with what may not be said at ``place``."""
        good = f"Dear customer, {self.mark}. Thank you for your letter."
        bad = f"Dear customer, {self.mark}, {PROMISE}."
        message: dict[str, Any] = {"role": "assistant", "content": good}
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "stop"}
        choices, more = [choice], {}
        match self.place:
            case "content" | "reasoning_content" | "refusal":
                message[self.place] = bad
            case "tool_calls":
                function = {"name": "send", "arguments": json.dumps({"text": bad})}
                message["tool_calls"] = [{"id": "c1", "type": "function", "function": function}]
            case "function_call":
                message["function_call"] = {"name": "send", "arguments": json.dumps({"text": bad})}
            case "content parts":
                message["content"] = [{"type": "text", "text": good}, {"type": "text", "note": bad}]
            case "second choice":
                second = {"index": 1, "message": {"role": "assistant", "content": bad}, "finish_reason": "stop"}
                choices.append(second)
            case "own field":
                more["provider_summary"] = {"text": [bad]}
            case "logprobs":
                choice["logprobs"] = {"content": [{"token": f"{word} ", "logprob": -0.1} for word in bad.split(" ")]}
        if self.fault == "tool arguments in pieces" and not self.place:
            function = {"name": "send", "arguments": json.dumps({"text": good})}
            message["tool_calls"] = [{"id": "c1", "type": "function", "function": function}]
        data = json.dumps({"id": "x", "object": "chat.completion", "model": "m", "choices": choices, **more,
                           "usage": {"prompt_tokens": 7, "completion_tokens": 9}}).encode()  # fmt: skip
        if self.place == "key twice":  # read once as harmless, and once as not
            twice = json.dumps({"role": "assistant", "content": bad}).encode()
            data = data.replace(b'"message": ', b'"message": ' + twice + b', "message": ', 1)
        return data

    def whole_pieces(self) -> tuple[bytes, list[bytes]]:
        """Content type and pieces of a whole answer with the fault."""
        data, kind = self.document(), b"application/json"
        match self.fault:
            case "cut" | "reset" | "stalled" | "no end" | "half a mark":
                data = data[: self._draw.randint(0, len(data) - 1)]
            case "broken event" | "bad chunk":
                data = data.replace(b'"choices"', b'"choices', 1)
            case "not UTF-8":
                data = data.replace(b"Dear", b"\xff\xfe", 1)
            case "not an object":
                data = b"[" + data + b"]"
            case "a page":
                data, kind = b"<html>" + data + b"</html>", b"text/html"
            case "error event" | "error in a chunk":
                data = b'{"error": {"message": "%b"}}' % self.mark.encode()
            case "oversized":
                data = data.replace(b"Dear", b"a" * (65 << 20), 1)
        size = 65_536 if self.fault == "oversized" else self._draw.randint(1, 700)
        return kind, [data[at : at + size] for at in range(0, len(data), size)]

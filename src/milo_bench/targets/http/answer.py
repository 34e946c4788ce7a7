"""Deltas with their stamps in, the answer with its times out; the same for every streaming API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import msgspec

from milo_bench.core.chat import Exchange
from milo_bench.core.records import Failure, Timings, ToolCall, Usage
from milo_bench.targets.http.reply import Reply

_DECODER = msgspec.json.Decoder()


def decode_json(data: bytes) -> Any:
    """JSON bytes as plain data. Raises ValueError.

    A server may cut an emoji into two escaped surrogates and send them in two chunks. Only the
    slower parser takes a lone half; ``Answer`` puts the halves together.
    """
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError):
        try:
            return json.loads(data)
        except RecursionError as error:
            raise ValueError("nested too deep") from error


class Answer:
    """Collects one streamed answer.

    A content chunk is an event that carries text, reasoning or a part of a tool call; one with
    a role alone is none. ``tokens`` of a chunk count only where the server says them for every
    chunk.
    """

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.stamps_ns: list[int] = []
        self.tokens: list[int] = []
        self.calls: dict[int, dict[str, str]] = {}
        self.finish_reason = ""
        self.ended_at_ns: int | None = None  # stamp of the stream's own end mark
        self.usage = Usage()
        self.model = ""
        self.server_timings: dict[str, float] = {}
        self.failure: Failure | None = None

    @property
    def complete(self) -> bool:
        """The server said that the answer is over."""
        return self.ended_at_ns is not None or self.finish_reason != ""

    def add(self, at_ns: int, *, text: object = None, reasoning: object = None, calls: object = None) -> bool:
        """Take one event's parts; say whether it carried content. What is no string is no content."""
        content = False
        if isinstance(text, str) and text:
            self.text.append(text)
            content = True
        if isinstance(reasoning, str) and reasoning:
            self.reasoning.append(reasoning)
            content = True
        if isinstance(calls, list):
            for call in calls:
                content = self._add_call(call) or content
        if content:
            self.stamps_ns.append(at_ns)
        return content

    def _add_call(self, call: object) -> bool:
        if not isinstance(call, Mapping):
            return False
        function = call.get("function")
        if not isinstance(function, Mapping):
            function = {}
        index, ident = call.get("index"), call.get("id")
        if not isinstance(index, int) or isinstance(index, bool):
            # Without an index a new id, or a whole call, starts a new one; a bare part goes on with the last.
            starts = bool(ident) or not self.calls or bool(function.get("name"))
            index = len(self.calls) if starts else max(self.calls)
        kept = self.calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        if isinstance(ident, str) and not kept["id"]:
            kept["id"] = ident
        name = function.get("name")
        if isinstance(name, str) and not kept["name"]:
            kept["name"] = name
        arguments = function.get("arguments")
        if isinstance(arguments, Mapping | list):
            arguments = json.dumps(arguments, ensure_ascii=False)
        if isinstance(arguments, str):
            kept["arguments"] += arguments
        return bool(ident or name or arguments)

    def exchange(self, reply: Reply, *, zero_s: float, intended_s: float) -> Exchange:
        """The answer as a record. Seconds count from ``zero_s`` on the monotonic clock."""
        zero_ns = round(zero_s * 1e9)
        inline, text = split_thinking(_whole("".join(self.text)))
        reasoning = _whole("".join(self.reasoning))
        stamps = self.stamps_ns
        lags = reply.lags_ns
        ended_ns = reply.ended_ns
        if reply.broken is not None and self.failure is None and self.ended_at_ns is not None:
            ended_ns = self.ended_at_ns  # the answer was over before its connection broke
        timings = Timings(
            intended_s=intended_s,
            started_s=(reply.started_ns - zero_ns) / 1e9,
            ended_s=(ended_ns - zero_ns) / 1e9,
            connected_s=None if reply.connected_ns is None else (reply.connected_ns - zero_ns) / 1e9,
            first_content_s=(stamps[0] - zero_ns) / 1e9 if stamps else None,
            chunk_gaps_s=tuple([(b - a) / 1e9 for a, b in pairwise(stamps)]),
            chunk_tokens=tuple(self.tokens) if len(self.tokens) == len(stamps) else (),
            client_lag_max_s=max(lags) / 1e9 if lags else None,
            client_lag_mean_s=sum(lags) / len(lags) / 1e9 if lags else None,
        )
        return Exchange(
            timings=timings,
            text=text,
            reasoning=reasoning + inline if reasoning else inline,
            tool_calls=tuple(ToolCall(c["id"], c["name"], c["arguments"]) for _, c in sorted(self.calls.items())),
            finish_reason=self.finish_reason,
            usage=self.usage,
            failure=self.failure,
            server_timings=self.server_timings,
            model=self.model,
        )


def split_thinking(text: str) -> tuple[str, str]:
    """Inline reasoning and the answer after it.

    ``<think>…</think>`` counts only at the very start, where models write it; without its end
    everything is reasoning. Some chat templates open the block themselves, so that the output
    holds ``</think>`` alone.
    """
    start = text.lstrip()
    if start.startswith("<think>"):
        inside, end, after = start.removeprefix("<think>").partition("</think>")
        return inside.strip(), after.lstrip() if end else ""
    if text.count("</think>") == 1 and "<think>" not in text:
        before, _, after = text.partition("</think>")
        return before.strip(), after.lstrip()
    return "", text


def count(value: object) -> int | None:
    """A token count as the server wrote it; None for anything that is not one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def numbers(data: object) -> dict[str, float]:
    """The numbers of a JSON object; anything else in it is left out."""
    if not isinstance(data, Mapping):
        return {}
    return {
        str(key): float(value)
        for key, value in data.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _whole(text: str) -> str:
    """Surrogate halves from two chunks put together; a lone one becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text

"""A short and a longer answer to one question in, whether the longer one's beginning waited for its end out.

Chunks that come in one read were held back by something between, or came faster than we read. The two are told apart by
when the first content comes: after the same time for any length where a server streams, later the longer the answer is
where something collects it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from milo_bench.probes.context import ProbeContext
from milo_bench.targets.http.answer import decode_json
from milo_bench.targets.http.events.sse import read_sse
from milo_bench.targets.http.reply import HttpReply

_SHORT_TOKENS: Final = 2
_LONGER_TOKENS: Final = (96, 384)
_TRIES: Final = 2
_TELLING_S: Final = 0.05  # what takes less is within what our clock and theirs may be apart
_LATER_S: Final = 0.02
_LATER_TOKENS: Final = 6
_WHOLE: Final = 0.05
_FIELDS: Final = ("content", "reasoning", "reasoning_content", "tool_calls")


@dataclass(frozen=True)
class Compared:
    """``held``: None where answers came too fast to tell. Times in seconds from request to first content."""

    held: bool | None
    facts: dict[str, Any]
    later_s: float | None = None  # how much later the longer answer began
    whole: bool = False  # it began when it was over


def content_stamps_ns(reply: HttpReply) -> list[int]:
    """When each event with content of the answer came."""
    found = []
    for event in read_sse(reply.pieces):
        try:
            data = decode_json(event.data)
        except ValueError:
            continue
        if isinstance(data, dict) and has_content(data):
            found.append(event.at_ns)
    return found


def has_content(data: dict[str, Any]) -> bool:
    choices = data.get("choices")
    deltas = [one.get("delta") for one in choices if isinstance(one, dict)] if isinstance(choices, list) else []
    return any(isinstance(delta, dict) and any(delta.get(name) for name in _FIELDS) for delta in deltas)


async def compare(ctx: ProbeContext, question: str) -> Compared:
    """Ask for a short answer and for longer ones until their time can be told from the short one's."""
    short = await _quickest(ctx, question, _SHORT_TOKENS)
    if short is None:
        return Compared(None, {})
    for tokens in _LONGER_TOKENS:
        longer = await _quickest(ctx, question, tokens)
        if longer is None:
            break
        generating_s = longer.last_s - short.first_s
        facts = {
            "short_first_s": round(short.first_s, 4),
            "longer_first_s": round(longer.first_s, 4),
            "longer_last_s": round(longer.last_s, 4),
            "longer_events": longer.events,
        }
        if generating_s >= _TELLING_S:
            later_s = longer.first_s - short.first_s
            pace_s = generating_s / longer.events
            whole = longer.last_s - longer.first_s < _WHOLE * generating_s
            return Compared(later_s > max(_LATER_S, _LATER_TOKENS * pace_s), facts, later_s, whole)
        short = min(short, longer, key=lambda one: one.first_s)  # whatever its length: nothing begins earlier
    return Compared(None, {})


@dataclass(frozen=True)
class _Times:
    first_s: float
    last_s: float
    events: int


async def _quickest(ctx: ProbeContext, question: str, tokens: int) -> _Times | None:
    """Of a few tries the one that began first: delays only add."""
    found = []
    for _ in range(_TRIES):
        body = ctx.body(question, max_tokens=tokens, stream=True)
        reply = await ctx.post(body, limit_s=ctx.options.ask_limit_s)
        stamps_ns = content_stamps_ns(reply) if reply.status == 200 else []
        if stamps_ns:
            first_s, last_s = (
                (stamps_ns[0] - reply.started_ns) / 1e9,
                (stamps_ns[-1] - reply.started_ns) / 1e9,
            )
            found.append(_Times(first_s, last_s, len(stamps_ns)))
    return min(found, key=lambda one: one.first_s, default=None)

"""An operator episode in, the steps of its transcript out: turns, calls, results, faults and the ending, in order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import msgspec
from markupsafe import Markup, escape

from milo_bench.core.records import Episode, Turn
from milo_bench.core.text import visible
from milo_bench.core.units import seconds
from milo_bench.operator.worlds.records import (
    CallMade,
    Changed,
    Claim,
    EpisodeFinished,
    Landed,
    LogLine,
    Notice,
    Rejected,
    Started,
    ToolResult,
    Wrote,
)

MOST_SHOWN: Final = 6000
_EVIDENCE_ID = re.compile(r"ev-(?:[0-9a-f]{10}|\d{4,6})\b")

StepKind: TypeAlias = Literal[
    "turn", "call", "result", "error", "notice", "rejected", "wrote", "changed", "fault", "finish", "unreadable"
]


@dataclass(frozen=True)
class TranscriptStep:
    """One line of a transcript. ``anchor`` is an evidence id fit to be linked to; ``marks`` are what went wrong."""

    kind: StepKind
    label: str
    at: str = ""
    title: str = ""
    text: Markup | str = ""
    aside: Markup | str = ""
    anchor: str = ""
    cited: tuple[int, ...] = ()
    marks: tuple[str, ...] = ()
    claims: tuple[ClaimShown, ...] = ()


@dataclass(frozen=True)
class ClaimShown:
    """A claim, with each id it cites and whether this episode has such a result."""

    number: int
    text: str
    kind: str
    evidence: tuple[tuple[str, bool], ...]


@dataclass
class _Told:
    known: frozenset[str]
    cited: Mapping[str, tuple[int, ...]]
    show_text: bool
    steps: list[TranscriptStep] = field(default_factory=list)


def transcript(episode: Episode, *, show_text: bool = True) -> tuple[TranscriptStep, ...]:
    """The steps of ``episode``; without text (a log of hashes) only what happened, when and to which tool.

    A turn is followed by what its calls led to. Nothing here trusts the log: a line that is not JSON of
    ours is shown as unreadable, and all text is cut, escaped by the template, and freed of controls.
    """
    lines = [_read(line) for line in episode.log]
    known = frozenset(line.id for line in lines if isinstance(line, ToolResult) and _EVIDENCE_ID.fullmatch(line.id))
    told = _Told(known, _citations(lines), show_text)
    left = _Feed(lines)
    for line in left.before_first_call():
        _tell_line(told, line)
    for turn in episode.turns:
        calls = len(turn.tool_calls) or int(not turn.protocol_error and turn.failure is None and bool(turn.output))
        replies = [line for _ in range(calls) for line in left.one_reply()]
        made = any(isinstance(line, CallMade | EpisodeFinished) for line in replies)
        told.steps.append(_turn(turn, told, raw_calls=not made))
        for line in replies:
            _tell_line(told, line)
    for line in left.rest():
        _tell_line(told, line)
    return tuple(told.steps)


def plain(text: str, most: int = MOST_SHOWN) -> str:
    """Text of a model fit to be shown: cut, and with controls and direction marks made visible."""
    shown = visible(text[:most])
    return shown + f" … ({len(text) - most:,} more characters)" if len(text) > most else shown


def link_evidence(text: str, known: frozenset[str]) -> Markup:
    """``text`` escaped, with each evidence id that this episode has made a link to where it was produced."""
    parts, end = [], 0
    for found in _EVIDENCE_ID.finditer(text):
        parts.append(escape(text[end : found.start()]))
        shown = found.group()
        parts.append(Markup('<a href="#{0}">{0}</a>').format(shown) if shown in known else escape(shown))
        end = found.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


class _Feed:
    """The event log, taken a call at a time."""

    def __init__(self, lines: Sequence[LogLine | str]) -> None:
        self._lines = list(lines)
        self._at = 0

    def before_first_call(self) -> Iterator[LogLine | str]:
        while self._at < len(self._lines) and not isinstance(
            self._lines[self._at], CallMade | Rejected | EpisodeFinished
        ):
            self._at += 1
            yield self._lines[self._at - 1]

    def one_reply(self) -> Iterator[LogLine | str]:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            yield line
            if isinstance(line, ToolResult | Notice | Rejected | EpisodeFinished):
                return

    def rest(self) -> Iterator[LogLine | str]:
        yield from self._lines[self._at :]
        self._at = len(self._lines)


def _read(line: dict[str, Any]) -> LogLine | str:
    try:
        read: LogLine = msgspec.convert(line, LogLine)
    except (msgspec.ValidationError, RecursionError):
        return _json(line)
    return read


def _citations(lines: Sequence[LogLine | str]) -> dict[str, tuple[int, ...]]:
    cited: dict[str, tuple[int, ...]] = {}
    for line in lines:
        if isinstance(line, EpisodeFinished):
            for number, claim in enumerate(line.finish.claims, 1):
                for key in dict.fromkeys(claim.evidence):
                    cited[key] = (*cited.get(key, ()), number)
    return cited


def _turn(turn: Turn, told: _Told, *, raw_calls: bool) -> TranscriptStep:
    marks = []
    if turn.injected:
        marks.append(f"added by the bench: {plain(turn.injected, 200)}")
    if turn.failure is not None:
        said = plain(turn.failure.message, 300) if told.show_text else ""
        marks.append(f"runtime failure, {turn.failure.kind}{': ' if said else ''}{said}")
    if turn.protocol_error:
        said = plain(turn.protocol_error, 300) if told.show_text else "not readable as a tool call"
        marks.append(f"protocol error: {said}")
    text = plain(turn.output) if told.show_text else ""
    if told.show_text and raw_calls:
        written = [f"{plain(call.name, 80)} {plain(call.arguments, 2000)}" for call in turn.tool_calls]
        text = "\n".join([text, *written] if text else written)
    usage = turn.usage
    tokens = ""
    if usage.prompt_tokens is not None and usage.completion_tokens is not None:
        tokens = f"{usage.prompt_tokens:,} tokens in, {usage.completion_tokens:,} out"
    took = seconds(max(0.0, turn.timings.ended_s - turn.timings.started_s))
    return TranscriptStep(
        "turn",
        f"turn {turn.n}",
        title="model",
        text=link_evidence(text, told.known),
        aside=" · ".join(part for part in (took, tokens) if part),
        marks=tuple(marks),
    )


def _tell_line(told: _Told, line: LogLine | str) -> None:
    step = _step(told, line)
    if step is not None:
        told.steps.append(step)


def _step(told: _Told, line: LogLine | str) -> TranscriptStep | None:
    show = told.show_text
    match line:
        case Started():
            return None
        case CallMade():
            arguments = link_evidence(_json(line.arguments), told.known) if show else ""
            return TranscriptStep("call", f"call {line.n}", _at(line.at_s), plain(line.tool, 80), arguments)
        case ToolResult():
            return _result(told, line)
        case Notice():
            return TranscriptStep(
                "notice", "notice", _at(line.at_s), plain(line.code, 60), plain(line.message) if show else ""
            )
        case Rejected():
            mark = (f"protocol error: {line.code}",)
            return TranscriptStep(
                "rejected", "not called", _at(line.at_s), "", plain(line.message) if show else "", marks=mark
            )
        case Wrote():
            value = _json(line.value) if show else ""
            return TranscriptStep(
                "wrote", "changed", _at(line.at_s), plain(line.subject, 120), link_evidence(value, told.known)
            )
        case Changed():
            return TranscriptStep("changed", "world changed", _at(line.at_s), plain(line.subject, 120))
        case Landed():
            return TranscriptStep(
                "fault", "fault", _at(line.at_s), "", "", marks=(f"fault fired: {plain(line.fault, 200)}",)
            )
        case EpisodeFinished():
            return _finish(told, line)
    return TranscriptStep("unreadable", "unreadable", text=plain(line, 400) if show and isinstance(line, str) else "")


def _result(told: _Told, line: ToolResult) -> TranscriptStep:
    shown = _json(line.data) if told.show_text else ""
    if told.show_text and line.message:
        shown = f"{line.message}\n{shown}" if line.data else line.message
    old = ""
    if line.as_of_s is not None and line.at_s - line.as_of_s >= 60:
        old = f"content {seconds(line.at_s - line.as_of_s)} old"
    return TranscriptStep(
        "result" if line.ok else "error",
        "result" if line.ok else "failed",
        _at(line.at_s),
        "" if line.ok else plain(line.error, 60),
        link_evidence(plain(shown), told.known),
        aside=old,
        anchor=line.id if line.id in told.known else "",
        cited=told.cited.get(line.id, ()),
    )


def _finish(told: _Told, line: EpisodeFinished) -> TranscriptStep:
    claims = tuple(_claim(number, claim, told) for number, claim in enumerate(line.finish.claims, 1))
    return TranscriptStep("finish", "finish", _at(line.at_s), line.finish.status, claims=claims)


def _claim(number: int, claim: Claim, told: _Told) -> ClaimShown:
    ids = tuple((plain(key, 40), key in told.known) for key in claim.evidence[:40])
    return ClaimShown(number, plain(claim.text, 1000) if told.show_text else "", claim.kind, ids)


def _at(at_s: float) -> str:
    """Time on the world's own clock."""
    minutes, rest = divmod(round(at_s), 60)
    return f"{minutes}:{rest:02d}"


def _json(data: Any) -> str:
    return plain(json.dumps(data, ensure_ascii=False, indent=None if len(str(data)) < 90 else 1))

"""What a run needs of its log once it is open; ``store.log.writer.Resumed`` gives it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from milo_bench.core.records import Attempt, AttemptKey, FailureKind, RunHeader
from milo_bench.store.log.writer import RunLogWriter


class OpenedLog(Protocol):
    """A log ready for attempts; ``store.log.writer.Resumed`` is one."""

    @property
    def writer(self) -> RunLogWriter: ...

    @property
    def done(self) -> Mapping[AttemptKey, FailureKind | None]: ...

    @property
    def last_s(self) -> float: ...

    @property
    def fixtures(self) -> frozenset[str]: ...

    @property
    def messages(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class _WithRows:
    """A log that was opened, and got rows since."""

    writer: RunLogWriter
    done: Mapping[AttemptKey, FailureKind | None]
    last_s: float
    fixtures: frozenset[str]
    messages: tuple[str, ...]


OpenRunLog = Callable[[RunHeader], OpenedLog]
MadeBefore = Callable[[RunHeader], Awaitable[Sequence[Attempt]]]


async def open_with_rows(open_log: OpenRunLog, header: RunHeader, made_before: MadeBefore) -> OpenedLog:
    """The log for ``header``, with those attempts that ``made_before`` finds elsewhere and that it lacks."""
    opened = open_log(header)
    try:
        done, last_s = dict(opened.done), opened.last_s
        for attempt in await made_before(opened.writer.header):
            if attempt.key not in done:
                opened.writer.append(attempt)
                done[attempt.key] = None if attempt.failure is None else attempt.failure.kind
                last_s = max(last_s, attempt.timings.ended_s)
        opened.writer.flush()
    except BaseException:
        opened.writer.close()
        raise
    count = len(done) - len(opened.done)
    said = (f"{count:,} attempts were found in segments that a killed run left",) if count else ()
    return _WithRows(opened.writer, done, last_s, opened.fixtures, (*opened.messages, *said))

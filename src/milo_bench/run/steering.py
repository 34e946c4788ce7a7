"""What may change a run on its way: answers in, work that is over and work that is added out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from milo_bench.core.records import Attempt, Execution, Fixture, RunHeader, WorkEnd
from milo_bench.run.events import OpenWork


@dataclass(frozen=True)
class Steer:
    """What to do after a look.

    ``ends`` are written to the log and nothing more of them is sent; ``ended_before`` are in the log. ``fresh``
    fixtures are written to the log, then asked of ``targets``. ``open`` is the work that goes on. ``executions`` are
    what judged the answers, and are written first.
    """

    open: tuple[OpenWork, ...] = ()
    ends: tuple[WorkEnd, ...] = ()
    ended_before: tuple[WorkEnd, ...] = ()
    fresh: tuple[Fixture, ...] = ()
    targets: tuple[str, ...] = ()
    executions: tuple[Execution, ...] = ()


class Steering(Protocol):
    """Looks at the answers of one run as they are recorded. It never sees one twice."""

    def take_up(self, header: RunHeader) -> Sequence[Steer]:
        """What the log of a run that is resumed already says, before anything is sent. ``header`` is that log's."""
        ...

    def must_execute(self, attempts: Sequence[Attempt]) -> bool:
        """Whether ``attempts`` are judged by code that must be run on them before they are looked at."""
        ...

    def execute(self, attempts: Sequence[Attempt]) -> Sequence[Execution]:
        """Run that code, which takes time; what came of it. Called from another thread, never twice at a time."""
        ...

    def interrupt(self) -> None:
        """End ``execute`` early, from another thread; what it has not done is left out."""
        ...

    def close(self) -> None:
        """The run is over, and nothing is being executed."""
        ...

    def look(self, attempts: Sequence[Attempt], executions: Sequence[Execution] = ()) -> Sequence[Steer]:
        """What follows from ``attempts``, whole and in the order of record, and from what was executed on them."""
        ...

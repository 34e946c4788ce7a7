"""What may change a run on its way: answers in, work that is over and work that is added out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from milo_bench.core.records import Attempt, Execution, Fixture, RunHeader, WorkEnd
from milo_bench.run.events import OpenWork
from milo_bench.run.schedule import AttemptRecorded, ScheduleEvent


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


class RunLooks:
    """The looks of one run at its answers. What code must judge is executed first, in a thread of its own."""

    def __init__(
        self,
        steering: Steering,
        carry_out: Callable[[Sequence[Steer]], None],
        happened: Callable[[ScheduleEvent], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._steering = steering
        self._carry_out = carry_out
        self._happened = happened
        self._fail = fail
        self._to_execute: dict[AttemptRecorded, Attempt] = {}
        self._executing: asyncio.Task[None] | None = None
        self._ended = False

    def take(
        self, events: Sequence[ScheduleEvent], recorded: Mapping[AttemptRecorded, Attempt]
    ) -> Sequence[ScheduleEvent]:
        """Look at ``recorded``; which of ``events`` the schedule may know of now.

        Before what comes next is sent, so that nothing is sent of work that these answers decided. Answers that code
        must judge keep their places until it has: the schedule knows of them after the look.
        """
        if not self._steering.must_execute(tuple(recorded.values())):
            self._carry_out(self._steering.look(tuple(recorded.values())))
            return events
        self._to_execute |= recorded
        if self._executing is None:
            self._executing = asyncio.get_running_loop().create_task(self._execute())
        return [event for event in events if event not in recorded]

    async def _execute(self) -> None:
        try:
            while self._to_execute:
                recorded, self._to_execute = self._to_execute, {}
                attempts = tuple(recorded.values())
                executions = await asyncio.to_thread(self._steering.execute, attempts)
                if self._ended:
                    return  # a resume executes what is not in the log
                self._carry_out(self._steering.look(attempts, executions))
                for event in recorded:
                    self._happened(event)
        except BaseException as error:
            self._fail(error)
        finally:
            self._executing = None

    async def end(self) -> None:
        """The run is over: what is being executed is ended."""
        if self._executing is not None:
            self._ended = True
            self._steering.interrupt()
            await asyncio.gather(self._executing, return_exceptions=True)
        self._steering.close()

"""Answers of a run as they are recorded in; what a look at them found, before anything more is sent, out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from milo_bench.core.records import Attempt
from milo_bench.run.schedule import AttemptRecorded, ScheduleEvent
from milo_bench.run.steering import Steer, Steering


class Looks:
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

"""A suite's own Python in, its checks run on answers as they come out: one sandbox that stays up between them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from milo_bench.core.records import Execution, OwnChecks
from milo_bench.run.own_checks.execute import (
    FIRST_LINE,
    OwnCall,
    command_for,
    execution_of,
    line_of,
    lost,
    read_line,
    unusable,
)
from milo_bench.sandbox import SandboxEnded, SandboxSession

_CALLS_OF_A_SANDBOX: Final = 200  # its limits on time and output are for so many; then comes a new one


class LiveChecks:
    """The checks of one suite while a run goes on. The sandbox is put up at the first call; ``close`` takes it down.

    Not for two threads at a time, ``interrupt`` aside.
    """

    def __init__(self, own: OwnChecks) -> None:
        self.own = own
        self._stack = ExitStack()
        self._session: SandboxSession | None = None
        self._interrupted = False
        self._python = ""
        self._calls = 0

    def execute(self, calls: Sequence[OwnCall]) -> list[Execution]:
        """Run each call; what came of it, in order, up to an interrupt. Raises as ``execute_calls``."""
        done: list[Execution] = []
        for call in calls:
            execution = self._execute(call)
            if self._interrupted:
                break  # it may have ended by the interrupt and not by itself
            done.append(execution)
        return done

    def interrupt(self) -> None:
        """End the call that runs, from another thread."""
        self._interrupted = True
        session = self._session
        if session is not None:
            session.kill()

    def close(self) -> None:
        self._session, self._calls = None, 0
        self._stack.close()

    def _execute(self, call: OwnCall) -> Execution:
        session = self._session
        if session is None or self._calls == _CALLS_OF_A_SANDBOX:
            self.close()
            self._session = session = self._put_up()
        number, self._calls = self._calls, self._calls + 1
        try:
            said = read_line(self.own, session.ask(line_of(number, call)))
            if said.n != number:
                raise unusable(self.own, "its results are out of order")
        except SandboxEnded as error:
            said = lost(error.ending)
            self.close()
        return execution_of(self.own, call, said, self._python)

    def _put_up(self) -> SandboxSession:
        session = self._stack.enter_context(SandboxSession(command_for(self.own, _CALLS_OF_A_SANDBOX)))
        try:
            said = read_line(self.own, session.ask(FIRST_LINE))
        except SandboxEnded as error:
            raise unusable(self.own, f"the sandbox ended before it was loaded ({error.ending})") from None
        if said.broken or not said.ready:
            raise unusable(self.own, said.broken or "it did not say that it was loaded")
        self._python = said.ready
        return session

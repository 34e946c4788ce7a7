"""A suite's own Python and calls of its checks in, one execution for each call out, in the order of the calls."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.records import AttemptKey, Execution, ExecutionEnding, OwnChecks
from milo_bench.sandbox import SandboxCommand, SandboxLimits, SandboxOutcome, python_command, run_sandboxed
from milo_bench.sandbox.command import SandboxEnding
from milo_bench.sandbox.python import SCRIPTS

CALL_S: Final = 5  # processor seconds of one call
CALL_WALL_S: Final = 60.0  # its wall time; much longer, since a busy machine is not the check's fault
_START_S: Final = 120.0
_MEMORY_BYTES: Final = 1 << 30
_LINE_BYTES: Final = 1 << 19


@dataclass(frozen=True)
class OwnCall:
    """One check to run on one answer. ``case`` is what the check is given, as plain data."""

    key: AttemptKey
    check: str
    params_hash: str
    answer_hash: str
    case: dict[str, Any]


class Line(msgspec.Struct):
    """A line that the program inside writes. What it says is the suite's own affair; its shape is not."""

    n: int = -1
    ready: str = ""
    broken: str = ""
    ending: ExecutionEnding = "raised"
    results: tuple[dict[str, Any], ...] = ()
    problem: str = ""
    took_s: float = 0.0


FIRST_LINE: Final = msgspec.json.encode({"call_s": CALL_S, "wall_s": CALL_WALL_S})


def command_for(own: OwnChecks, calls: int) -> SandboxCommand:
    """The sandbox for ``calls`` calls of the checks."""
    files = {
        "inside.py": Path(__file__).with_name("inside.py").read_bytes(),
        "checks.py": own.source.encode(),
    }
    limits = SandboxLimits(
        wall_s=_START_S + CALL_WALL_S * calls,
        memory_bytes=_MEMORY_BYTES,
        output_bytes=_LINE_BYTES * (calls + 1),
        scratch_bytes=64 << 20,
        processes=16,
        open_files=64,
    )
    return python_command("inside.py", files=files, limits=limits, arguments=(f"{SCRIPTS}/checks.py",))


def line_of(number: int, call: OwnCall) -> bytes:
    """One call as the program inside reads it, without its line end."""
    # Not msgspec: a model may write half a character, which only this escapes.
    return json.dumps({"n": number, "check": call.check, "case": call.case}).encode()


def read_line(own: OwnChecks, line: bytes) -> Line:
    """A line that the program inside wrote. Raises DataError for one that is not a result."""
    try:
        return msgspec.json.decode(line, type=Line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise unusable(own, f"its results cannot be read ({error})") from None


def lost(how: SandboxEnding) -> Line:
    """What is recorded of a call during which the sandbox ended."""
    ending: ExecutionEnding = "memory" if how == "memory" else "lost"
    return Line(ending=ending, problem=f"the sandbox ended during this call ({how})")


def execution_of(own: OwnChecks, call: OwnCall, said: Line, python: str) -> Execution:
    """The record of one call; ``python`` is what ran it."""
    return Execution(
        key=call.key,
        program=call.check,
        digest=own.digest,
        params_hash=call.params_hash,
        answer_hash=call.answer_hash,
        environment=f"{python[:40]}, Linux {platform.machine()}",
        ending=said.ending,
        results=said.results,
        problem=said.problem,
        took_s=said.took_s,
    )


def unusable(own: OwnChecks, why: str) -> DataError:
    message = f"The suite's own checks in {own.file} cannot be used: {why}."
    return DataError(message, hint=f"correct {own.file}, then run 'milo-bench suite check SUITE'.")


def execute_calls(own: OwnChecks, calls: Sequence[OwnCall], done: Callable[[Execution], None]) -> None:
    """Run every call in the sandbox, one start for all of them and one process for each.

    ``done`` gets the executions as they come, in the order of ``calls``. A call that ends the whole sandbox, for
    example by its memory, costs only itself: the rest runs in a new one. Raises PrerequisiteError where the sandbox
    cannot be put up, and DataError where the Python cannot be loaded.
    """
    left = list(calls)
    while left:
        batch = _Batch(own, left, done)
        outcome = run_sandboxed(batch.command(), stdin=batch.lines(), on_stdout=batch.take)
        batch.close(outcome)
        left = left[batch.count :]


class _Batch:
    """The calls of one sandbox, and the lines that come back."""

    def __init__(self, own: OwnChecks, calls: Sequence[OwnCall], done: Callable[[Execution], None]) -> None:
        self._own = own
        self._calls = calls
        self._done = done
        self._unread = b""
        self._ready = ""
        self._broken = ""
        self.count = 0

    def command(self) -> SandboxCommand:
        return command_for(self._own, len(self._calls))

    def lines(self) -> Iterator[bytes]:
        yield FIRST_LINE + b"\n"
        for number, call in enumerate(self._calls):
            yield line_of(number, call) + b"\n"

    def take(self, data: bytes) -> None:
        *whole, self._unread = (self._unread + data).split(b"\n")
        for line in whole:
            self._line(line)

    def _line(self, line: bytes) -> None:
        said = read_line(self._own, line)
        if said.broken or said.ready:
            self._ready, self._broken = said.ready, said.broken
            return
        if said.n != self.count or said.n >= len(self._calls):
            raise unusable(self._own, "its results are out of order")
        self._add(said)

    def close(self, outcome: SandboxOutcome) -> None:
        """Account for how the sandbox ended: the call that it ended in is lost, and told so."""
        if self._broken or not self._ready:
            raise unusable(self._own, self._broken or f"the sandbox ended before it was loaded ({outcome.ending})")
        if self.count < len(self._calls):
            self._add(lost(outcome.ending))

    def _add(self, said: Line) -> None:
        call = self._calls[self.count]
        self.count += 1
        self._done(execution_of(self._own, call, said, self._ready))

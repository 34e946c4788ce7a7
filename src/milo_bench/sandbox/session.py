"""A sandbox command in, a program that answers out: one line asked, one line back, as long as it is needed."""

from __future__ import annotations

import os
import select
import threading
import time
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Final, Self

from milo_bench.core.errors import MiloError
from milo_bench.sandbox.command import SandboxCommand, SandboxEnding
from milo_bench.sandbox.launch import Launched, launch
from milo_bench.sandbox.program import require_sandbox
from milo_bench.sandbox.run import end_launched
from milo_bench.sandbox.watch import Watch

_LOOK_S: Final = 0.02
_CHUNK: Final = 1 << 16
_KEPT_STDERR: Final = 1 << 14


class SandboxEnded(MiloError):
    """The program ended, or exceeded a limit, before it answered. ``ending`` says which."""

    def __init__(self, ending: SandboxEnding, said: str = "") -> None:
        detail = f": {said}" if said else ""
        super().__init__(f"A program in the sandbox ended before it answered ({ending}){detail}.")
        self.ending = ending


class SandboxSession:
    """A running program that reads a line and writes a line. A context manager: nothing of it is left afterwards.

    A thread watches its limits, between questions too; ``wall_s`` of the limits bounds the time it works on answers
    in all, not the time it waits. Raises PrerequisiteError on entering where the sandbox cannot be put up.
    """

    def __init__(self, command: SandboxCommand) -> None:
        self._command = command
        self._stack = ExitStack()
        self._over = threading.Event()
        self._passed: SandboxEnding | None = None
        self._unread = b""
        self._bytes_out = 0
        self._worked_s = 0.0
        self._stderr = b""

    def __enter__(self) -> Self:
        require_sandbox()
        with ExitStack() as stack:
            self._launched: Launched = launch(self._command, stack)
            stack.callback(end_launched, self._launched)
            process = self._launched.process
            for stream in (process.stdin, process.stdout, process.stderr):
                assert stream is not None
                os.set_blocking(stream.fileno(), False)
            self._watcher = threading.Thread(target=self._watch, name="sandbox watch", daemon=True)
            self._watcher.start()
            stack.callback(self._watcher.join)
            stack.callback(self._over.set)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def ask(self, line: bytes) -> bytes:
        """Send ``line``, wait for the line that answers it. Raises SandboxEnded where none comes."""
        began = time.monotonic()
        until = began + self._command.limits.wall_s - self._worked_s
        try:
            self._send(line + b"\n", until)
            return self._answer(until)
        finally:
            self._worked_s += time.monotonic() - began

    def kill(self) -> None:
        """End the program, from any thread; whoever waits for its answer gets SandboxEnded."""
        self._launched.kill()

    def _send(self, data: bytes, until: float) -> None:
        stdin = self._launched.process.stdin
        assert stdin is not None
        unsent = memoryview(data)
        while unsent:
            self._wait([], [stdin.fileno()], until)
            try:
                unsent = unsent[os.write(stdin.fileno(), unsent) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise self._ended() from None

    def _answer(self, until: float) -> bytes:
        stdout = self._launched.process.stdout
        assert stdout is not None
        while b"\n" not in self._unread:
            self._wait([stdout.fileno()], [], until)
            try:
                piece = os.read(stdout.fileno(), _CHUNK)
            except BlockingIOError:
                continue
            if not piece:
                raise self._ended()
            self._unread += piece
            self._bytes_out += len(piece)
            if self._bytes_out > self._command.limits.output_bytes:
                self._passed = self._passed or "output"
                self._launched.kill()
                raise self._ended()
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _wait(self, reading: list[int], writing: list[int], until: float) -> None:
        left = until - time.monotonic()
        ready = left > 0 and any(select.select(reading, writing, [], left))
        if not ready:
            self._passed = self._passed or "wall_time"
            self._launched.kill()
            raise self._ended()

    def _ended(self) -> SandboxEnded:
        last = self._stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return SandboxEnded(self._passed or "exited", last[:300])

    def _watch(self) -> None:
        """In its own thread: looks at memory and processes, and keeps the error stream from filling up."""
        stderr = self._launched.process.stderr
        assert stderr is not None
        with Watch(self._launched) as watch:
            while not self._over.wait(_LOOK_S):
                with suppress(BlockingIOError, ValueError, OSError):
                    self._stderr = (self._stderr + os.read(stderr.fileno(), _CHUNK))[-_KEPT_STDERR:]
                passed = watch.look(self._command.limits)
                if passed is not None:
                    self._passed = self._passed or passed
                    self._launched.kill()
                    return

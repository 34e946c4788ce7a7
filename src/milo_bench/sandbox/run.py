"""A sandbox command in, its outcome out; watched from outside until nothing of it is left."""

from __future__ import annotations

import os
import select
import selectors
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import IO, Final

from milo_bench.sandbox.command import SandboxCommand, SandboxEnding, SandboxOutcome
from milo_bench.sandbox.launch import Launched, launch
from milo_bench.sandbox.program import require_sandbox
from milo_bench.sandbox.watch import Watch

_LOOK_S: Final = 0.02
_CHUNK: Final = 1 << 16
_GATHER_MS: Final = 5
_PIPE_BYTES: Final = 1 << 20  # so that a program that says much does not wait for what gathers
# What the kernel needs to end killed processes, generously; past it they are stuck in the kernel itself.
_GONE_S: Final = 30.0


def run_sandboxed(
    command: SandboxCommand, *, stdin: Iterable[bytes] = (), on_stdout: Callable[[bytes], None] | None = None
) -> SandboxOutcome:
    """Run ``command`` to its end, or to the bound that it passes.

    ``stdin`` is taken piece by piece as the program reads; ``on_stdout`` gets its output as it comes, and may
    raise, which ends the program. When this returns or raises, no process of the command is left.
    Raises PrerequisiteError where the sandbox cannot be put up.
    """
    require_sandbox()
    return _run(command, stdin, on_stdout)


def try_sandbox(words: tuple[str, ...]) -> SandboxOutcome:
    """Run ``words`` without having asked whether the sandbox holds; for that question itself."""
    return _run(SandboxCommand(words), (), None)


def _run(command: SandboxCommand, stdin: Iterable[bytes], on_stdout: Callable[[bytes], None] | None) -> SandboxOutcome:
    with ExitStack() as stack:
        launched = launch(command, stack)
        try:
            return _Running(command, launched, stdin, on_stdout).to_the_end()
        finally:
            end_launched(launched)


class _Running:
    """The loop around one command: feeds, reads, looks, and decides when it is over."""

    def __init__(
        self,
        command: SandboxCommand,
        launched: Launched,
        stdin: Iterable[bytes],
        on_stdout: Callable[[bytes], None] | None,
    ) -> None:
        self._limits = command.limits
        self._launched = launched
        self._pieces: Iterator[bytes] = iter(stdin)
        self._unsent = memoryview(b"")
        self._on_stdout = on_stdout
        self._kept: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        self._bytes_out = 0
        self._selector = selectors.DefaultSelector()
        self._is_fed = False  # it has all of its input, or reads no more
        self._end = select.poll()

    def to_the_end(self) -> SandboxOutcome:
        process, watch = self._launched.process, Watch(self._launched)
        started = time.monotonic()
        next_look = started
        ending: SandboxEnding | None = None
        with self._selector, watch:
            self._listen()
            while ending is None and (self._open_outputs() or process.poll() is None):
                before = self._bytes_out
                for key, _ in self._selector.select(_LOOK_S):
                    ending = ending or self._serve(key.data)
                if self._is_fed and 0 < self._bytes_out - before < _CHUNK:
                    # Let output gather, unless the program ends: to read a line alone costs as much as many together.
                    self._end.poll(_GATHER_MS)
                now = time.monotonic()
                if process.poll() is not None:
                    # The command is over; what it left behind holds the pipes open, and goes now.
                    self._launched.kill()
                elif ending is None and now - started > self._limits.wall_s:
                    ending = "wall_time"
                elif ending is None and now >= next_look:
                    ending, next_look = watch.look(self._limits), now + _LOOK_S
                if ending == "wall_time":
                    watch.look_at_time()
            wall_s = time.monotonic() - started
        return SandboxOutcome(
            ending=ending or "exited",
            exit_code=process.returncode if ending is None else None,
            stdout=b"".join(self._kept["stdout"]),
            stderr=b"".join(self._kept["stderr"]),
            wall_s=wall_s,
            peak_memory_bytes=watch.peak_memory_bytes,
            cpu_s=watch.cpu_s if ending in ("wall_time", "cpu_time") else None,
        )

    def _listen(self) -> None:
        import fcntl  # late: only a sandbox needs it, and Windows has neither

        process = self._launched.process
        streams: tuple[tuple[IO[bytes] | None, str, int], ...] = (
            (process.stdin, "stdin", selectors.EVENT_WRITE),
            (process.stdout, "stdout", selectors.EVENT_READ),
            (process.stderr, "stderr", selectors.EVENT_READ),
        )
        for stream, name, event in streams:
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, event, name)
            if event == selectors.EVENT_READ:
                with suppress(OSError):  # a user may have no more such pipes
                    fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        # Readable once the process has ended, so that nothing waits for the next look.
        self._selector.register(self._launched.process_end, selectors.EVENT_READ, "end")
        self._end.register(self._launched.process_end, select.POLLIN)

    def _open_outputs(self) -> bool:
        return any(key.data in ("stdout", "stderr") for key in self._selector.get_map().values())

    def _serve(self, name: str) -> SandboxEnding | None:
        process = self._launched.process
        if name == "end":
            self._selector.unregister(self._launched.process_end)
        elif name == "stdin":
            self._feed()
        else:
            stream = process.stdout if name == "stdout" else process.stderr
            assert stream is not None
            data = b""
            with suppress(BlockingIOError):
                data = os.read(stream.fileno(), _CHUNK)
                if not data:
                    self._selector.unregister(stream)
            return self._take(name, data)
        return None

    def _take(self, name: str, data: bytes) -> SandboxEnding | None:
        left = self._limits.output_bytes - self._bytes_out
        self._bytes_out += len(data)
        if name == "stdout" and self._on_stdout is not None:
            self._on_stdout(data[:left])
        else:
            self._kept[name].append(data[:left])
        return "output" if len(data) > left else None

    def _feed(self) -> None:
        stream = self._launched.process.stdin
        assert stream is not None
        if not self._unsent:
            self._unsent = memoryview(next(self._pieces, b""))
        try:
            if self._unsent:
                self._unsent = self._unsent[os.write(stream.fileno(), self._unsent) :]
                return
        except BlockingIOError:
            return
        except BrokenPipeError:
            pass  # it does not read to the end, which is its own affair
        self._is_fed = True
        self._selector.unregister(stream)
        with suppress(BrokenPipeError):
            stream.close()


def end_launched(launched: Launched) -> None:
    """Kill whatever is left, and wait until the kernel says that it is gone."""
    launched.kill()
    with suppress(ProcessLookupError):
        launched.process.kill()
    with suppress(subprocess.TimeoutExpired):
        launched.process.wait(_GONE_S)
    waiting = selectors.DefaultSelector()
    with waiting:
        waiting.register(launched.first_process, selectors.EVENT_READ)
        waiting.select(_GONE_S)
    for stream in (launched.process.stdin, launched.process.stdout, launched.process.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()

"""A sandbox command in, its process out, waiting inside its namespaces until it is watched and limited."""

from __future__ import annotations

import os
import platform
import select
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from milo_bench.sandbox.arguments import BUILT, Arguments
from milo_bench.sandbox.command import SandboxCommand
from milo_bench.sandbox.program import cannot_start, find_bubblewrap

_START_S: Final = 60.0
_BUILDING_S: Final = 0.001
_NOBODY: Final = 65534
_LAUNCHER: Final = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True)
class Launched:
    """A running sandbox. ``first_process`` and ``process_end`` are descriptors of processes: readable when they end.

    Killing ``first_process``, the first of its namespace, ends all the others. ``root`` is the sandbox's own root
    folder as a descriptor, opened before the command starts.
    """

    process: subprocess.Popen[bytes]
    process_end: int
    first_process: int
    root: int
    overlays: tuple[str, ...]

    def kill(self) -> None:
        """SIGKILL to everything inside. The descriptor cannot come to mean another process."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.first_process, signal.SIGKILL)


def launch(command: SandboxCommand, stack: ExitStack) -> Launched:
    """Start ``command``, held before its first instruction until its root can be watched.

    Descriptors are closed with ``stack``. Raises PrerequisiteError where the sandbox cannot be put up or a
    mount's source does not exist.
    """
    with ExitStack() as ours:
        with ExitStack() as handed_over:  # what the child has by then, we need no longer
            report, report_end = _pipe(handed_over, handed_over)
            passed_on, passed_on_end = _pipe(ours, handed_over)
            start_end, start = _pipe(handed_over, ours)
            arguments = Arguments(find_bubblewrap(), command, handed_over, staged=os.geteuid() == 0)
            words = [
                *(sys.executable, "-I", "-S", str(_LAUNCHER), str(_NOBODY), _limits(command)),
                *(str(report), str(passed_on_end), *arguments.all(report_end, start_end)),
            ]
            process = subprocess.Popen(  # noqa: S603  a fixed program; the command that it runs is fenced in
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={},
                cwd="/",
                pass_fds=(*arguments.contents, report, report_end, passed_on_end, start_end),
                process_group=0,  # so that what bwrap began can be ended before it has a session of its own
            )
        try:
            first_pid = _first_pid(passed_on, process)
            first_process = _kept(os.pidfd_open(first_pid), stack)
            process_end = _kept(os.pidfd_open(process.pid), stack)
            root = _root_of(first_pid, process, stack)
            os.write(start, b"\n")
        except BaseException:
            _end_group(process)
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
            raise
    return Launched(process, process_end, first_process, root, tuple(one.inside for one in command.overlays))


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[int, int]:
    """Both ends of a pipe, each closed with the stack that it is given to."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    return _kept(reading, reader), _kept(writing, writer)


def _kept(descriptor: int, stack: ExitStack) -> int:
    stack.callback(os.close, descriptor)
    return descriptor


def _first_pid(report: int, process: subprocess.Popen[bytes]) -> int:
    """The first process of the sandbox, once bwrap has made it and its limits are set."""
    ready, _, _ = select.select([report], [], [], _START_S)
    said = os.read(report, 64) if ready else b""
    if not said:
        raise _not_built(process)
    return int(said)


def _root_of(pid: int, process: subprocess.Popen[bytes], stack: ExitStack) -> int:
    """The sandbox's root, once bwrap has built it and waits; no event tells, but a file that only this root has."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError):
            root = _kept(os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC), stack)
            os.stat(BUILT.lstrip("/"), dir_fd=root)
            return root
        time.sleep(_BUILDING_S)
    raise _not_built(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _not_built(process: subprocess.Popen[bytes]) -> Exception:
    # The first process of the sandbox waits for our word and holds stderr: it has to end as well, and unstarted.
    _end_group(process)
    _, why = process.communicate()
    return cannot_start(why.decode("utf-8", "replace"))


def _limits(command: SandboxCommand) -> str:
    """Limits of every process of the sandbox: its first one has them before the command starts, the rest inherit."""
    import resource  # late: only a sandbox needs it, and Windows has neither

    limits = command.limits
    bounds = {
        resource.RLIMIT_DATA: limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.scratch_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if _counts_processes_by_namespace():
        bounds[resource.RLIMIT_NPROC] = limits.processes + 1  # with the one that reaps
    return ",".join(f"{kind}={bound}" for kind, bound in bounds.items())


def _counts_processes_by_namespace() -> bool:
    """Before Linux 5.14 the user's other processes would count, too; the watch bounds them alone there."""
    major, minor = platform.release().split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)) or 0)) >= (5, 14)

"""A running sandbox in, whether it has passed a bound on memory, processes or processor time out, by its own /proc."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from milo_bench.sandbox.command import SCRATCH, SandboxEnding, SandboxLimits
from milo_bench.sandbox.launch import Launched

_PAGE: Final = mmap.PAGESIZE
_TICKS: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_CORES: Final = os.cpu_count() or 1
# Processes that the sandbox itself has besides the command: the first one of its namespace, which reaps.
OWN_PROCESSES: Final = 1


class Watch:
    """Counts processes and memory of one sandbox. Everything is relative to descriptors that are opened once.

    The sandbox's /proc lists its own processes and no other, so no number can be mistaken for a stranger's.
    """

    def __init__(self, launched: Launched) -> None:
        places = (SCRATCH, "/dev/shm", *launched.overlays)  # noqa: S108  inside
        root = launched.root
        self._proc = os.open("proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root)
        self._scratch = [os.open(place.lstrip("/"), os.O_PATH | os.O_CLOEXEC, dir_fd=root) for place in places]
        self._began = time.monotonic()
        self.peak_memory_bytes = 0
        self.cpu_s = 0.0

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in (self._proc, *self._scratch):
            os.close(descriptor)

    def look(self, limits: SandboxLimits) -> SandboxEnding | None:
        """The bound that is passed now, None where none is."""
        with suppress(OSError):  # the sandbox has just ended
            pids = [name for name in os.listdir(self._proc) if name.isdigit()]  # noqa: PTH208  a descriptor, not a path
            if len(pids) > limits.processes + OWN_PROCESSES:
                return "processes"
            scratch = sum(self._used(place) for place in self._scratch)
            memory = scratch + sum(self._resident(pid) for pid in pids)
            if memory > limits.memory_bytes:
                # Pages that processes share were counted for each of them. Look closer before judging.
                memory = scratch + sum(self._share(pid) for pid in pids)
            self.peak_memory_bytes = max(self.peak_memory_bytes, memory)
            if memory > limits.memory_bytes:
                return "memory"
            # No need to look before that much can have been used.
            if limits.cpu_s is not None and (time.monotonic() - self._began) * _CORES > limits.cpu_s:
                self.look_at_time(pids)
                if self.cpu_s > limits.cpu_s:
                    return "cpu_time"
        return None

    def look_at_time(self, pids: Sequence[str] | None = None) -> None:
        """Update ``cpu_s``: processor time of all processes that run, and of those that one of them has waited for."""
        with suppress(OSError):
            if pids is None:
                pids = [name for name in os.listdir(self._proc) if name.isdigit()]  # noqa: PTH208  a descriptor
            self.cpu_s = max(self.cpu_s, sum(map(self._ticks, pids)) / _TICKS)

    def _ticks(self, pid: str) -> int:
        fields = self._read(f"{pid}/stat").rpartition(b")")[2].split()  # a program's name may hold anything
        return sum(map(int, fields[11:15])) if len(fields) > 15 else 0

    def _used(self, place: int) -> int:
        figures = os.fstatvfs(place)
        return (figures.f_blocks - figures.f_bfree) * figures.f_frsize

    def _resident(self, pid: str) -> int:
        fields = self._read(f"{pid}/statm").split()
        return int(fields[1]) * _PAGE if len(fields) > 1 else 0

    def _share(self, pid: str) -> int:
        for line in self._read(f"{pid}/smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
        return self._resident(pid)  # it hides the rest, so all of it counts

    def _read(self, path: str) -> bytes:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        except OSError:
            return b""  # this process has ended
        try:
            return os.read(descriptor, 1 << 16)
        except OSError:
            return b""
        finally:
            os.close(descriptor)

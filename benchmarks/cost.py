"""A command in, what it cost out: wall time, processor time, peak memory of its processes."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_S = 0.01


@dataclass(frozen=True)
class Cost:
    """``cpu_s`` is user and system time of the process and its finished children."""

    wall_s: float
    cpu_s: float
    peak_memory_mib: float
    returncode: int
    stdout: str
    stderr: str


def run_costed(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, timeout_s: float = 600
) -> Cost:
    """Run ``command`` to its end; past ``timeout_s`` it is killed.

    Peak memory is read from the processes' own high-water marks while they run (its children's are
    added, as if all peaked at once): the figure that wait4 gives starts from the memory of whoever
    started the process.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=cwd, stdin=subprocess.DEVNULL
    )
    assert process.stdout is not None and process.stderr is not None
    began_s = time.monotonic()
    texts: dict[str, bytes] = {}
    readers = [
        threading.Thread(target=lambda name=name, pipe=pipe: texts.__setitem__(name, pipe.read()))
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr))
    ]
    for reader in readers:
        reader.start()
    peaks_kib: dict[int, int] = {}
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        for member in _tree(process.pid):
            peaks_kib[member] = max(peaks_kib.get(member, 0), _high_water_kib(member))
        if time.monotonic() - began_s > timeout_s:
            process.kill()
        time.sleep(_SAMPLE_S)
    wall_s = time.monotonic() - began_s
    process.returncode = os.waitstatus_to_exitcode(status)
    for reader in readers:
        reader.join()
    process.stdout.close()
    process.stderr.close()
    return Cost(
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_memory_mib=sum(peaks_kib.values()) / 1024,
        returncode=process.returncode,
        stdout=texts["stdout"].decode(errors="replace"),
        stderr=texts["stderr"].decode(errors="replace"),
    )


def _tree(pid: int) -> list[int]:
    """``pid`` and all that it started, directly or not."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return [pid, *(member for child in children for member in _tree(int(child)))]


def _high_water_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1])

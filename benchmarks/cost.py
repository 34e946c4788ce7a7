"""A command in, what it cost out: wall time, processor time, peak memory of its process."""

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

    Peak memory is read from the process's own high-water mark while it runs: the figure that
    wait4 gives starts from the memory of whoever started the process.
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
    peak_kib = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak_kib = max(peak_kib, _high_water_kib(process.pid))
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
        peak_memory_mib=peak_kib / 1024,
        returncode=process.returncode,
        stdout=texts["stdout"].decode(errors="replace"),
        stderr=texts["stderr"].decode(errors="replace"),
    )


def _high_water_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1])

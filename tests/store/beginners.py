"""A state database's address in, processes that all open it at the same moment out: what each of them said."""

from __future__ import annotations

import subprocess
import sys

from tests.patience import WAIT_S


def open_at_once(state: str, count: int = 4) -> list[tuple[int, str]]:
    """Exit code and standard error of each; they start on a database without tables."""
    command = [sys.executable, "-m", "milo_bench.store.state.database"]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(count)
    ]
    for one in started:  # all are there before the first is told
        assert one.stdin is not None
        one.stdin.write(state)
        one.stdin.close()
        one.stdin = None
    found = []
    for one in started:
        _, said = one.communicate(timeout=WAIT_S)
        found.append((one.returncode, said))
    return found

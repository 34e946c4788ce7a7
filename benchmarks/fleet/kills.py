"""A two-node cluster in, what a kill every five seconds for a minute loses out: workers, nodes and the run itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path

from benchmarks.engine import Row
from benchmarks.fleet.nodes import LocalCluster
from benchmarks.fleet.runs import CALL_MS, Bench, lost_and_repeated, paced_bench

EVERY_S = 5.0
NODES, CONCURRENCY = 2, 1
WHAT = ("worker", "worker", "run", "worker", "node")


def kills(folder: Path, cluster: LocalCluster, seconds: float) -> Iterator[Row]:
    """The plan is long enough that it cannot end before the last kill; then it is left to end."""
    cases = int(NODES * CONCURRENCY * seconds * 1000 / CALL_MS * 0.9)
    killed: Counter[str] = Counter()
    with paced_bench(folder, cases, cluster) as bench:
        log = folder / "killed.jsonl"
        began_s = time.monotonic()
        run = _started(bench, log)
        due_s = began_s + EVERY_S
        for what in cycle(WHAT):
            if due_s > began_s + seconds:
                break
            with suppress(subprocess.TimeoutExpired):
                run.wait(max(0.0, due_s - time.monotonic()))
            if run.returncode is not None:
                break
            run = _kill(what, run, cluster, bench, log)
            killed[what] += 1
            due_s += EVERY_S
        _, said = run.communicate()
        if run.returncode != 0:
            raise RuntimeError(said[-800:])
        lasted_s = time.monotonic() - began_s
        again = bench.server.counts()["requests"] - cases
    lost, twice, failed = lost_and_repeated(log, cases)
    done = ", ".join(f"{count} {what}s" for what, count in killed.items())
    most = NODES * CONCURRENCY * killed["run"] + CONCURRENCY * (killed["worker"] + killed["node"])
    yield Row(f"killed: {done}", f"{cases:,} attempts in {lasted_s:.0f} s", f"one each {EVERY_S:.0f} s")
    yield Row(
        "rows lost, written twice, failed", f"{lost}, {twice}, {failed}", "0, 0, 0", not (lost or twice or failed)
    )
    yield Row("requests sent again", f"{again}", f"<= {most} at work when killed", again <= most)


def _started(bench: Bench, log: Path) -> subprocess.Popen[str]:
    command = bench.command(log, CONCURRENCY, "--on", "ray", *(["--resume"] if log.exists() else []))
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _kill(
    what: str, run: subprocess.Popen[str], cluster: LocalCluster, bench: Bench, log: Path
) -> subprocess.Popen[str]:
    if what == "run":
        run.kill()
        run.communicate()
        return _started(bench, log)
    if what == "node":
        # Not the head, which the run itself is a part of.
        cluster.remove_node(cluster.nodes.pop())
        cluster.nodes.append(cluster.add_node({}))
        return run
    for pid in cluster.worker_pids()[:1]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return run

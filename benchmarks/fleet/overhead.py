"""A two-node cluster in, what a call of 20 ms costs more on it than in one process out."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cost import run_costed
from benchmarks.engine import Row
from benchmarks.fleet.nodes import LocalCluster
from benchmarks.fleet.runs import CALL_MS, finished, ms_per_call, paced_bench

CONCURRENCY = 2  # in one process; on the fleet each of two nodes has half
MOST_PERCENT = 5.0


def overhead(folder: Path, cluster: LocalCluster, cases: int, rounds: int) -> Iterator[Row]:
    """Rounds of one and the other in turn, so that what else the machine does hits both alike."""
    found: dict[str, list[float]] = {"here": [], "ray": []}
    with paced_bench(folder, cases, cluster) as bench:
        for number in range(rounds):
            for on, concurrency in (("here", CONCURRENCY), ("ray", CONCURRENCY // 2)):
                log = folder / f"{on}-{number}.jsonl"
                finished(bench.command(log, concurrency, "--on", on))
                found[on].append(ms_per_call(log))
    one, fleet = (statistics.median(found[on]) for on in ("here", "ray"))
    more = 100 * (fleet / one - 1)
    ideal = CALL_MS / CONCURRENCY
    said = f"{cases:,} attempts, {rounds} rounds"
    yield Row("one process, wall time per attempt", f"{one:.2f} ms ({ideal:.0f} ms if it cost nothing)", said)
    yield Row("two nodes, wall time per attempt", f"{fleet:.2f} ms", said)
    yield Row("overhead of the fleet", f"{more:+.1f}%", f"<= {MOST_PERCENT:.0f}%", more <= MOST_PERCENT)


def head_cpu_ms(folder: Path, cluster: LocalCluster, cases: int) -> float:
    """Processor time of the run's own process for each attempt on the fleet: of a long run less that of a short one."""
    used = []
    for count in (cases // 10, cases):
        with paced_bench(folder / str(count), count, cluster) as bench:
            cost = run_costed(bench.command(folder / f"{count}.jsonl", 16, "--on", "ray"))
            if cost.returncode != 0:
                raise RuntimeError(cost.stderr[-800:])
            used.append(cost.cpu_s)
    return 1000 * (used[1] - used[0]) / (cases - cases // 10)

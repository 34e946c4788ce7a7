"""Measured costs of an attempt in, hours, money and bottleneck of 10 million attempts on 50 nodes out, by simulation.

Each node has slots that answer one attempt at a time, for a time drawn around the mean. The one process that runs the
plan takes in every answer, one after another, for the processor time that was measured. A node is lost now and then and
comes back; what it had is made again. The simulation follows a part of the plan, in steady state, and scales it.
"""

from __future__ import annotations

import heapq
import math
import random
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine import Row
from benchmarks.fleet.nodes import local_cluster
from benchmarks.fleet.overhead import head_cpu_ms
from milo_bench.core.records import Plan
from milo_bench.run.plan import plan_attempts
from milo_bench.run.schedule import Schedule

ATTEMPTS, NODES = 10_000_000, 50
SIMULATED = 400_000
KEYS_MEASURED = 100_000


@dataclass(frozen=True)
class Assumed:
    """What is not measured here, each with where it comes from."""

    slots: int = 16  # concurrent requests of a node's server: where small models on one GPU stop gaining
    mean_s: float = 6.0  # an answer of 300 tokens at 50 tokens per second and slot
    usd_per_node_hour: float = 2.5  # a rented GPU of 80 GB, on demand, in 2026
    hours_between_losses: float = 200.0  # of one node
    back_after_s: float = 600.0  # a lost node is replaced and has its model loaded
    row_bytes: int = 2_500  # of a log, for an answer of 300 tokens


@dataclass(frozen=True)
class Simulated:
    hours: float
    usd: float
    head_busy: float  # share of the time in which the run's process works
    slots_busy: float
    nodes_lost: float  # expected in all; their slots are made again


def simulate(head_s: float, nodes: int = NODES, assumed: Assumed = Assumed(), seed: int = 0) -> Simulated:
    """``head_s`` is the processor time of the run's own process for an attempt, in seconds."""
    chance = random.Random(seed)
    sigma = 0.6  # of the logarithm: answers differ in length
    mu = math.log(assumed.mean_s) - sigma**2 / 2
    lost_in = assumed.hours_between_losses * 3600
    down_until = [0.0] * nodes
    lost_at = [chance.expovariate(1 / lost_in) for _ in range(nodes)]
    ends = [(chance.lognormvariate(mu, sigma), node) for node in range(nodes) for _ in range(assumed.slots)]
    heapq.heapify(ends)
    head_free_s = busy_s = worked_s = now_s = 0.0
    done = 0
    while done < SIMULATED:
        end_s, node = heapq.heappop(ends)
        if end_s > lost_at[node] >= down_until[node]:
            down_until[node] = lost_at[node] + assumed.back_after_s
            lost_at[node] = down_until[node] + chance.expovariate(1 / lost_in)
        if end_s < down_until[node]:
            heapq.heappush(ends, (down_until[node] + chance.lognormvariate(mu, sigma), node))
            continue
        # The head takes answers in one after another; the slot has its next attempt ahead, and waits only if the head
        # is further behind than that.
        head_free_s = max(head_free_s, end_s) + head_s
        worked_s += head_s
        now_s = max(now_s, head_free_s)
        took_s = chance.lognormvariate(mu, sigma)
        busy_s += took_s
        heapq.heappush(ends, (max(end_s, head_free_s - assumed.mean_s / 2) + took_s, node))
        done += 1
    scale = ATTEMPTS / SIMULATED
    hours = now_s * scale / 3600
    return Simulated(
        hours=hours,
        usd=hours * nodes * assumed.usd_per_node_hour,
        head_busy=min(1.0, worked_s / now_s),
        slots_busy=min(1.0, busy_s / (now_s * nodes * assumed.slots)),
        nodes_lost=hours * nodes / assumed.hours_between_losses,
    )


def paper(folder: Path) -> Iterator[Row]:
    folder.mkdir()
    with local_cluster({}, {}) as cluster:
        head_ms = head_cpu_ms(folder, cluster, 1500)
    assumed = Assumed()
    yield Row("measured: processor time of the run's process", f"{head_ms:.2f} ms per attempt")
    said = f"{assumed.slots} slots, {assumed.mean_s:g} s per answer, ${assumed.usd_per_node_hour:g} per hour"
    yield Row("assumed: each node", said)
    for nodes in (10, NODES, 200, 400):
        found = simulate(head_ms / 1000, nodes)
        bottleneck = "the run's process" if found.head_busy > found.slots_busy else "the servers"
        yield Row(
            f"{nodes} nodes: {found.hours:,.1f} h, ${found.usd:,.0f}",
            f"bottleneck: {bottleneck}; run's process busy {found.head_busy:.0%}",
            f"{found.nodes_lost:.1f} nodes lost, {found.nodes_lost * assumed.slots:.0f} attempts made again",
        )
    most = assumed.mean_s / assumed.slots / (head_ms / 1000)
    yield Row("where it breaks: nodes that one process keeps busy", f"{most:,.0f}", f"{1000 / head_ms:,.0f} attempts/s")
    gib = ATTEMPTS * bytes_per_key() / 2**30
    yield Row("memory for the plan's keys in that process", f"{gib:.1f} GiB", f"measured on {KEYS_MEASURED:,}")
    yield Row("the log", f"{ATTEMPTS * assumed.row_bytes / 1e9:.0f} GB of JSON Lines")


def bytes_per_key() -> float:
    """Memory of one attempt that waits: its key and its place in the schedule."""
    plan = Plan(tuple(f"fixture-{n:06d}" for n in range(KEYS_MEASURED)), ("target",))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    keys = plan_attempts(plan)
    schedule = Schedule(keys, concurrency=1, lanes={})
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert schedule.unsent == len(keys)
    return used / len(keys)

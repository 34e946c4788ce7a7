"""A recorded log in, how fast one worker and two workers of a cluster judge it out, and what that is for a million."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.engine import Row
from benchmarks.fleet.nodes import LocalCluster
from benchmarks.grading import answers
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Plan, RunEnd, RunHeader, TargetRecord, Timings
from milo_bench.core.version import __version__
from milo_bench.evidence.grade_columns import grade_to_columns
from milo_bench.fleet.cluster import Cluster
from milo_bench.fleet.grading import RayGraders
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.suites import load_suite

MILLION = 1_000_000
LEAST_PERCENT = 80.0
_FIXTURES = 60  # each with six kinds of answers; repeats make up the rest


def recorded_log(path: Path, count: int) -> int:
    """A log of extraction answers: right, fenced, wrong, cut; how many attempts it has."""
    suite = load_suite("case_ops_v1")
    fixtures = [one for one in suite.fixtures if one.workload == "extraction"][:_FIXTURES]
    repeats = -(-count // len(fixtures))
    target = TargetRecord("recorded", "fake", "recorded")
    plan = Plan(tuple(one.id for one in fixtures), ("recorded",), repeats=repeats)
    header = RunHeader(
        run_id="recorded",
        created_at=datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
        tool_version=__version__,
        suite=suite.ref,
        workloads=(suite.workloads["extraction"],),
        targets=(target,),
        plan=plan,
    )
    writer = RunLogWriter.create(path, header, fixtures)
    texts = {one.id: list(answers(one)) for one in fixtures}
    for repeat in range(repeats):
        for fixture in fixtures:
            writer.append(_attempt(fixture, repeat, texts[fixture.id]))
    made = repeats * len(fixtures)
    writer.close(RunEnd("2026-01-01T00:00:00Z", made, 0, True, "done", float(made)))
    return made


def _attempt(fixture: Fixture, repeat: int, texts: list[str]) -> Attempt:
    key = AttemptKey(fixture.id, "recorded", repeat)
    return Attempt(key, "", Timings(0.0, 0.0, 1.0), output=texts[repeat % len(texts)])


@dataclass(frozen=True)
class Judged:
    """Seconds for reading and checking the log here, and for having it judged; processor time here and of workers."""

    read_s: float
    judged_s: float
    here_s: float
    workers_s: float
    digest: bytes

    def on_free_cores_s(self, workers: int) -> float:
        """Had each worker a core of its own: the slower of who sends and who judges, after the reading."""
        return self.read_s + max(self.here_s, self.workers_s / workers)


def judge(log: Path, cluster: LocalCluster) -> Judged:
    began_s = time.process_time()
    read = read_run_log(log)
    read_s = time.process_time() - began_s
    numbers = {id: number for number, id in enumerate(read.fixtures)}
    pool = RayGraders(Cluster(cluster.ray))
    workers_s, here_s, began_s = cluster.cpu_s(), time.process_time(), time.perf_counter()
    columns = grade_to_columns(read, numbers, pool=pool)
    judged_s, here_s = time.perf_counter() - began_s, time.process_time() - here_s
    rows = [[cases.outcome.tolist(), cases.fixture.tolist()] for cases in columns.values()]
    return Judged(read_s, judged_s, here_s, cluster.cpu_s() - workers_s, msgspec.msgpack.encode(rows))


def grading(folder: Path, cluster: LocalCluster, count: int) -> Iterator[Row]:
    """``cluster`` has one node at first; a second one joins. The first pass on each number of workers warms them up."""
    folder.mkdir()
    log, small = folder / "recorded.jsonl", folder / "small.jsonl"
    made = recorded_log(log, count)
    recorded_log(small, 600)
    cluster.ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    try:
        found = []
        for nodes in (1, 2):
            while len(cluster.nodes) < nodes:
                cluster.nodes.append(cluster.add_node({}))
            for _ in itertools.repeat(None, 2):
                judge(small, cluster)
            found.append(judge(log, cluster))
    finally:
        cluster.ray.shutdown()
    one, two = found
    assert one.digest == two.digest
    micro = 1e6 / made
    yield Row(
        "read and checked here", f"{one.read_s * micro:.0f} µs of processor time per attempt", f"{made:,} attempts"
    )
    yield Row("sent and taken in here", f"{two.here_s * micro:.0f} µs")
    yield Row("judged by 1 worker, by 2", f"{one.workers_s * micro:.0f} µs, {two.workers_s * micro:.0f} µs")
    wall = 100 * one.judged_s / (2 * two.judged_s)
    rates = f"{made / one.judged_s:,.0f}/s, {made / two.judged_s:,.0f}/s: {wall:.0f}% of linear"
    yield Row("as found on this machine, 1 worker and 2", rates)
    free = 100 * one.on_free_cores_s(1) / (2 * two.on_free_cores_s(2))
    minutes = [MILLION / made * found[n - 1].on_free_cores_s(n) / 60 for n in (1, 2)]
    yield Row(
        "1 million attempts, each worker with a core of its own",
        f"{minutes[0]:.1f} min by 1, {minutes[1]:.1f} min by 2: {free:.0f}% of linear",
        f">= {LEAST_PERCENT:.0f}%",
        free >= LEAST_PERCENT,
    )

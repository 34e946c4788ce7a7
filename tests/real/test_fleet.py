"""A run over two Ray nodes of this machine: workers, a node and the run itself are killed, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from benchmarks.fleet.nodes import LocalCluster, local_cluster
from benchmarks.trivial_suite import write_trivial_suite
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.targets.fake.script import Script
from milo_bench.targets.fake.server import FakeServer
from tests.patience import until

CASES, CONCURRENCY = 160, 2
MILO = str(Path(sys.executable).parent / "milo-bench")


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with local_cluster({"serves": "word"}, {"serves": "word"}) as cluster:
        yield cluster


class Bench:
    """A suite, a scripted server, and a run of one on the other over the fleet."""

    def __init__(self, folder: Path, cluster: LocalCluster, server: FakeServer) -> None:
        self.suite = write_trivial_suite(folder, CASES)
        self.out = folder / "fleet.jsonl"
        self.segments = folder / "segments"
        self.server = server
        self.runs: list[asyncio.subprocess.Process] = []
        self.config = folder / "bench.yaml"
        self.config.write_text(
            f"targets:\n  word:\n    api: openai\n    model: fake-1\n    base_url: {server.address}/v1\n"
            f"run:\n  fingerprint: false\n"
            f"fleet:\n  address: {cluster.address}\n  segments: {self.segments}\n  lost_after_s: 30\n"
            "  placement:\n    word: {serves: word}\n"
        )

    async def start(self, *more: str) -> asyncio.subprocess.Process:
        command = [MILO, "run", "--suite", str(self.suite), "--models", "word", "--config", str(self.config)]
        command += ["--on", "ray", "--out", str(self.out), "--concurrency", str(CONCURRENCY), *more]
        self.runs.append(await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE))
        return self.runs[-1]

    async def until_asked(self, count: int) -> None:
        await until(lambda: sum(self.asked().values()) >= count)

    def asked(self) -> dict[str, int]:
        """How often each case was asked; a worker that starts asks something else."""
        return {text: count for text, count in self.server.counts().items() if "case" in text}

    def sent_again(self) -> int:
        assert len(self.asked()) == CASES
        return sum(self.asked().values()) - CASES


async def ended(run: asyncio.subprocess.Process) -> tuple[int | None, str]:
    _, said = await run.communicate()
    return run.returncode, said.decode()


def whole(path: Path) -> RunLog:
    """The log, its seals checked; every attempt of the plan is in it once, and none failed."""
    log = read_run_log(path)
    keys = Counter(attempt.key for attempt in log.attempts)
    assert len(keys) == CASES and set(keys.values()) == {1}
    assert not any(attempt.failure for attempt in log.attempts)
    assert log.end is not None and log.end.complete and log.end.attempts == CASES
    return log


@pytest.fixture
async def bench(tmp_path: Path, cluster: LocalCluster) -> AsyncIterator[Bench]:
    server = FakeServer(Script.model_validate({"reply": {"text": "ok", "first_token_s": 0.02}}))
    await server.start()
    bench = Bench(tmp_path, cluster, server)
    yield bench
    for run in bench.runs:
        if run.returncode is None:
            run.kill()
            await run.wait()
    await server.stop()


async def test_killed_workers_lose_no_row_and_only_attempts_at_work_are_sent_again(
    bench: Bench, cluster: LocalCluster
) -> None:
    run = await bench.start()
    for count in (30, 80):
        await bench.until_asked(count)
        os.kill(cluster.worker_pids()[0], signal.SIGKILL)
    code, said = await ended(run)
    assert code == 0, said
    whole(bench.out)
    assert 0 <= bench.sent_again() <= 2 * CONCURRENCY
    assert not list(bench.segments.rglob("*.jsonl"))


async def test_a_run_that_was_killed_takes_up_what_its_workers_had_written(bench: Bench, cluster: LocalCluster) -> None:
    run = await bench.start()
    await bench.until_asked(60)
    run.kill()
    await run.wait()
    await until(lambda: not cluster.worker_pids())
    code, said = await ended(await bench.start("--resume"))
    assert code == 0, said
    whole(bench.out)
    assert 0 <= bench.sent_again() <= 2 * CONCURRENCY


async def test_a_node_that_is_lost_leaves_its_work_to_the_other_and_a_new_one_joins(
    bench: Bench, cluster: LocalCluster
) -> None:
    run = await bench.start()
    await bench.until_asked(40)
    cluster.remove_node(cluster.nodes.pop())
    cluster.nodes.append(cluster.add_node({"serves": "word"}))
    code, said = await ended(run)
    assert code == 0, said
    whole(bench.out)
    assert 0 <= bench.sent_again() <= CONCURRENCY


async def test_labels_that_no_node_has_end_the_command_before_anything_is_sent(
    bench: Bench, cluster: LocalCluster
) -> None:
    bench.config.write_text(bench.config.read_text().replace("{serves: word}", "{serves: others}"))
    code, said = await ended(await bench.start())
    assert code == 3
    assert "No node of the cluster has the labels of 'word' (serves=others)" in said
    assert not bench.out.exists() and not bench.server.requests

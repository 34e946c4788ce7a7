"""A run over two Ray nodes of this machine: workers, a node and the run itself are killed, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from benchmarks.fleet.nodes import LocalCluster, local_cluster
from benchmarks.trivial_suite import write_trivial_suite
from milo_bench.api import DecideOptions, decide_logs, decision_bytes
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.targets.fake.script import Script
from milo_bench.targets.fake.server import FakeServer
from tests.patience import until
from tests.sealing import seal_anew

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


@pytest.fixture
def recorded(tmp_path: Path, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of case_ops_v1, and a bench.yaml that names the cluster, in the folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    Path("script.yaml").write_text("reply: {text: '{\"claim\": 1} Nothing was approved.'}\n")
    Path("bench.yaml").write_text(
        "targets:\n  scripted: {api: fake, script: script.yaml}\n" + f"fleet: {{address: '{cluster.address}'}}\n"
    )
    log = Path("scripted.jsonl")
    milo("run", "--suite", "case_ops_v1", "--models", "scripted", "--limit", "40", "--out", str(log))
    return log


def milo(*words: str) -> bytes:
    return subprocess.run([MILO, *words], check=True, stdout=subprocess.PIPE).stdout


@pytest.mark.parametrize("command", [("grade",), ("score",), ("grade", "--suite", "case_ops_v1")])
def test_what_a_cluster_judges_is_byte_for_byte_what_one_machine_judges(
    recorded: Path, command: tuple[str, ...]
) -> None:
    here = milo(*command, str(recorded), "--json")
    assert len(here) > 1000
    assert milo(*command, str(recorded), "--json", "--on", "ray") == here


def test_the_bytes_of_a_decision_do_not_depend_on_where_its_answers_were_judged(recorded: Path) -> None:
    made = [
        decision_bytes(decide_logs(DecideOptions([recorded], on=on), created_at="2026-01-01T00:00:00Z"))
        for on in ("here", "ray")
    ]
    assert made[0] == made[1]


def test_a_damaged_line_has_its_number_wherever_it_is_judged(recorded: Path) -> None:
    log = recorded.with_name("damaged.jsonl")
    lines = recorded.read_bytes().splitlines(keepends=True)
    place = max(number for number, line in enumerate(lines) if line.startswith(b'{"type":"attempt"'))
    lines[place] = lines[place].replace(b'"repeat":0', b'"repeat":7')
    log.write_bytes(b"".join(lines))
    seal_anew(log)
    said = [
        subprocess.run([MILO, "score", str(log), *on], capture_output=True, check=False) for on in ([], ["--on", "ray"])
    ]
    assert [one.returncode for one in said] == [2, 2]
    assert said[0].stderr == said[1].stderr and f"line {place + 1}:".encode() in said[0].stderr


async def test_episodes_are_played_on_each_node_and_again_from_their_start_where_a_worker_dies(
    tmp_path: Path, cluster: LocalCluster
) -> None:
    server = FakeServer(Script.model_validate({"reply": {"text": "I cannot do that.", "first_token_s": 0.05}}))
    await server.start()
    config = tmp_path / "bench.yaml"
    config.write_text(
        f"targets:\n  word: {{api: openai, model: fake-1, base_url: '{server.address}/v1'}}\n"
        f"fleet: {{address: '{cluster.address}', segments: '{tmp_path / 'segments'}'}}\n"
    )
    command = [MILO, "operator", "run", "--models", "word", "--subset", "core", "--seed", "7", "--protocol", "fenced"]
    command += ["--config", str(config)]
    here, fleet = tmp_path / "here.jsonl", tmp_path / "fleet.jsonl"
    one = await asyncio.create_subprocess_exec(*command, "--out", str(here), stderr=asyncio.subprocess.PIPE)
    assert (await ended(one))[0] == 0
    asked = len(server.requests)
    run = await asyncio.create_subprocess_exec(
        *command, "--out", str(fleet), "--on", "ray", stderr=asyncio.subprocess.PIPE
    )
    await until(lambda: len(server.requests) >= asked + 12 and bool(cluster.worker_pids()))
    os.kill(cluster.worker_pids()[0], signal.SIGKILL)
    code, said = await ended(run)
    assert code == 0, said
    await server.stop()
    logs = [read_run_log(path) for path in (here, fleet)]
    points = [{episode.key: (episode.points, episode.ending) for episode in log.episodes} for log in logs]
    assert points[0] == points[1] and len(points[0]) == len(logs[1].episodes) > 0

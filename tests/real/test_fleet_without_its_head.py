"""A head that is killed in the middle of the work: the work ends, and is done under another head without a loss."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.fleet.grading import recorded_log
from benchmarks.fleet.nodes import LocalCluster, local_cluster
from milo_bench.targets.fake.script import Script
from milo_bench.targets.fake.server import FakeServer
from tests.patience import WAIT_S, until
from tests.real.test_fleet import CASES, CONCURRENCY, MILO, Bench, ended, whole


def kill_head(cluster: LocalCluster) -> None:
    """What holds the cluster together, and the processes of its first node, as where that machine loses its power."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = " ".join(process.cmdline())
            if "gcs_server" in words and str(cluster.folder) in words:
                process.send_signal(signal.SIGKILL)
    cluster.nodes[0].kill_all_processes(check_alive=False, allow_graceful=False)


TARGETS = "targets:\n  word: {api: openai, model: fake-1, base_url: 'http://127.0.0.1:1/v1'}\n"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def is_judging(cluster: LocalCluster) -> bool:
    """Whether a worker of the cluster judges answers now."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, IndexError):
            if process.cmdline()[0].startswith("ray::_judged"):
                return any(str(cluster.folder) in " ".join(parent.cmdline()) for parent in process.parents())
    return False


@pytest.mark.timeout(8 * WAIT_S)
@pytest.mark.parametrize("command", ["grade", "score", "decide"])
async def test_a_killed_head_ends_the_judging_of_a_log_and_changes_nothing(tmp_path: Path, command: str) -> None:
    log = tmp_path / "recorded.jsonl"
    recorded_log(log, 60_000)
    before = log.read_bytes()
    with local_cluster({}, {}) as cluster:
        (tmp_path / "bench.yaml").write_text(f"{TARGETS}fleet:\n  address: {cluster.address}\n")
        more = ["--out", str(tmp_path / "decision.json")] if command == "decide" else []
        judging = await asyncio.create_subprocess_exec(
            MILO, command, str(log), "--on", "ray", *more, cwd=tmp_path,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await until(lambda: is_judging(cluster))
        kill_head(cluster)
        code, said = await ended(judging)
    assert code == 3, said
    assert "The head of the Ray cluster is gone" in said or "The fleet could not judge" in said
    assert "Traceback" not in said
    assert log.read_bytes() == before
    assert names(tmp_path) == ["bench.yaml", "recorded.jsonl"]


@pytest.mark.timeout(8 * WAIT_S)
async def test_a_killed_head_loses_no_row_and_a_resume_finishes_under_another(tmp_path: Path) -> None:
    server = FakeServer(Script.model_validate({"reply": {"text": "ok", "first_token_s": 0.3}}))
    await server.start()
    try:
        with local_cluster({"serves": "word"}, {"serves": "word"}) as cluster:
            bench = Bench(tmp_path, cluster, server)
            run = await bench.start()
            await bench.until_asked(40)
            kill_head(cluster)
            code, said = await ended(run)
            assert code in (3, 4), said
            assert "resume the run" in said
            assert "Traceback" not in said
        with local_cluster({"serves": "word"}, {"serves": "word"}) as cluster:
            bench.config.write_text(bench.config.read_text().replace("address:", f"address: {cluster.address} #", 1))
            code, said = await ended(await bench.start("--resume"))
            assert code == 0, said
        whole(bench.out)
        assert len(bench.asked()) == CASES
        assert 0 <= bench.sent_again() <= 2 * CONCURRENCY
    finally:
        await server.stop()

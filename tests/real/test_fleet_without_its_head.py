"""A head that is killed in the middle of a run: the run ends, and goes on under another head without a loss."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.fleet.nodes import LocalCluster, local_cluster
from milo_bench.targets.fake.script import Script
from milo_bench.targets.fake.server import FakeServer
from tests.patience import WAIT_S
from tests.real.test_fleet import CASES, CONCURRENCY, Bench, ended, whole


def kill_head(cluster: LocalCluster) -> None:
    """What holds the cluster together, and the processes of its first node, as where that machine loses its power."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = " ".join(process.cmdline())
            if "gcs_server" in words and str(cluster.folder) in words:
                process.send_signal(signal.SIGKILL)
    cluster.nodes[0].kill_all_processes(check_alive=False, allow_graceful=False)


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

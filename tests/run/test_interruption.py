"""Real processes against a real server: killed, interrupted, resumed."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from milo_bench.core.records import RunEnd
from milo_bench.store.log.reader import read_run_log
from milo_bench.targets.fake.server import FakeServer, start_fake
from tests.patience import WAIT_S

ROOT = Path(__file__).parents[2]
CASES = 400
CONNECTIONS = 8
QUICK = {"reply": {"text": "ok", "first_token_s": 0.004}}


async def begin(log: Path, server: FakeServer) -> asyncio.subprocess.Process:
    arguments = ["-m", "tests.run.one_run", str(log), server.base_url, str(CASES), str(CONNECTIONS)]
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT)


async def wait_for_line(process: asyncio.subprocess.Process, wanted: Callable[[str], bool]) -> None:
    """Until the process has printed such a line; fails where it ended without."""
    assert process.stdout is not None
    async for line in process.stdout:
        if wanted(line.decode().strip()):
            return
    pytest.fail(f"the run ended with {await process.wait()} before that")


async def wait_for_requests(server: FakeServer, process: asyncio.subprocess.Process, count: int) -> None:
    """Until the server has so many requests of the process; fails where it ended without."""
    asking = asyncio.ensure_future(server.wait_for_requests(count))
    ended = asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait({asking, ended}, return_when=asyncio.FIRST_COMPLETED)
        assert asking.done(), f"the run ended with {process.returncode} before that"
    finally:
        asking.cancel()
        ended.cancel()


def asked(server: FakeServer) -> Counter[str]:
    """How often each case was sent; the request that proves a target ready is no case."""
    return Counter({key: count for key, count in server.counts().items() if key.startswith("case ")})


async def test_a_killed_run_resumes_with_every_case_once_and_at_most_its_connections_sent_twice(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with start_fake(QUICK) as server:
        process = await begin(log, server)
        await wait_for_line(process, lambda line: int(line) >= CASES // 2)
        process.kill()
        assert await process.wait() == -signal.SIGKILL
        kept = len(read_run_log(log).attempts)
        assert CASES // 2 - CONNECTIONS <= kept < CASES

        again = await begin(log, server)
        await again.communicate()
        assert again.returncode == 0
        counts = asked(server)
    rows = read_run_log(log)
    assert len(rows.attempts) == len({a.key.fixture for a in rows.attempts}) == CASES
    assert rows.end is not None and rows.end.complete and not rows.end.failures
    assert len(counts) == CASES
    assert sum(counts.values()) - CASES <= CONNECTIONS


async def interrupt(tmp_path: Path, script: dict[str, Any], *, signals: int) -> tuple[int | None, RunEnd | None, int]:
    log = tmp_path / "log.jsonl"
    async with start_fake(script) as server:
        process = await begin(log, server)
        await wait_for_requests(server, process, 1 + CONNECTIONS)
        process.send_signal(signal.SIGINT)
        if signals == 2:
            await wait_for_line(process, lambda line: line == "stopping")
            process.send_signal(signal.SIGINT)
        code = await asyncio.wait_for(process.wait(), WAIT_S)
    return code, read_run_log(log).end, len(read_run_log(log).attempts)


async def test_ctrl_c_ends_cleanly_with_an_end_line_and_the_resume_finishes_the_rest(tmp_path: Path) -> None:
    code, end, rows = await interrupt(tmp_path, QUICK, signals=1)
    assert code == 130
    assert end is not None and end.reason == "interrupted" and not end.complete and end.attempts == rows
    async with start_fake(QUICK) as server:
        again = await begin(tmp_path / "log.jsonl", server)
        await again.communicate()
        assert again.returncode == 0
        assert len(asked(server)) == CASES - rows


async def test_a_second_ctrl_c_leaves_although_the_server_never_answers(tmp_path: Path) -> None:
    hangs = {"rules": [{"when": {"contains": "case"}, "fault": "hang_before_first_token"}]}
    code, end, rows = await interrupt(tmp_path, hangs, signals=2)
    assert code == 130 and rows == 0
    assert end is not None and end.reason == "interrupted"

"""Readiness, cold start and recovery, on scripted servers in processes of their own that really start and die."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from milo_bench.core.errors import PrerequisiteError
from milo_bench.probes.context import ProbeOptions
from milo_bench.targets.fake.process import start_fake_process
from milo_bench.targets.fake.server import start_fake
from tests.probes.conftest import RunProbe
from tests.probes.servers import Asked, say, serving


@pytest.fixture
def own(tmp_path: Path) -> Any:
    """Settings of a target whose fake server the bench starts itself."""

    def settings(script: dict[str, Any]) -> dict[str, Any]:
        path = tmp_path / "script.json"
        path.write_text(json.dumps(script))
        return {"api": "fake", "script": str(path), "settings": {"process": True}}

    return settings


async def test_ready_before_the_model_is_loaded_is_a_failure_with_a_check_to_paste(
    run_probe: RunProbe, own: Any
) -> None:
    result = await run_probe("readiness", "", config=own({"health": {"load_after_s": 0.8}}))
    assert result.outcome == "fail" and "/health reported ready" in result.finding
    assert result.evidence["refused_after_ready"] > 0
    assert result.evidence["gap_s"] > 0.3
    check = result.evidence["check_to_install"]
    assert check in result.finding
    words = shlex.split(check)
    assert words[0] == "curl" and json.loads(words[words.index("-d") + 1])["max_tokens"] == 1


async def test_ready_together_with_the_first_token_passes(run_probe: RunProbe, own: Any) -> None:
    script = {"health": {"ready_after_s": 0.5, "load_after_s": 0.5}}
    result = await run_probe("readiness", "", config=own(script))
    assert result.outcome == "pass", result.finding
    assert result.evidence["token_s"] >= 0.4


async def test_a_running_server_that_says_ready_and_answers_nothing_is_a_failure(run_probe: RunProbe) -> None:
    async with start_fake({"health": {"load_after_s": 60}}) as fake:
        result = await run_probe("readiness", fake.base_url)
    assert result.outcome == "fail" and "HTTP 503" in result.finding


async def test_a_running_server_that_loads_on_the_first_request_is_a_failure(run_probe: RunProbe) -> None:
    rules = [{"when": {"requests": [1]}, "reply": {"first_token_s": 1.2}}]
    async with start_fake({"rules": rules}) as fake:
        result = await run_probe("readiness", fake.base_url)
    assert result.outcome == "fail" and "was not loaded" in result.finding


async def test_a_start_that_was_not_seen_is_undecided(run_probe: RunProbe) -> None:
    async with start_fake({}) as fake:
        result = await run_probe("readiness", fake.base_url)
    assert result.outcome == "undecided" and "--restart-command" in result.finding


async def test_without_a_page_that_says_ready_readiness_is_undecided(run_probe: RunProbe) -> None:
    async def handler(asked: Asked) -> None:
        if asked.path == "/v1/chat/completions":
            say(asked, "pong")
        else:
            asked.reply(404, {"error": "no"})

    async with serving(handler) as port:
        result = await run_probe("readiness", f"http://127.0.0.1:{port}/v1")
    assert result.outcome == "undecided" and "No endpoint reports ready" in result.finding


async def test_a_server_that_is_fast_from_the_first_request_passes_cold_start(run_probe: RunProbe, own: Any) -> None:
    result = await run_probe("cold_start", "", config=own({"reply": {"first_token_s": 0.01}}))
    assert result.outcome == "pass", result.finding
    assert result.evidence["warm_up_ratio"] < 3
    assert result.evidence["reload"]["token_s"] > 0


async def test_slow_first_requests_are_a_failure(run_probe: RunProbe, own: Any) -> None:
    # Two starts are watched with a one-token request each; slow are the first five after that.
    rules = [{"when": {"from_request": 2, "to_request": 6}, "reply": {"first_token_s": 0.8}}]
    result = await run_probe("cold_start", "", config=own({"rules": rules}))
    assert result.outcome == "fail" and "The first 5 requests take" in result.finding


async def test_a_slow_first_request_after_idling_is_a_failure(run_probe: RunProbe) -> None:
    last_s = 0.0

    async def handler(asked: Asked) -> None:
        nonlocal last_s
        now_s = asyncio.get_running_loop().time()
        if asked.path != "/v1/chat/completions":
            asked.reply(404, {"error": "no"})
            return
        if last_s and now_s - last_s > 0.7:
            await asyncio.sleep(0.9)  # the model is loaded again
        last_s = asyncio.get_running_loop().time()
        say(asked, "pong")

    async with serving(handler) as port:
        result = await run_probe("cold_start", f"http://127.0.0.1:{port}/v1")
    assert result.outcome == "fail" and "after 1 s of idling" in result.finding


async def test_cold_start_of_a_server_that_cannot_be_restarted_is_undecided(run_probe: RunProbe) -> None:
    async with start_fake({}) as fake:
        result = await run_probe("cold_start", fake.base_url)
    assert result.outcome == "undecided" and "--restart-command" in result.finding


async def test_a_server_that_comes_back_after_a_kill_passes(run_probe: RunProbe, own: Any) -> None:
    result = await run_probe("recovery", "", config=own({"reply": {"text": "a b", "first_token_s": 5}}))
    assert result.outcome == "pass", result.finding
    assert result.evidence["lost"] == 4
    assert result.evidence["lost_by_kind"] == {"server_died": 4}


async def test_a_kill_without_requests_in_flight_is_undecided(run_probe: RunProbe, own: Any) -> None:
    result = await run_probe("recovery", "", config=own({"reply": {"text": "a b"}}))
    assert result.outcome == "undecided" and "no request was in flight" in result.finding


async def test_a_server_that_is_not_ours_is_never_killed(run_probe: RunProbe) -> None:
    async with start_fake({}) as fake:
        result = await run_probe("recovery", fake.base_url)
        assert fake.requests == []
    assert result.outcome == "undecided" and "--restart-command" in result.finding


RESTART = """
import os, signal, subprocess, sys
os.kill(int(open(sys.argv[1]).read()), signal.SIGKILL)
code = (
    "import sys; from milo_bench.targets.fake.process import *; "
    "serve_until_interrupted(load_script(Path(sys.argv[1])), port=int(sys.argv[2]))"
)
started = subprocess.Popen([sys.executable, "-c", code, sys.argv[2], sys.argv[3]], stdout=subprocess.DEVNULL)
open(sys.argv[1], "w").write(str(started.pid))
"""


@pytest.mark.parametrize("late", [False, True])
async def test_a_restart_command_shows_the_start_and_the_return(
    run_probe: RunProbe, tmp_path: Path, late: bool
) -> None:
    script, pid, restart = tmp_path / "script.json", tmp_path / "pid", tmp_path / "restart.py"
    loading_s = 0.8 if late else 0.0
    script.write_text(
        json.dumps({"reply": {"text": "a b", "first_token_s": 0.05}, "health": {"load_after_s": loading_s}})
    )
    restart.write_text(RESTART)
    first = await start_fake_process(script)
    pid.write_text(str(first.pid))
    port = first.address.rpartition(":")[2]
    command = (sys.executable, str(restart), str(pid), str(script), port)
    options = ProbeOptions(quick=True, restart_command=command)
    base_url = f"{first.address}/v1"
    try:
        result = await run_probe("readiness", base_url, options)
        assert result.outcome == ("fail" if late else "pass"), result.finding
        if not late:
            recovered = await run_probe("recovery", base_url, options)
            assert recovered.outcome in ("pass", "undecided"), recovered.finding
            assert recovered.evidence["how"] == "restarted by the given command"
    finally:
        kill = [sys.executable, "-c", "import os,sys; os.kill(int(open(sys.argv[1]).read()), 9)", str(pid)]
        await (await asyncio.create_subprocess_exec(*kill)).wait()
        await first.process.wait()


async def test_a_restart_command_that_fails_is_undecided(run_probe: RunProbe) -> None:
    async with start_fake({}) as fake:
        with pytest.raises(PrerequisiteError, match="exit status 3"):
            options = ProbeOptions(restart_command=(sys.executable, "-c", "raise SystemExit(3)"))
            await run_probe("readiness", fake.base_url, options)


async def test_a_restart_command_that_restarts_nothing_is_an_error(
    run_probe: RunProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("milo_bench.probes.starting.SAME_SERVER_GRACE_S", 0.2)
    options = ProbeOptions(restart_command=(sys.executable, "-c", ""))
    async with start_fake({}) as fake:
        with pytest.raises(PrerequisiteError, match="old server"):
            await run_probe("readiness", fake.base_url, options)

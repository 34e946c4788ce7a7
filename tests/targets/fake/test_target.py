"""``api: fake``: in this process or in one of its own, started without using up the script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Timeouts
from milo_bench.targets import Target, open_target
from milo_bench.targets.apis.fake import FakeTarget


def fake_target(folder: Path, script: str, **settings: bool) -> Target:
    file = folder / "script.yaml"
    file.write_text(script)
    return open_target(TargetConfig(name="fake", api="fake", script=str(file), settings=settings), {})


async def ask(target: Target, text: str = "hello") -> Exchange:
    request = ChatRequest(messages=(Message("user", text),))
    return await target.ask(request, timeouts=Timeouts(), zero_s=time.monotonic(), intended_s=0.0)


async def test_starting_uses_up_none_of_the_script(tmp_path: Path) -> None:
    target = fake_target(tmp_path, "rules: [{when: {requests: [1]}, reply: {text: first}}]")
    record = await target.start()
    try:
        assert (record.api, record.runtime, record.model) == ("fake", "fake", "fake-1")
        assert [(await ask(target)).text for _ in range(2)] == ["first", "ok"]
    finally:
        await target.stop()


async def test_a_dead_process_is_said_to_have_died(tmp_path: Path) -> None:
    script = "rules: [{when: {contains: die}, fault: process_death}]"
    target = fake_target(tmp_path, script, process=True)
    await target.start()
    try:
        (pid,) = target.server_pids()
        assert pid != os.getpid()
        assert (await ask(target)).text == "ok"
        died, after = await ask(target, "die"), await ask(target)
    finally:
        await target.stop()
    assert died.failure is not None and died.failure.kind == "server_died"
    assert "137" in died.failure.message
    assert after.failure is not None and after.failure.kind == "server_died"


def test_an_unknown_setting_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        fake_target(tmp_path, "{}", proces=True)
    assert "Did you mean 'process'?" in caught.value.hint


def test_a_broken_script_is_refused_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="repply"):
        fake_target(tmp_path, "repply: {}")


async def test_a_target_that_never_started_stops_quietly(tmp_path: Path) -> None:
    target = fake_target(tmp_path, "{}")
    assert isinstance(target, FakeTarget)
    await target.stop()
    assert target.server_pids() == ()


def test_the_command_prints_its_address_and_ends_on_ctrl_c() -> None:
    command = [sys.executable, "-m", "milo_bench.cli.main", "fake-server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("http://127.0.0.1:")
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == 0

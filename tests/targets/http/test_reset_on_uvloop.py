"""A reset is a reset at once, on the event loop that runs really use."""

import time
from pathlib import Path

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.records import Timeouts
from milo_bench.targets import open_target
from tests.patience import WAIT_S

uvloop = pytest.importorskip("uvloop")


def test_a_reset_behind_the_last_bytes_does_not_wait_for_a_timeout(tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("reply: {first_token_s: 0.05}\nrules: [{when: {every: 2}, fault: reset_mid_stream}]\n")

    async def ask_four() -> list[str]:
        target = open_target(TargetConfig(name="a", api="fake", script=str(script)), {})
        await target.start()
        kinds = []
        request = ChatRequest((Message("user", "x"),), max_tokens=5)
        for _ in range(4):
            now = time.monotonic()
            done = await target.ask(request, timeouts=Timeouts(WAIT_S, WAIT_S, WAIT_S), zero_s=now, intended_s=0.0)
            kinds.append(done.failure.kind if done.failure else "")
        await target.stop()
        return kinds

    began = time.monotonic()
    assert uvloop.run(ask_four()) == ["", "reset", "", "reset"]
    assert time.monotonic() - began < WAIT_S

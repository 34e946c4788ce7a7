"""The embedded server with real weights: answers, schema, slots, death, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.errors import TargetError
from milo_bench.core.records import Timeouts
from milo_bench.targets import Target, open_target
from tests.patience import WAIT_S, until

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="session")]

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "case_id": {"type": "string", "pattern": "^[0-9]{5}$"},
        "received_date": {"type": ["string", "null"], "format": "date"},
        "issue_type": {"enum": ["damage", "delay", None]},
        "urgency": {"anyOf": [{"enum": ["low", "normal", "high"]}, {"type": "null"}]},
    },
    "required": ["case_id", "received_date", "issue_type", "urgency"],
    "additionalProperties": False,
}


async def ask(target: Target, text: str, **more: Any) -> Exchange:
    request = ChatRequest((Message("user", text),), **more)
    return await target.ask(request, timeouts=Timeouts(), zero_s=time.monotonic(), intended_s=0.0)


async def test_an_answer_streams_with_usage_and_repeats_itself_without_a_cache(smollm2_target: Target) -> None:
    first = await ask(smollm2_target, "Say hello.", max_tokens=8)
    again = await ask(smollm2_target, "Say hello.", max_tokens=8)
    assert first.failure is None
    assert first.text == again.text != ""
    assert first.usage.completion_tokens == 8
    assert sum(first.timings.chunk_tokens) <= 8
    # A repeat must not be flattered by the prompt of the one before.
    assert again.usage.cached_tokens == 0
    assert again.server_timings["prompt_n"] == again.usage.prompt_tokens


async def test_the_record_says_what_is_served(smollm2_target: Target) -> None:
    record = smollm2_target.record
    assert record.model_digest.startswith("sha256:")
    assert (record.quantisation, record.context_window) == ("Q4_1", 2048)
    assert record.settings["parallel"] == 2
    assert record.settings["chat_template"] == "from the model file"
    (pid,) = smollm2_target.server_pids()
    assert psutil.pid_exists(pid)


async def test_a_schema_with_nullable_enums_and_dates_is_kept(smollm2_target: Target) -> None:
    text = "Extract from: case 84291 came on 3 March 2025 about damage."
    answer = await ask(smollm2_target, text, max_tokens=120, json_schema=SCHEMA)
    assert answer.failure is None
    data = json.loads(answer.text)
    assert set(data) == set(SCHEMA["required"])
    assert data["urgency"] in ("low", "normal", "high", None)


async def test_two_slots_answer_at_once(smollm2_target: Target) -> None:
    one, two = await asyncio.gather(
        ask(smollm2_target, "Count to ten.", max_tokens=24), ask(smollm2_target, "Name a colour.", max_tokens=24)
    )
    assert one.failure is None
    assert two.failure is None
    assert one.timings.first_content_s is not None
    assert two.timings.first_content_s is not None
    assert max(one.timings.first_content_s, two.timings.first_content_s) < min(one.timings.ended_s, two.timings.ended_s)


async def test_a_prompt_over_the_window_is_a_context_overflow(smollm2_target: Target) -> None:
    answer = await ask(smollm2_target, "word " * 2500, max_tokens=4)
    assert answer.failure is not None
    assert answer.failure.kind == "context_overflow"


async def test_requests_in_quick_succession_are_never_lost(smollm2_target: Target) -> None:
    for _ in range(15):
        assert (await ask(smollm2_target, "Hi", max_tokens=1)).failure is None


async def test_a_server_that_dies_mid_answer_is_said_so(smollm2_config: TargetConfig) -> None:
    target = open_target(smollm2_config, os.environ)
    await target.start()
    task = asyncio.create_task(ask(target, "Tell a long story.", max_tokens=1000))
    server = psutil.Process(target.server_pids()[0])
    before_s = server.cpu_times().user
    await until(lambda: server.cpu_times().user > before_s + 0.2)  # at work on some ten seconds of answer
    server.kill()
    exchange = await task
    assert exchange.failure is not None
    assert exchange.failure.kind == "server_died"
    assert "signal 9" in exchange.failure.message
    assert "long story" not in exchange.failure.message
    later = await ask(target, "Still there?")
    assert later.failure is not None
    assert later.failure.kind == "server_died"
    await target.stop()


async def test_broken_weights_end_in_one_clear_error(tmp_path: Path, smollm2_config: TargetConfig) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\x03" * 100)
    target = open_target(smollm2_config.model_copy(update={"weights": str(broken)}), os.environ)
    with pytest.raises(Exception, match="as GGUF"):
        await target.start()


async def test_a_server_that_cannot_start_gives_its_log_as_the_cause(
    tmp_path: Path, smollm2_config: TargetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = open_target(smollm2_config, os.environ)
    real = type(target)._parameters  # type: ignore[attr-defined]  # the one place where the file's path is decided

    def elsewhere(self: object, path: Path, facts: object) -> Mapping[str, Any]:
        return {**real(self, path, facts), "model": str(tmp_path / "gone.gguf")}

    monkeypatch.setattr(type(target), "_parameters", elsewhere)
    with pytest.raises(TargetError, match="ended before it was ready"):
        await target.start()


_PARENT = """
import asyncio, os, sys
from milo_bench.config.settings import TargetConfig
from milo_bench.targets import open_target
async def main():
    config = TargetConfig(name="s", api="llamacpp", weights="builtin:smollm2", context_window=512, threads=1)
    target = open_target(config, os.environ)
    await target.start()
    print(*target.server_pids(), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_a_killed_bench_leaves_no_server_behind(smollm2_config: TargetConfig) -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE) as parent:  # noqa: ASYNC220
        assert parent.stdout is not None
        server = psutil.Process(int(await asyncio.to_thread(parent.stdout.readline)))
        parent.kill()
        await asyncio.to_thread(psutil.wait_procs, [server], WAIT_S)
        assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


async def test_stop_ends_the_server(smollm2_config: TargetConfig) -> None:
    target = open_target(smollm2_config, os.environ)
    await target.start()
    server = psutil.Process(target.server_pids()[0])
    await target.stop()
    assert not server.is_running()
    assert target.server_pids() == ()

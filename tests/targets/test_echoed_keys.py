"""A key goes to its server and nowhere else: not where the server echoes it, and not out of a request's own fields."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.records import Timeouts
from milo_bench.targets.apis.openai import OpenAiTarget
from milo_bench.targets.http.reply import HttpReply
from tests.patience import WAIT_S

KEY = "sk-live-4711-abcdef"
REQUEST = ChatRequest((Message("user", "x"),))


class Echo:
    """A wire whose server puts the key wherever it can."""

    def __init__(self, chunk: dict[str, Any]) -> None:
        self._body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
        self.sent = b""

    async def fetch(self, method: str, path: str, body: bytes = b"", **_: Any) -> HttpReply:
        self.sent = body
        now = time.monotonic_ns()
        head = {"content-type": "text/event-stream"}
        return HttpReply(now, now, now + 1, 200, head, [(now + 1, self._body)])

    async def close(self) -> None: ...


def echoed(delta: dict[str, Any], finish: str = "stop") -> dict[str, Any]:
    timings = {KEY: 1.0, "prompt_ms": 2.0}
    return {"model": KEY, "choices": [{"delta": delta, "finish_reason": finish}], "timings": timings}


def target(chunk: dict[str, Any], **config: Any) -> tuple[OpenAiTarget, Echo]:
    wire = Echo(chunk)
    made = OpenAiTarget(
        TargetConfig(name="t", api="openai", model="m", base_url="http://127.0.0.1:9/v1", **config), {"MY_KEY": KEY}
    )
    made._wire = wire
    return made, wire


@pytest.mark.parametrize(
    "chunk",
    [
        echoed({"content": f"your key is {KEY}."}),
        echoed({"reasoning_content": f"the key {KEY}", "content": "x"}),
        echoed({"tool_calls": [{"id": KEY, "function": {"name": KEY, "arguments": f'{{"k": "{KEY}"}}'}}]}),
        echoed({"content": "x"}, finish=KEY),
    ],
)
@pytest.mark.parametrize(
    "config", [{"api_key_env": "MY_KEY"}, {"settings": {"extra_body": {"auth": {"api_key": KEY}}}}]
)
async def test_an_echoed_key_is_not_in_the_exchange(chunk: dict[str, Any], config: dict[str, Any]) -> None:
    made, _ = target(chunk, **config)
    limits = Timeouts(WAIT_S, WAIT_S, WAIT_S)
    exchange = await made.ask(REQUEST, timeouts=limits, zero_s=time.monotonic(), intended_s=0.0)
    written = msgspec.json.encode(exchange).decode()
    assert KEY not in written and "(hidden)" in written


async def test_a_key_in_the_body_is_sent_and_not_recorded() -> None:
    fields = {"user_key": KEY, "top_p": 0.9, "note": f"Bearer {KEY}", "list": [{"password": "p4ssw0rd!"}]}
    made, wire = target(echoed({"content": "x"}), settings={"extra_body": fields})
    await made.ask(REQUEST, timeouts=Timeouts(WAIT_S, WAIT_S, WAIT_S), zero_s=time.monotonic(), intended_s=0.0)
    sent = json.loads(wire.sent)
    assert (sent["user_key"], sent["top_p"]) == (KEY, 0.9)
    recorded = msgspec.json.encode(made.record).decode()
    assert KEY not in recorded and "p4ssw0rd" not in recorded
    assert made.record.settings["extra_body"]["top_p"] == 0.9


async def test_a_placeholder_is_a_word_like_any_other() -> None:
    made, _ = target(echoed({"content": "none of it"}), settings={"extra_body": {"api_key": "none"}})
    limits = Timeouts(WAIT_S, WAIT_S, WAIT_S)
    exchange = await made.ask(REQUEST, timeouts=limits, zero_s=time.monotonic(), intended_s=0.0)
    assert exchange.text == "none of it"

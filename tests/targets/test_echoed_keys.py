"""A key goes to its server and nowhere else: not where the server echoes it, and not out of a request's own fields."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.records import ProbeResult, Timeouts
from milo_bench.probes.context import ProbeOptions
from milo_bench.probes.session import run_probes
from milo_bench.targets import open_target
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


class Pages(Echo):
    """A wire whose server answers every page with one document."""

    async def fetch(self, method: str, path: str, body: bytes = b"", **_: Any) -> HttpReply:
        reply = await super().fetch(method, path, body)
        reply.headers["content-type"] = "application/json"
        reply.pieces = [(reply.ended_ns, json.dumps(self.page).encode())]
        return reply

    page: dict[str, Any] = {}  # set by each test


@pytest.mark.parametrize("tokens", [[KEY], ["sk", "-live", "-4711", "-abcdef"], ["my", " key", f" {KEY}!"]])
async def test_a_key_in_the_first_tokens_of_fixed_prompts_is_not_in_the_record(tokens: list[str]) -> None:
    made, _ = target({}, api_key_env="MY_KEY")
    wire = Pages({})
    wire.page = {"choices": [{"logprobs": {"content": [{"token": one, "logprob": -1.0} for one in tokens]}}]}
    made._wire = wire
    behaviour = await made.behaviour()
    assert len(behaviour.openings) == 8 and not behaviour.problem
    for asked in behaviour.openings:
        for opening in asked:
            assert KEY not in "".join(opening.tokens) and "(hidden)" in "".join(opening.tokens)


async def test_a_key_on_a_page_that_describes_the_server_is_not_in_its_record() -> None:
    made, _ = target({}, api_key_env="MY_KEY")
    wire = Pages({})
    wire.page = {"data": [{"id": "m", "owned_by": "vllm", "root": f"/models/{KEY}"}], "version": KEY}
    made._wire = wire
    record = await made.describe()
    assert record.runtime == "vLLM" and record.runtime_version == "(hidden)"
    assert KEY not in msgspec.json.encode(record).decode()


class _Telling:
    """A probe that repeats what a server said."""

    name, version, question, severity, limit_s = "telling", "1", "", "info", 5.0

    async def run(self, ctx: object) -> ProbeResult:
        evidence = {"said": [{"reason": f"stop-{KEY}", KEY: 1}], "n": 2}
        return ProbeResult("t", "telling", "1", "fail", "info", f"It said {KEY}.", evidence)


async def test_a_key_in_what_a_probe_found_is_not_in_its_result() -> None:
    config = TargetConfig(name="t", api="openai", model="m", base_url="http://127.0.0.1:9/v1", api_key_env="MY_KEY")
    env = {"MY_KEY": KEY}
    probe: Any = _Telling()
    running = run_probes(config, env, [probe], options=ProbeOptions(), open_fresh=lambda one: open_target(one, env))
    results = [result async for result in running]
    assert results[0].finding == "It said (hidden)."
    assert results[0].evidence["said"] == [{"reason": "stop-(hidden)", "(hidden)": 1}] and results[0].evidence["n"] == 2

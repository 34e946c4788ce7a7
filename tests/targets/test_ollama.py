"""Ollama's native API: addresses, requests, answers; against the scripted server."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.errors import TargetError
from milo_bench.core.records import Timeouts
from milo_bench.targets import open_target
from milo_bench.targets.fake.server import FakeServer, start_fake
from milo_bench.targets.http.address import ollama_url
from milo_bench.targets.http.target import HttpTarget
from tests.patience import WAIT_S

PATIENT = Timeouts(WAIT_S, WAIT_S, WAIT_S)
SHORT = Timeouts(WAIT_S, first_token_s=0.3, total_s=0.6)


def config(**more: Any) -> TargetConfig:
    return TargetConfig(name="t", api="ollama", **{"model": "fake-1", **more})


async def ask(fake: FakeServer, limits: Timeouts = PATIENT, **more: Any) -> Exchange:
    target = open_target(config(base_url=fake.address), {})
    try:
        request = ChatRequest((Message("user", "hello"),), **more)
        return await target.ask(request, timeouts=limits, zero_s=time.monotonic(), intended_s=0.0)
    finally:
        await target.stop()


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("box:80", "http://box:80"),
        ("http://box", "http://box:11434"),
        ("https://box/", "https://box:443"),
        ("[::]:1234", "http://[::1]:1234"),
        ("::1", "http://[::1]:11434"),
        ('"box"', "http://box:11434"),
    ],
)
def test_a_bind_address_becomes_one_to_call(value: str, url: str) -> None:
    assert ollama_url(value) == url


async def test_ollama_host_is_where_the_target_goes() -> None:
    async with start_fake({}) as fake:
        target = open_target(config(), {"OLLAMA_HOST": f"0.0.0.0:{fake.port}"})
        record = await target.start()
        assert record.endpoint == fake.address
        assert record.runtime == "Ollama"
        assert await target.models()
        await target.stop()


async def test_an_answer_carries_usage_and_the_servers_own_durations() -> None:
    async with start_fake({"reply": {"text": "one two three", "reasoning": "hmm"}}) as fake:
        exchange = await ask(fake)
        assert (exchange.text, exchange.reasoning, exchange.failure) == ("one two three", "hmm", None)
        assert exchange.usage.completion_tokens
        assert {"load_duration_s", "prompt_eval_duration_s", "eval_duration_s"} <= set(exchange.server_timings)


async def test_tool_calls_come_as_text() -> None:
    call = {"name": "find", "arguments": '{"a": 1}'}
    async with start_fake({"reply": {"text": "", "tool_calls": [call, call]}}) as fake:
        exchange = await ask(fake)
        assert [(c.name, c.arguments) for c in exchange.tool_calls] == [("find", '{"a": 1}')] * 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("reset_mid_stream", "reset"),
        ("cut_stream", "reset"),
        ("missing_done", "bad_stream"),
        ("malformed_json", "bad_stream"),
        ("wrong_content_type", "wrong_content_type"),
        ("error_in_stream", "server_error"),
        ("context_overflow", "context_overflow"),
        ("hang_before_first_token", "first_token_timeout"),
    ],
)
async def test_each_fault_has_its_kind_of_failure(fault: str, kind: str) -> None:
    async with start_fake({"reply": {"text": "one two three"}, "rules": [{"fault": fault}]}) as fake:
        exchange = await ask(fake, SHORT if kind.endswith("timeout") else PATIENT)
        assert exchange.failure is not None
        assert exchange.failure.kind == kind


async def test_an_unknown_model_gets_a_suggestion() -> None:
    async with start_fake({"models": ["qwen3"], "only_listed_models": True}) as fake:
        target = open_target(config(model="qwen2", base_url=fake.address), {})
        with pytest.raises(TargetError) as caught:
            await target.start()
        assert "qwen3" in caught.value.hint
        await target.stop()


def test_context_and_schema_go_where_ollama_looks_for_them() -> None:
    target = open_target(config(base_url="http://127.0.0.1:1", context_window=8192, settings={"think": False}), {})
    assert isinstance(target, HttpTarget)
    body = target.payload(ChatRequest((Message("user", "x"),), json_schema={"type": "object"}, max_tokens=9, seed=3))
    assert body["options"] == {"num_ctx": 8192, "num_predict": 9, "temperature": 0.0, "seed": 3}
    assert (body["format"], body["think"], body["truncate"]) == ({"type": "object"}, False, False)


async def test_the_guard_against_repetition_is_no_broken_stream() -> None:
    line = b'{"model":"m","message":{"role":"assistant","content":" la"},"done":false}\n'

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"model":"m","message":{"role":"assistant","content":"So"},"done":false}\n' + line * 31
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n" % len(body)
        writer.write(head + body)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    target = open_target(TargetConfig(name="t", api="ollama", model="m", base_url=f"http://127.0.0.1:{port}"), {})
    limits = Timeouts(WAIT_S, WAIT_S, WAIT_S)
    exchange = await target.ask(
        ChatRequest((Message("user", "sing"),)), timeouts=limits, zero_s=time.monotonic(), intended_s=0.0
    )
    await target.stop()
    server.close()
    assert exchange.failure is not None and exchange.failure.kind == "repetition_stopped"
    assert "repeat_penalty" in exchange.failure.message

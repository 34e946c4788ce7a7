"""OpenAI-compatible servers: what is sent, what is started, what is refused; against the scripted server."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable
from typing import Any

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.errors import ConfigError, TargetError
from milo_bench.core.records import Timeouts
from milo_bench.targets import open_target
from milo_bench.targets.fake.server import start_fake
from milo_bench.targets.http.target import HttpTarget
from tests.patience import WAIT_S, until

KEY = "sk-very-secret-0123456789"
PATIENT = Timeouts(WAIT_S, WAIT_S, WAIT_S)
SHORT = Timeouts(WAIT_S, first_token_s=0.3, total_s=0.6)


def config(base_url: str, **more: Any) -> TargetConfig:
    return TargetConfig(name="t", api="openai", base_url=base_url, **{"model": "fake-1", **more})


async def ask(base_url: str, limits: Timeouts = PATIENT, **more: Any) -> Exchange:
    target = open_target(config(base_url), {})
    try:
        request = ChatRequest((Message("user", "hello"),), **more)
        return await target.ask(request, timeouts=limits, zero_s=time.monotonic(), intended_s=0.0)
    finally:
        await target.stop()


async def test_start_records_the_endpoint_without_user_info_path_or_query() -> None:
    async with start_fake({}) as fake:
        target = open_target(config(fake.base_url + "?token=abc"), {})
        record = await target.start()
        assert record.endpoint == fake.address
        assert await target.models() == ("fake-1",)
        assert target.server_pids() == (os.getpid(),)
        await target.stop()


async def test_start_really_generates_one_token() -> None:
    async with start_fake({}) as fake:
        target = open_target(config(fake.base_url), {})
        await target.start()
        assert [request.outcome for request in fake.requests] == ["answered"]
        await target.stop()


@pytest.mark.parametrize("env", [{"MY_KEY": "sk-wrong"}, {"MY_KEY": "sk-wrong \n"}])
async def test_a_wrong_key_names_the_variable_and_never_the_key(env: dict[str, str]) -> None:
    async with start_fake({"accept_key": KEY}) as fake:
        target = open_target(config(fake.base_url, api_key_env="MY_KEY"), env)
        with pytest.raises(TargetError) as caught:
            await target.start()
        assert "MY_KEY" in caught.value.hint
        assert "sk-wrong" not in f"{caught.value.message}{caught.value.hint}{target!r}{target.record!r}"
        await target.stop()


async def test_the_right_key_is_sent() -> None:
    async with start_fake({"accept_key": KEY}) as fake:
        target = open_target(config(fake.base_url, api_key_env="MY_KEY"), {"MY_KEY": KEY})
        assert KEY not in repr(await target.start())
        await target.stop()


async def test_a_key_that_a_server_repeats_is_cut_out_of_the_message() -> None:
    async with start_fake({"rules": [{"fault": {"kind": "status", "status": 400, "message": f"bad {KEY}"}}]}) as fake:
        target = open_target(config(fake.base_url, api_key_env="MY_KEY"), {"MY_KEY": KEY})
        with pytest.raises(TargetError) as caught:
            await target.start()
        assert KEY not in caught.value.message
        assert "(hidden)" in caught.value.message
        await target.stop()


async def test_a_missing_key_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(TargetError, match="MY_KEY"):
        open_target(config("http://127.0.0.1:1/v1", api_key_env="MY_KEY"), {})


async def test_an_unknown_model_gets_a_suggestion() -> None:
    async with start_fake({"models": ["llama-3-8b"], "only_listed_models": True}) as fake:
        target = open_target(config(fake.base_url, model="lama-3-8b"), {})
        with pytest.raises(TargetError) as caught:
            await target.start()
        assert "Did you mean 'llama-3-8b'?" in caught.value.hint
        await target.stop()


async def test_a_dead_endpoint_is_one_clear_error() -> None:
    target = open_target(config("http://127.0.0.1:1/v1"), {})
    with pytest.raises(TargetError, match="Cannot reach target 't'"):
        await target.start()


def test_an_unknown_setting_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError) as caught:
        open_target(config("http://127.0.0.1:1/v1", settings={"extra_bodi": {}}), {})
    assert "extra_body" in caught.value.hint


def test_a_schema_asks_for_constrained_decoding_and_settings_shape_the_body() -> None:
    settings = {"omit": ["temperature"], "max_tokens_field": "max_completion_tokens", "extra_body": {"top_k": 1}}
    target = open_target(config("http://127.0.0.1:1/v1", settings=settings), {})
    assert isinstance(target, HttpTarget)
    body = target.payload(ChatRequest((Message("user", "x"),), json_schema={"type": "object"}, max_tokens=7))
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert (body["max_completion_tokens"], body["top_k"]) == (7, 1)
    assert "temperature" not in body
    assert "max_tokens" not in body


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("reset_before_headers", "reset"),
        ("reset_after_headers", "reset"),
        ("reset_mid_stream", "reset"),
        ("cut_stream", "reset"),
        ("process_death", "reset"),
        ("hang_before_headers", "first_token_timeout"),
        ("hang_before_first_token", "first_token_timeout"),
        ("hang_after_first_token", "total_timeout"),
        ("malformed_json", "bad_stream"),
        ("missing_finish", "bad_stream"),
        ("wrong_content_type", "wrong_content_type"),
        ("context_overflow", "context_overflow"),
        ({"kind": "status", "status": 429}, "rate_limited"),
        ({"kind": "status", "status": 503}, "server_error"),
        ({"kind": "status", "status": 400}, "rejected"),
        ({"kind": "status", "status": 403}, "auth"),
    ],
)
async def test_each_fault_has_its_kind_of_failure(fault: Any, kind: str) -> None:
    script = {"reply": {"text": "one two three four"}, "rules": [{"fault": fault}]}
    async with start_fake(script) as fake:
        exchange = await ask(fake.base_url, SHORT if kind.endswith("timeout") else PATIENT)
        assert exchange.failure is not None
        assert exchange.failure.kind == kind


@pytest.mark.parametrize("fault", ["missing_done", "empty_answer"])
async def test_a_missing_end_mark_or_an_empty_answer_is_an_answer(fault: str) -> None:
    async with start_fake({"rules": [{"fault": fault}]}) as fake:
        exchange = await ask(fake.base_url)
        assert exchange.failure is None
        assert exchange.text == ("" if fault == "empty_answer" else "ok")


async def test_keep_alive_comments_and_split_characters_leave_the_text_whole() -> None:
    reply = {"text": "Grüße 🙂 ok", "keep_alive_s": 0.01, "first_token_s": 0.05, "split_bytes": True}
    async with start_fake({"reply": reply}) as fake:
        exchange = await ask(fake.base_url)
        assert exchange.text == "Grüße 🙂 ok"
        assert exchange.timings.first_content_s is not None
        assert 0.04 < exchange.timings.first_content_s < 0.3


async def test_a_server_that_is_still_loading_is_waited_for() -> None:
    async with start_fake({"health": {"load_after_s": 0.2}}) as fake:
        target = open_target(config(fake.base_url), {})
        await target.start()
        await target.stop()


async def test_the_end_of_an_answer_is_told_once_before_it_is_read() -> None:
    async with start_fake({"reply": {"text": "one two three"}}) as fake:
        target = open_target(config(fake.base_url), {})
        told: list[float] = []
        request = ChatRequest((Message("user", "hello"),))
        exchange = await target.ask(
            request, timeouts=PATIENT, zero_s=0.0, intended_s=0.0, on_end=lambda _: told.append(time.monotonic())
        )
        await target.stop()
    assert len(told) == 1 and told[0] >= exchange.timings.ended_s
    assert exchange.text == "one two three"


async def test_an_answer_is_read_when_what_it_is_to_wait_for_is_over_and_is_the_same_then() -> None:
    async with start_fake({"reply": {"text": "one two three four", "gap_s": 0.01}}) as fake:
        target = open_target(config(fake.base_url), {})
        over = asyncio.Event()
        sizes: list[int] = []

        def later(size: int) -> Awaitable[object]:
            sizes.append(size)
            return over.wait()

        request = ChatRequest((Message("user", "hello"),))
        asking = asyncio.ensure_future(target.ask(request, timeouts=PATIENT, zero_s=0.0, intended_s=0.0, on_end=later))
        await until(lambda: bool(sizes))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not asking.done()
        over.set()
        exchange = await asking
        await target.stop()
    assert exchange.text == "one two three four" and sizes[0] > len(exchange.text)
    assert len(exchange.timings.chunk_gaps_s) == 3 and all(gap_s > 0.004 for gap_s in exchange.timings.chunk_gaps_s)
    assert exchange.timings.client_lag_max_s is not None


@pytest.mark.parametrize("kind", ["status", "cut_stream", "hang_after_first_token", "reset_before_headers"])
async def test_an_answer_that_broke_is_not_told_as_ended(kind: str) -> None:
    async with start_fake({"rules": [{"fault": {"kind": kind}}]}) as fake:
        target = open_target(config(fake.base_url), {})
        told: list[bool] = []
        request = ChatRequest((Message("user", "hello"),))
        exchange = await target.ask(
            request, timeouts=SHORT, zero_s=0.0, intended_s=0.0, on_end=lambda _: told.append(True)
        )
        await target.stop()
    assert exchange.failure is not None and told == []

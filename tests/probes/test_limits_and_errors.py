"""Limits, repeatability, tool calls, errors, overload and cancellation: each caught where wrong, passed where right."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.probes.context import ProbeContext, ProbeOptions
from milo_bench.targets import open_target
from milo_bench.targets.fake.server import start_fake
from tests.probes.conftest import RunProbe
from tests.probes.servers import Asked, pages, piece, say, serving, usage

ANIMALS = "cat, dog, horse, sheep, goat, raven, otter, badger, weasel, mole, toad, newt"
CALL = {"name": "look_up_case", "arguments": '{"case_id": "84291"}'}


def local(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1"


async def test_a_server_that_keeps_stop_and_max_tokens_passes(run_probe: RunProbe) -> None:
    async with start_fake({"reply": {"text": ANIMALS}}) as fake:
        result = await run_probe("limits", fake.base_url)
    assert result.outcome == "pass", result.finding


@pytest.mark.parametrize(
    ("keeps", "said"),
    [
        ("nothing", "continues past its stop sequence"),
        ("stop", "max_tokens 5 is ignored"),
        ("both, wrong reason", "finish_reason 'stop', not 'length'"),
    ],
)
async def test_ignored_limits_are_failures(run_probe: RunProbe, keeps: str, said: str) -> None:
    async def handler(asked: Asked) -> None:
        if pages(asked):
            return
        text = ANIMALS
        for stop in asked.body.get("stop", ()) if keeps != "nothing" else ():
            text = text.split(stop)[0]
        if keeps.startswith("both"):
            text = " ".join(text.split()[: asked.body["max_tokens"]])
        say(asked, text)

    async with serving(handler) as port:
        result = await run_probe("limits", local(port))
    assert result.outcome == "fail" and said in result.finding


async def test_an_answer_too_short_to_stop_is_undecided(run_probe: RunProbe) -> None:
    async with start_fake({"reply": {"text": "cat"}}) as fake:
        result = await run_probe("limits", fake.base_url)
    assert result.outcome == "undecided"


async def test_the_same_answer_again_passes_and_an_empty_one_is_undecided(run_probe: RunProbe) -> None:
    async with start_fake({"reply": {"text": "A harbour. Snow."}}) as fake:
        assert (await run_probe("repeatable", fake.base_url)).outcome == "pass"
    async with start_fake({"reply": {"text": ""}}) as fake:
        assert (await run_probe("repeatable", fake.base_url)).outcome == "undecided"


async def test_answers_that_vary_alone_are_a_failure(run_probe: RunProbe) -> None:
    async with start_fake({"reply": {"texts": ["A harbour.", "A port."]}}) as fake:
        result = await run_probe("repeatable", fake.base_url)
    assert result.outcome == "fail" and "2 different answers" in result.finding


async def test_answers_that_vary_only_beside_others_are_a_failure(run_probe: RunProbe) -> None:
    busy = 0

    async def handler(asked: Asked) -> None:
        nonlocal busy
        if pages(asked):
            return
        busy += 1
        alone = busy == 1
        # Two turns of the loop: who came at the same time is counted before anybody answers.
        await asyncio.sleep(0.01)
        say(asked, "A harbour." if alone and busy == 1 else f"Port {busy}.")
        busy -= 1

    async with serving(handler) as port:
        result = await run_probe("repeatable", local(port))
    assert result.outcome == "fail" and "beside other requests" in result.finding


async def test_tool_calls_that_can_be_read_pass(run_probe: RunProbe) -> None:
    async with start_fake({"reply": {"text": "", "tool_calls": [CALL]}}) as fake:
        result = await run_probe("tool_calling", fake.base_url)
    assert result.outcome == "pass", result.finding


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"text": "", "tool_calls": [{**CALL, "arguments": '{"case_id": '}]}, "not JSON"),
        ({"text": "", "tool_calls": [{**CALL, "arguments": '{"case": 1}'}]}, "do not fit"),
        ({"text": "", "tool_calls": [{**CALL, "name": "other"}]}, "not offered"),
        ({"text": "", "tool_calls": [CALL], "finish_reason": "stop"}, "finish_reason 'stop'"),
        ({"text": '<tool_call>{"name": "look_up_case"}</tool_call>'}, "comes as text"),
    ],
)
async def test_malformed_tool_calls_are_failures(run_probe: RunProbe, reply: dict[str, Any], said: str) -> None:
    async with start_fake({"reply": reply}) as fake:
        result = await run_probe("tool_calling", fake.base_url)
    assert result.outcome == "fail" and said in result.finding


async def test_a_model_that_calls_no_tool_is_undecided(run_probe: RunProbe) -> None:
    async with start_fake({"reply": {"text": "I do not know."}}) as fake:
        result = await run_probe("tool_calling", fake.base_url)
    assert result.outcome == "undecided"


def is_right(asked: Asked) -> bool:
    """Whether a chat request is one, and for the model that is served."""
    try:
        body = asked.body
    except (ValueError, AssertionError):
        return False
    messages = body.get("messages")
    roles = {"system", "user", "assistant", "tool"}
    return (
        isinstance(messages, list)
        and all(message["role"] in roles for message in messages)
        and isinstance(body.get("max_tokens"), int)
        and body["model"] == "fake-1"
        and len(asked.raw) < 100_000
    )


async def test_a_server_with_honest_errors_passes(run_probe: RunProbe) -> None:
    async def handler(asked: Asked) -> None:
        if pages(asked):
            return
        if is_right(asked):
            say(asked, "pong")
        else:
            asked.reply(400, {"error": {"message": "the request is wrong", "type": "invalid_request_error"}})

    async with serving(handler) as port:
        result = await run_probe("errors", local(port))
    assert result.outcome == "pass", result.finding
    assert len(result.evidence["cases"]) == 8


@pytest.mark.parametrize(
    ("how", "said", "severity"),
    [
        ("taken", "is accepted (HTTP 200)", "minor"),
        ("server error", "reported as a server error (HTTP 500)", "minor"),
        ("page", "without a JSON error", "minor"),
        ("closed", "not an error", "major"),
    ],
)
async def test_dishonest_errors_are_failures(run_probe: RunProbe, how: str, said: str, severity: str) -> None:
    async def handler(asked: Asked) -> None:
        if pages(asked):
            return
        if is_right(asked):
            say(asked, "pong")
        elif how == "taken":
            asked.reply(200, {"choices": []})
        elif how == "server error":
            asked.reply(500, {"error": "oh"})
        elif how == "page":
            asked.reply(400, "<h1>Bad Request</h1>", kind="text/html")
        else:
            asked.writer.close()

    async with serving(handler) as port:
        result = await run_probe("errors", local(port))
    assert result.outcome == "fail" and said in result.finding
    assert result.severity == severity


async def test_a_server_that_dies_of_a_wrong_request_is_a_major_failure(run_probe: RunProbe) -> None:
    dead = False

    async def handler(asked: Asked) -> None:
        nonlocal dead
        if dead:
            asked.writer.close()
        elif not pages(asked):
            if is_right(asked):
                say(asked, "pong")
            else:
                dead = True
                asked.reply(400, {"error": {"message": "wrong"}})

    async with serving(handler) as port:
        result = await run_probe("errors", local(port))
    assert result.outcome == "fail" and result.severity == "major"
    assert "stops responding" in result.finding


async def test_a_queue_that_is_served_passes(run_probe: RunProbe) -> None:
    async with start_fake({"reply": {"text": "pong", "first_token_s": 0.01}}) as fake:
        result = await run_probe("overload", fake.base_url)
    assert result.outcome == "pass", result.finding
    assert set(result.evidence["nth_answer_s"]) == {"1", "10"}


async def test_a_queue_refused_with_429_passes(run_probe: RunProbe) -> None:
    fault = {"kind": "status", "status": 429, "retry_after_s": 1}
    rule = {"when": {"from_request": 10, "to_request": 21}, "fault": fault}
    async with start_fake({"reply": {"text": "pong"}, "rules": [rule]}) as fake:
        result = await run_probe("overload", fake.base_url)
    assert result.outcome == "pass", result.finding
    assert result.evidence["failures_by_kind"] == {"rate_limited": 12}


async def test_a_queue_that_is_dropped_is_a_failure(run_probe: RunProbe) -> None:
    rule = {"when": {"from_request": 10, "to_request": 21}, "fault": "reset_before_headers"}
    async with start_fake({"reply": {"text": "pong"}, "rules": [rule]}) as fake:
        result = await run_probe("overload", fake.base_url)
    assert result.outcome == "fail" and "12 failed: 12 reset" in result.finding


async def test_a_slow_reader_that_blocks_others_is_a_failure(run_probe: RunProbe) -> None:
    turn = asyncio.Lock()

    async def handler(asked: Asked) -> None:
        if pages(asked):
            return
        if asked.body["max_tokens"] < 100:
            async with turn:
                say(asked, "pong")
            return
        async with turn:  # one at a time, and writing waits for the reader
            asked.begin_stream()
            for _ in range(400):
                asked.event(piece("x" * 40_000))
                await asked.writer.drain()
            asked.event("[DONE]")
            asked.end_stream()

    async with serving(handler) as port:
        result = await run_probe("overload", local(port))
    assert result.outcome == "fail" and "does not read its answer blocks others" in result.finding


def serial_server(*, stops: bool) -> Any:
    """One worker; a long answer takes its time whether or not its client is still there."""
    turn = asyncio.Lock()

    async def handler(asked: Asked) -> None:
        if pages(asked):
            return
        tokens = asked.body["max_tokens"]
        async with turn:
            asked.begin_stream()
            for number in itertools.count(1):
                asked.event(piece(f" w{number}"))
                if number == tokens or (stops and asked.writer.transport.is_closing()):
                    break
                await asyncio.sleep(0.0025)
            asked.event(piece("", "length"))
            asked.event(usage(5, tokens))
            asked.event("[DONE]")
            asked.end_stream()

    return handler


async def test_work_that_stops_with_its_client_passes(run_probe: RunProbe) -> None:
    async with serving(serial_server(stops=True)) as port:
        result = await run_probe("cancellation", local(port))
    assert result.outcome == "pass", result.finding


async def test_work_that_goes_on_without_its_client_is_a_failure(run_probe: RunProbe) -> None:
    async with serving(serial_server(stops=False)) as port:
        result = await run_probe("cancellation", local(port))
    assert result.outcome == "fail" and "the work continued" in result.finding


async def test_answers_too_quick_to_abandon_are_undecided(run_probe: RunProbe) -> None:
    async with start_fake({"reply": {"text": "a b c d e f"}}) as fake:
        result = await run_probe("cancellation", fake.base_url)
    assert result.outcome == "undecided"


@pytest.mark.parametrize("stops", [True, False])
async def test_a_server_with_slots_is_judged_by_them(run_probe: RunProbe, stops: bool) -> None:
    inner, busy = serial_server(stops=True), 0

    async def handler(asked: Asked) -> None:
        nonlocal busy
        if asked.path == "/slots":
            asked.reply(200, [{"id": 0, "is_processing": busy > 0}])
            return
        long = asked.raw and json.loads(asked.raw).get("max_tokens", 0) > 100
        busy += bool(long)
        try:
            await inner(asked)
        finally:
            busy -= bool(long) and stops

    async with serving(handler) as port:
        result = await run_probe("cancellation", local(port))
    assert result.evidence.get("witness") == "slots", result.finding
    assert result.outcome == ("pass" if stops else "fail")


async def test_a_probe_waits_for_what_the_one_before_left_at_work() -> None:
    counts = [2, 1, 0, 5]

    async def handler(asked: Asked) -> None:
        if asked.path == "/metrics":
            asked.reply(200, f"llamacpp:requests_processing {counts.pop(0)}\n", kind="text/plain")
        elif asked.path == "/v1/models":
            asked.reply(200, {"data": [{"id": "m", "owned_by": "llamacpp"}]})
        elif asked.method == "GET":
            asked.reply(404, {})
        else:
            say(asked, "pong")

    async with serving(handler) as port:
        config = TargetConfig(name="t", api="openai", model="m", base_url=local(port))
        ctx = ProbeContext.make(config, {}, ProbeOptions(), lambda c: open_target(c, {}))
        assert await ctx.settle(), "before it started there is nothing to wait for"
        await ctx.start()
        assert await ctx.settle()
        await ctx.close()
    assert counts == [5], "asked until nothing was at work, and not once more"

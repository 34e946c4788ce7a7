"""A proxy that collects answers is told from a server that writes faster than we read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.probes.conftest import RunProbe
from tests.probes.servers import Asked, pages, piece, say, serving, usage

PACE_S = 0.004


def server(held: bool, wait_s: float, pace_s: float = PACE_S) -> Callable[[Asked], Awaitable[None]]:
    """Streams its answer, or sends it whole when it is over, as a proxy that buffers does."""

    async def handler(asked: Asked) -> None:
        if pages(asked):
            return
        tokens = int(asked.body["max_tokens"])
        if not asked.body.get("stream"):
            say(asked, "pong " * tokens, finish="length")
            return
        await asyncio.sleep(wait_s + (pace_s * tokens if held else 0))
        asked.begin_stream()
        for number in range(tokens):
            asked.event(piece(f"w{number} "))
            if not held and number % 4 == 3 and pace_s:
                await asked.writer.drain()
                await asyncio.sleep(4 * pace_s)  # several a read, as a busy client sees a fast server
        asked.event(piece("", "length"))
        asked.event(usage(5, tokens))
        asked.event("[DONE]")
        asked.end_stream()

    return handler


@pytest.mark.parametrize("wait_s", [0.0, 0.08])
async def test_a_held_answer_is_found_however_soon_it_comes(run_probe: RunProbe, wait_s: float) -> None:
    async with serving(server(True, wait_s)) as port:
        result = await run_probe("streaming", f"http://127.0.0.1:{port}/v1")
    assert result.outcome == "fail" and "buffers whole answers" in result.finding
    assert result.evidence["compared"]["longer_first_s"] > result.evidence["compared"]["short_first_s"]


@pytest.mark.parametrize("wait_s", [0.0, 0.08])
async def test_a_fast_stream_in_few_reads_is_no_buffer(run_probe: RunProbe, wait_s: float) -> None:
    async with serving(server(False, wait_s)) as port:
        result = await run_probe("streaming", f"http://127.0.0.1:{port}/v1")
    assert result.outcome == "pass", result.finding


async def test_answers_that_are_over_at_once_are_unknown(run_probe: RunProbe) -> None:
    async with serving(server(True, 0.0, pace_s=0.0)) as port:
        result = await run_probe("streaming", f"http://127.0.0.1:{port}/v1")
    assert result.outcome == "undecided" and "too soon to tell" in result.finding

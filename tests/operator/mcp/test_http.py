"""Served over loopback HTTP: the SDK's client plays, comes back, goes away or stays silent, and nobody else gets in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from mcp import Client

from milo_bench.core.clock import ManualClock
from milo_bench.core.errors import PrerequisiteError
from milo_bench.operator.mcp.episode import OutsideEpisode
from milo_bench.operator.mcp.http import BODY_BYTES, listen, serve_http, url_of
from milo_bench.operator.mcp.server import mcp_server
from milo_bench.operator.mcp.watch import Presence, ServeLimits
from milo_bench.run.stop import StopSignal
from tests.operator.mcp.mcp_agents import Kept, outside, play_oracle
from tests.patience import WAIT_S, until

# Hours, on a clock that the tests put forward.
LIMITS = ServeLimits(wall_s=40_000.0, idle_s=4_000.0, gone_s=400.0, linger_s=400.0)
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@dataclass
class Served:
    url: str
    episode: OutsideEpisode
    kept: Kept
    stop: StopSignal
    presence: Presence
    clock: ManualClock
    serving: asyncio.Task[str]

    async def passes(self, seconds: float) -> None:
        """So much time goes by, and whoever waits for it takes notice."""
        self.clock.advance(seconds)
        self.presence.changed.set()
        for _ in range(10):
            await asyncio.sleep(0)

    async def gone(self) -> None:
        """The server has heard that the client left."""
        await until(lambda: self.presence.said_goodbye)

    async def ended(self) -> str:
        """Why nobody is served any more, once a day has gone by."""
        await self.passes(86_400.0)
        return await asyncio.wait_for(asyncio.shield(self.serving), WAIT_S)


@asynccontextmanager
async def served(limits: ServeLimits = LIMITS) -> AsyncIterator[Served]:
    kept, stop, clock = Kept(), StopSignal(), ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    episode = outside(kept, clock=clock)
    presence = Presence(episode.now_s)
    server, listener = mcp_server(episode, on_client=kept.client), listen(0)
    url = url_of(listener)
    serving = asyncio.create_task(serve_http(episode, server, limits, stop, listener=listener, presence=presence))
    try:
        yield Served(url, episode, kept, stop, presence, clock, serving)
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


def rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_plays_over_http_and_the_server_ends_once_it_has_gone(mode: str) -> None:
    async with served() as it:
        async with Client(it.url, mode=mode) as client:
            await play_oracle(client, "version_conflict")
            assert it.kept.episode.points == 25
        await it.ended()
    assert it.kept.episode.ending == "finished" and len(it.kept.clients) == 1


async def test_an_agent_may_close_its_session_and_come_back_to_the_same_episode() -> None:
    async with served() as it:
        for _ in range(3):
            async with Client(it.url, mode="legacy") as client:
                await client.call_tool("nothing", {})
            await it.gone()
            await it.passes(LIMITS.gone_s / 2)
        async with Client(it.url) as client:
            await play_oracle(client, "version_conflict")
        await it.ended()
    assert (it.kept.episode.points, it.kept.episode.rejected) == (25, 3)


async def test_an_agent_that_closes_its_session_and_stays_away_has_left() -> None:
    async with served() as it:
        async with Client(it.url, mode="legacy") as client:
            await client.call_tool("nothing", {})
        await it.gone()
        assert await it.ended() == "The client disconnected."
    assert (it.kept.episode.ending, it.kept.episode.points) == ("left", 0)


async def test_an_agent_that_dies_without_a_word_is_noticed_by_the_stream_that_it_kept() -> None:
    hello = rpc("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "raw", "version": "1"})
    async with served() as it:
        async with aiohttp.ClientSession() as web:
            async with web.post(it.url, json=hello, headers=JSON) as answer:
                session = {**JSON, "Mcp-Session-Id": answer.headers["Mcp-Session-Id"]}
            async with web.get(it.url, headers=session) as stream:
                assert stream.status == 200
                async with web.get(it.url, headers=JSON) as refused:
                    assert refused.status >= 400
                assert not it.serving.done()
        await it.gone()
        assert await it.ended() == "The client disconnected."
    assert it.kept.episode.ending == "left"


async def test_a_browser_that_looks_in_is_nobody_who_leaves() -> None:
    async with served() as it:
        async with Client(it.url) as client:
            await client.list_tools()
            async with aiohttp.ClientSession() as web, web.get(it.url) as answer:
                assert answer.status >= 400
            await it.passes(2 * LIMITS.gone_s)
            await play_oracle(client, "version_conflict")
        await it.ended()
    assert it.kept.episode.points == 25


async def test_silence_for_the_idle_limit_means_gone_where_there_is_no_session_to_close() -> None:
    async with served() as it, Client(it.url) as client:
        await client.call_tool("nothing", {})
        assert "was idle" in await it.ended()
    assert it.kept.episode.ending == "left"


async def test_the_time_limit_ends_the_episode_and_later_calls_are_told() -> None:
    async with served(ServeLimits(wall_s=3_000.0, idle_s=4_000.0, linger_s=4_000.0)) as it:
        async with Client(it.url, mode="legacy") as client:
            await client.list_tools()
            assert not it.episode.over
            await it.passes(3_000.0)
            await until(lambda: it.episode.over)
            result = await client.call_tool("finish", {"status": "done"})
            assert result.is_error and result.structured_content["error"] == "call_limit"
        await it.ended()
    assert it.kept.episode.ending == "wall_limit"


async def test_nobody_is_waited_for_longer_than_the_time_limit() -> None:
    async with served() as it:
        assert await it.ended() == "No client connected."
    assert not it.kept.episodes


async def test_a_person_who_stops_the_server_takes_the_episode_back() -> None:
    async with served() as it, Client(it.url) as client:
        await client.call_tool("nothing", {})
        it.stop.request()
        assert await it.ended() == "Stopped."
    assert not it.kept.episodes


async def test_calls_at_once_are_made_one_after_the_other_and_each_is_answered() -> None:
    async with served() as it:
        async with Client(it.url) as client:
            answers = await asyncio.gather(*[client.call_tool(f"tool {number}", {}) for number in range(40)])
            assert all(answer.is_error for answer in answers)
            await play_oracle(client, "version_conflict")
        await it.ended()
    assert [turn.n for turn in it.kept.episode.turns] == list(range(1, len(it.kept.episode.turns) + 1))
    assert (it.kept.episode.rejected, it.kept.episode.points) == (40, 25)


async def test_megabyte_arguments_are_a_tool_error_and_larger_bodies_are_not_read() -> None:
    async with served() as it:
        async with Client(it.url) as client:
            result = await client.call_tool("finish", {"status": "x" * 3_000_000})
            assert result.structured_content["error"] == "arguments_too_large"
        async with aiohttp.ClientSession() as web:
            async with web.post(it.url, data=b"x" * (BODY_BYTES + 1), headers=JSON) as answer:
                assert answer.status == 413
            for body in (b"", b"no json", b'"\\ud800"', b"[" * 100_000, b"\xff\xfe"):
                async with web.post(it.url, data=body, headers=JSON) as answer:
                    assert 400 <= answer.status < 500
        async with Client(it.url) as client:
            await play_oracle(client, "version_conflict")
        await it.ended()
    assert it.kept.episode.points == 25


@pytest.mark.parametrize("foreign", [{"Host": "bench.example"}, {"Origin": "http://bench.example"}])
async def test_a_web_page_that_found_the_port_gets_nothing(foreign: dict[str, str]) -> None:
    async with served() as it, aiohttp.ClientSession() as web:
        for headers in ({**JSON, **foreign}, {**JSON, **foreign, "MCP-Protocol-Version": "2026-07-28"}):
            async with web.post(it.url, json=rpc("tools/call", name="finish", arguments={}), headers=headers) as answer:
                assert 400 <= answer.status < 500
        assert not it.episode.begun


def test_a_port_that_is_taken_is_said_so() -> None:
    with listen(0) as taken, pytest.raises(PrerequisiteError, match="Cannot listen"):
        listen(taken.getsockname()[1])


async def test_an_agent_that_waits_for_its_model_is_not_taken_for_gone() -> None:
    async with served() as it, Client(it.url) as client:
        await client.list_tools()
        it.presence.model_works(True)
        await it.passes(3 * LIMITS.idle_s)
        await client.list_tools()
        assert not it.serving.done()
        it.presence.model_works(False)
        assert "was idle" in await it.ended()
    assert it.kept.episode.ending == "left"


async def test_requests_that_never_end_do_not_keep_the_door_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("milo_bench.operator.mcp.http.REQUEST_S", 0.2)
    async with served() as at:
        port = int(at.url.split(":")[2].split("/")[0])
        half = [await asyncio.open_connection("127.0.0.1", port) for _ in range(80)]
        for number, (_, writer) in enumerate(half):
            writer.write((b"", b"POST /mcp HT", b"POST /mcp HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")[number % 3])
        for reader, writer in half:
            await asyncio.wait_for(reader.read(), WAIT_S)  # to the end that the server makes of it
            writer.close()
        async with aiohttp.ClientSession() as session, session.post(at.url, json=rpc("ping"), headers=JSON) as answer:
            assert answer.status < 500

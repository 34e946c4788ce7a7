"""Agents for the tests: the SDK's own client, and a task's oracle that has nothing in its hands but such a client."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
from mcp import Client, StdioServerParameters

from milo_bench.core.clock import SystemClock
from milo_bench.core.records import Episode
from milo_bench.run.operator_mcp import OutsideEpisode
from milo_bench.run.operator_mcp_server import mcp_server
from milo_bench.worlds.desk import Desk
from milo_bench.worlds.grade import Score
from milo_bench.worlds.records import Evidence, Finish, Notice, Reply, Variant
from milo_bench.worlds.session import CALL_LIMIT, Session
from milo_bench.worlds.task import Task
from milo_bench.worlds.tasks import find_task


@dataclass
class Kept:
    """An outside episode that is not logged but kept, and who was heard to connect."""

    episodes: list[Episode] = field(default_factory=list)
    clients: list[tuple[str, str]] = field(default_factory=list)

    def end(self, episode: Episode, score: Score) -> None:
        self.episodes.append(episode)

    def client(self, name: str, version: str) -> None:
        self.clients.append((name, version))

    @property
    def episode(self) -> Episode:
        (only,) = self.episodes
        return only


def outside(
    kept: Kept,
    task: str = "version_conflict",
    *,
    seed: int = 0,
    variant: Variant = "trap",
    turn_limit: int = CALL_LIMIT,
) -> OutsideEpisode:
    session = Session(find_task(task), seed, variant)
    return OutsideEpisode(session, target="agent", turn_limit=turn_limit, clock=SystemClock(), on_end=kept.end)


@asynccontextmanager
async def connected(episode: OutsideEpisode, kept: Kept, *, mode: str = "auto") -> AsyncIterator[Client]:
    """A client of the real server, in this process."""
    async with Client(mcp_server(episode, on_client=kept.client), mode=mode) as client:
        yield client


def serve_command(task: str, out: Path, *more: str) -> list[str]:
    words = ["-m", "milo_bench.cli.main", "operator", "serve", task, "--mcp", "--out", str(out), *more]
    return [sys.executable, *words]


def over_stdio(task: str, out: Path, *more: str) -> StdioServerParameters:
    program, *words = serve_command(task, out, *more)
    return StdioServerParameters(command=program, args=words)


class _Remote:
    """What a desk needs of a session, over MCP, for a policy that runs in a thread."""

    def __init__(self, client: Client, seed: int, brief: str, loop: asyncio.AbstractEventLoop) -> None:
        self.brief = brief
        self.seed = seed
        self.over = False
        self._client = client
        self._loop = loop

    def call(self, name: str, arguments: Mapping[str, Any]) -> Reply:
        asked = asyncio.run_coroutine_threadsafe(self._client.call_tool(name, dict(arguments)), self._loop)
        return _reply(name, asked.result(timeout=60).structured_content)

    def end(self, finish: Finish) -> Reply:
        self.over = True
        return self.call("finish", msgspec.to_builtins(finish))


def _reply(tool: str, shown: Mapping[str, Any]) -> Reply:
    """What was shown as a policy knows it; what an operator is not shown stays empty."""
    if "evidence" in shown:
        told = {name: shown.get(name, "") for name in ("error", "message")}
        return Evidence(shown["evidence"], tool, 0.0, shown["at"], shown["ok"], shown["data"], **told)
    return Notice(shown.get("notice") or shown["error"], 0.0, shown["message"])


async def play_oracle(client: Client, task: str, *, seed: int = 0) -> None:
    """Play ``task`` as its oracle does, with the brief and the replies that come over MCP alone."""
    brief = (await client.get_prompt("brief")).messages[0].content.text
    remote = _Remote(client, seed, brief, asyncio.get_running_loop())
    chosen: Task = find_task(task)
    await asyncio.to_thread(chosen.oracle, Desk(cast("Session", remote)))

"""Agents for the tests: the SDK's own client, and a task's oracle that has nothing in its hands but such a client."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import aiohttp
import msgspec
from mcp import Client, StdioServerParameters

from milo_bench.core.clock import Clock, SystemClock
from milo_bench.core.records import Episode
from milo_bench.operator.mcp.episode import OutsideEpisode
from milo_bench.operator.mcp.server import mcp_server
from milo_bench.operator.worlds.desk import Desk
from milo_bench.operator.worlds.grade import Score
from milo_bench.operator.worlds.records import CallMade, EpisodeFinished, Finish, Form, Notice, ToolReply, ToolResult
from milo_bench.operator.worlds.session import CALL_LIMIT, Session
from milo_bench.operator.worlds.task import Task
from milo_bench.operator.worlds.tasks import find_task
from tests.operator.operator_logs import COMMAND_WITH_KNOWN_IDS
from tests.patience import WAIT_S


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
    form: Form = "trap",
    turn_limit: int = CALL_LIMIT,
    clock: Clock | None = None,
) -> OutsideEpisode:
    session = Session(find_task(task), seed, form)
    return OutsideEpisode(session, target="agent", turn_limit=turn_limit, clock=clock or SystemClock(), on_end=kept.end)


@asynccontextmanager
async def connected(episode: OutsideEpisode, kept: Kept, *, mode: str = "auto") -> AsyncIterator[Client]:
    """A client of the real server, in this process."""
    async with Client(mcp_server(episode, on_client=kept.client), mode=mode) as client:
        yield client


def serve_command(task: str, out: Path, *more: str) -> list[str]:
    words = ["-c", COMMAND_WITH_KNOWN_IDS, "operator", "serve", task, "--mcp", "--out", str(out), *more]
    return [sys.executable, *words]


def over_stdio(task: str, out: Path, *more: str) -> StdioServerParameters:
    program, *words = serve_command(task, out, *more)
    return StdioServerParameters(command=program, args=words)


class _Remote:
    """What a desk needs of a session, over MCP, for a policy that runs in a thread."""

    def __init__(
        self, client: Client, seed: int, brief: str, stated: dict[str, str], loop: asyncio.AbstractEventLoop
    ) -> None:
        self.brief = brief
        self.stated = stated
        self.seed = seed
        self.over = False
        self._client = client
        self._loop = loop

    def call(self, name: str, arguments: Mapping[str, Any]) -> ToolReply:
        asked = asyncio.run_coroutine_threadsafe(self._client.call_tool(name, dict(arguments)), self._loop)
        return _reply(name, asked.result(timeout=WAIT_S).structured_content)

    def end(self, finish: Finish) -> ToolReply:
        self.over = True
        return self.call("finish", msgspec.to_builtins(finish))


def _reply(tool: str, shown: Mapping[str, Any]) -> ToolReply:
    """What was shown as a policy knows it; what an operator is not shown stays empty."""
    if "evidence" in shown:
        told = {name: shown.get(name, "") for name in ("error", "message")}
        return ToolResult(shown["evidence"], tool, 0.0, shown["at"], shown["ok"], shown["data"], **told)
    return Notice(shown.get("notice") or shown["error"], 0.0, shown["message"])


async def play_oracle(client: Client, task: str, *, seed: int = 0) -> None:
    """Play ``task`` as its oracle does, with the brief and the replies that come over MCP alone."""
    brief = (await client.get_prompt("brief")).messages[0].content.text
    remote = _Remote(client, seed, brief, Session(find_task(task), seed).stated, asyncio.get_running_loop())
    chosen: Task = find_task(task)
    await asyncio.to_thread(chosen.oracle, Desk(cast("Session", remote)))


async def play_with_model(client: Client, base_url: str, key: str = "", *, patience: int = 3) -> list[int]:
    """An agent as one writes it in an afternoon: ask the model, make its calls, try again where it fails.

    Ends when the model calls finish, calls nothing, or fails ``patience`` times in a row; the HTTP
    statuses that it met.
    """
    tools = [
        {"type": "function", "function": {"name": tool.name, "parameters": tool.input_schema}}
        for tool in (await client.list_tools()).tools
    ]
    order = {"role": "user", "content": (await client.get_prompt("brief")).messages[0].content.text}
    messages: list[dict[str, Any]] = [order]
    statuses: list[int] = []
    async with aiohttp.ClientSession(base_url.rstrip("/") + "/", headers={"Authorization": f"Bearer {key}"}) as web:
        while len(statuses) < patience or 200 in statuses[-patience:]:
            asked = {"model": "any", "messages": messages, "tools": tools}
            async with web.post("chat/completions", json=asked) as answer:
                statuses.append(answer.status)
                if answer.status != 200:
                    continue
                message = (await answer.json())["choices"][0]["message"]
            messages.append(message)
            calls = message.get("tool_calls") or []
            for call in calls:
                made = await client.call_tool(call["function"]["name"], json.loads(call["function"]["arguments"]))
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": made.content[0].text})
            if not calls or calls[-1]["function"]["name"] == "finish":
                break
    return statuses


def oracle_script(task: str, seed: int, *, first: Sequence[int] = (1,)) -> dict[str, Any]:
    """A script for the fake server: the model that answers what the task's oracle would call, one call an answer.

    ``first`` are the numbers of the requests at which it begins, and begins again.
    """
    session = Session(find_task(task), seed)
    find_task(task).oracle(Desk(session))
    calls: list[tuple[str, Any]] = []
    for line in session.log:
        if isinstance(line, CallMade):
            calls.append((line.tool, line.arguments))
        elif isinstance(line, EpisodeFinished):
            calls.append(("finish", msgspec.to_builtins(line.finish)))
    rules = [
        {
            "when": {"requests": [start + number for start in first]},
            "reply": {
                "text": f"Step {number + 1}.",
                "tool_calls": [{"name": name, "arguments": json.dumps(arguments)}],
            },
        }
        for number, (name, arguments) in enumerate(calls)
    ]
    return {"rules": rules}

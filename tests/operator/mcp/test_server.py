"""Any client of MCP can play a task: what it is shown, what it may send, and what is recorded of it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from mcp import Client, MCPError

from milo_bench.operator.mcp.episode import KEPT_CHARACTERS
from milo_bench.operator.mcp.server import BRIEF_URI
from milo_bench.operator.worlds.grade import grade
from milo_bench.operator.worlds.records import FINISH, LogLine, finish_schema
from milo_bench.operator.worlds.replay import replay
from milo_bench.operator.worlds.session import ARGUMENT_BYTES, CALL_LIMIT
from milo_bench.operator.worlds.tasks import all_tasks, find_task
from tests.operator.mcp.mcp_agents import Kept, connected, outside, play_oracle

# Of the protocol: with a handshake, and without one.
MODES = ["auto", "legacy"]


async def call(client: Client, name: str, arguments: Any = None) -> tuple[dict[str, Any], bool]:
    """A reply's data and whether it is an error; its text must say the same as its data."""
    result = await client.call_tool(name, arguments)
    (content,) = result.content
    assert json.loads(content.text) == result.structured_content
    return result.structured_content, result.is_error


@pytest.mark.parametrize("task", [task.name for task in all_tasks()])
async def test_an_oracle_that_plays_over_mcp_gets_every_point_of_every_task(task: str) -> None:
    for form in find_task(task).forms:
        kept = Kept()
        episode = outside(kept, task, seed=3, form=form)
        async with connected(episode, kept) as client:
            await play_oracle(client, task, seed=3)
        record = kept.episode
        assert (record.points, record.ending, record.void) == (25, "finished", ())
        assert record.protocol == "mcp" and record.key.fixture == f"{task}.{form}"
        log = tuple(msgspec.convert(line, LogLine) for line in record.log)
        assert grade(replay(log)).points == 25


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_finds_the_tools_with_their_schemas_and_the_brief_in_three_places(mode: str) -> None:
    kept = Kept()
    episode = outside(kept)
    async with connected(episode, kept, mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == [*episode.session.tools, FINISH]
        for tool in episode.session.tools.values():
            assert tools[tool.name].input_schema == tool.schema() and tools[tool.name].description == tool.description
        assert tools[FINISH].input_schema == msgspec.json.decode(msgspec.json.encode(finish_schema()))
        (prompt,) = (await client.list_prompts()).prompts
        said = (await client.get_prompt(prompt.name)).messages[0].content.text
        (resource,) = (await client.list_resources()).resources
        (read,) = (await client.read_resource(str(resource.uri))).contents
        assert said == read.text and str(resource.uri) == BRIEF_URI and said.endswith(episode.session.brief)
        assert client.instructions == said
        for missing in (client.get_prompt("other"), client.read_resource("file:///etc/passwd")):
            with pytest.raises(MCPError):
                await missing
    assert len(kept.clients) == 1 and kept.clients[0][0] == "mcp"


BAD = {
    "unknown_tool": ("format_disk", {}),
    "arguments_invalid": (FINISH, {"status": "perhaps"}),
    "control_characters": (FINISH, {"status": "done", "claims": [{"text": "\u001b[2J", "kind": "observed"}]}),
    "arguments_too_large": (FINISH, {"status": "done", "claims": "x" * (ARGUMENT_BYTES + 1)}),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("code", BAD)
async def test_a_call_that_cannot_be_made_is_a_tool_error_with_a_code_and_costs_nothing(code: str, mode: str) -> None:
    kept = Kept()
    episode = outside(kept)
    name, arguments = BAD[code]
    async with connected(episode, kept, mode=mode) as client:
        reply, is_error = await call(client, name, arguments)
        assert (reply["error"], is_error) == (code, True)
        await play_oracle(client, "version_conflict")
    assert kept.episode.points == 25 and kept.episode.rejected == 1
    first = kept.episode.turns[0]
    assert first.protocol_error == code and first.tool_calls[0].name == name
    assert len(first.tool_calls[0].arguments) < KEPT_CHARACTERS + 40


async def test_calls_after_the_end_are_refused_and_change_nothing_of_the_record() -> None:
    kept = Kept()
    episode = outside(kept)
    async with connected(episode, kept) as client:
        await play_oracle(client, "version_conflict")
        before = msgspec.json.encode(kept.episode)
        for name in (FINISH, *episode.session.tools):
            reply, is_error = await call(client, name, {"status": "done"})
            assert (reply["error"], is_error) == ("after_finish", True)
    assert msgspec.json.encode(kept.episode) == before
    assert episode.late_calls == 1 + len(episode.session.tools)


async def test_the_turn_limit_ends_the_episode_with_what_is_there() -> None:
    kept = Kept()
    episode = outside(kept, turn_limit=3)
    async with connected(episode, kept) as client:
        for _ in range(3):
            await call(client, "nothing")
        reply, is_error = await call(client, FINISH, {"status": "done"})
    assert (reply["error"], is_error) == ("call_limit", True)
    assert (kept.episode.ending, kept.episode.points, len(kept.episode.turns)) == ("turn_limit", 0, 3)


async def test_an_endless_loop_ends_at_the_bench_s_own_limit() -> None:
    kept = Kept()
    episode = outside(kept)
    async with connected(episode, kept) as client:
        for _ in range(CALL_LIMIT + 5):
            await call(client, "nothing")
    assert (kept.episode.ending, kept.episode.rejected, episode.late_calls) == ("call_limit", CALL_LIMIT, 5)


async def test_without_an_endpoint_the_provider_s_fault_is_the_error_of_a_tool_call_and_stands_in_the_record() -> None:
    kept = Kept()
    episode = outside(kept, "provider_503")
    async with connected(episode, kept) as client:
        await play_oracle(client, "provider_503")
    faulted = [turn for turn in kept.episode.turns if turn.injected]
    assert len(faulted) == 1 and kept.episode.points == 25

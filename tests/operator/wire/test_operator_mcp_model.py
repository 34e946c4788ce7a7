"""A served task with its model beside it: faults fall on the wire, and the record shows what the model wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from milo_bench.operator.mcp.episode import OutsideEpisode
from milo_bench.operator.wire.endpoint import FaultingEndpoint
from milo_bench.operator.wire.model import NotedSchedule
from milo_bench.store.log.reader import read_run_log
from milo_bench.targets.fake.server import start_fake
from tests.operator.mcp.mcp_agents import Kept, connected, oracle_script, outside, play_with_model, serve_command
from tests.patience import WAIT_S

SEED = 2


@asynccontextmanager
async def endpoint_of(
    episode: OutsideEpisode, script: dict[str, Any], *, on_work: Callable[[bool], None] = lambda _: None
) -> AsyncIterator[FaultingEndpoint]:
    schedule = NotedSchedule(episode, on_work=on_work)
    async with (
        start_fake(script) as server,
        FaultingEndpoint(server.base_url, schedule, on_answer=schedule.on_answer) as endpoint,
    ):
        yield endpoint


@pytest.mark.parametrize(("task", "status"), [("provider_503", 503), ("fallback_context", 200)])
async def test_the_task_s_provider_fault_falls_between_agent_and_model_and_a_good_agent_gets_25(
    task: str, status: int
) -> None:
    kept = Kept()
    episode = outside(kept, task, seed=SEED)
    script = oracle_script(task, SEED)
    work: list[bool] = []
    async with endpoint_of(episode, script, on_work=work.append) as endpoint, connected(episode, kept) as client:
        statuses = await play_with_model(client, endpoint.base_url)
    record = kept.episode
    assert (record.points, record.void, record.ending) == (25, (), "finished")
    assert status in statuses and len(endpoint.delivered) == 1
    assert work[:2] == [True, False] and work[-1] is False
    # One turn for each answer of the model; the one that the agent never saw is marked.
    assert [turn.output for turn in record.turns] == [f"Step {n + 1}." for n in range(len(script["rules"]))]
    assert len([turn for turn in record.turns if turn.injected]) == 1
    assert all(turn.usage.completion_tokens for turn in record.turns)


async def test_a_model_that_only_talks_is_on_record_with_its_words() -> None:
    kept = Kept()
    episode = outside(kept)
    async with endpoint_of(episode, {"reply": {"text": "I am happy to help. \u001b[2J"}}) as endpoint:
        async with connected(episode, kept) as client:
            await play_with_model(client, endpoint.base_url)
        episode.end("left")
    assert [turn.output for turn in kept.episode.turns] == ["I am happy to help. \u001b[2J"]
    assert (kept.episode.ending, kept.episode.points, kept.episode.rejected) == ("left", 0, 0)


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        ({"kind": "status", "status": 500}, "runtime_failure"),
        ({"kind": "malformed_json"}, "runtime_failure"),
        ({"kind": "context_overflow"}, "context_limit"),
        ({"kind": "status", "status": 422}, "left"),
    ],
)
async def test_an_agent_whose_runtime_broke_did_not_simply_leave(fault: dict[str, Any], ending: str) -> None:
    kept = Kept()
    episode = outside(kept)
    script = {"rules": [{"fault": fault}]}
    async with endpoint_of(episode, script) as endpoint, connected(episode, kept) as client:
        await client.list_tools()
        async with _post(endpoint.base_url) as answer:
            await answer.read()
    episode.end("left")
    assert kept.episode.ending == ending and kept.episode.turns[-1].failure is not None


def _post(base_url: str) -> Any:
    import aiohttp

    return aiohttp.request(
        "POST",
        f"{base_url}/chat/completions",
        json={"model": "any", "messages": [{"role": "user", "content": "hello"}]},
    )


async def test_the_command_serves_task_and_model_side_by_side_and_a_twin_completes_the_log(tmp_path: Path) -> None:
    task, out, config = "tests_on_another_commit", tmp_path / "log.jsonl", tmp_path / "bench.yaml"
    steps = len(oracle_script(task, SEED)["rules"])
    # Before each of the two a request proves that the model is there.
    async with start_fake(oracle_script(task, SEED, first=(2, steps + 3))) as server:
        target = f"{{api: openai, model: fake-1, base_url: '{server.base_url}'}}"
        config.write_text(f"targets: {{scripted: {target}}}\n", encoding="utf-8")
        common = ["--model", "scripted", "--config", str(config), "--seed", str(SEED)]
        for form, more in (("trap", []), ("clean", ["--resume"])):
            told = await play_beside(serve_command(task, out, "--http", "0", "--variant", form, *common, *more))
            log = read_run_log(out)
            assert log.end is not None and log.end.complete is (form == "clean")
            assert ("--variant clean" in told) is (form == "trap")
    trap, clean = log.episodes
    assert (trap.points, trap.ending, clean.ending) == (25, "finished", "finished")
    assert clean.turns[0].output == "Step 1." and clean.started_s >= trap.ended_s
    (only,) = log.header.targets
    assert (only.name, only.model, only.settings["client"]) == ("scripted", "fake-1", "mcp")


async def play_beside(command: list[str]) -> str:
    """Run the command, play against the two addresses that it prints, leave; what it says after that."""
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    try:
        assert process.stderr is not None
        said: dict[str, str] = {}
        while "MCP over streamable HTTP" not in said:
            line = (await asyncio.wait_for(process.stderr.readline(), WAIT_S)).decode()
            assert line, said
            name, _, rest = line.strip().partition(": ")
            said[name] = rest
        base_url, _, key = said["model endpoint"].partition("  key: ")
        async with Client(said["MCP over streamable HTTP"], mode="legacy") as client:
            await play_with_model(client, base_url, key)
        told = (await asyncio.wait_for(process.stderr.read(), WAIT_S)).decode()
        assert await process.wait() == 0, told
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return told

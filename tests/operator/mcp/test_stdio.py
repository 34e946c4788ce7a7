"""The command itself over standard input and output: real processes, whole logs, clients good and bad."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from milo_bench.core.records import Episode
from milo_bench.operator.mcp.stdio import LINE_BYTES, decode_line
from milo_bench.store.log.reader import RunLog, read_run_log
from tests.operator.mcp.mcp_agents import over_stdio, play_oracle, serve_command
from tests.patience import WAIT_S

TASK = "reply_lost"


def only_episode(path: Path) -> tuple[RunLog, Episode]:
    log = read_run_log(path)
    (episode,) = log.episodes
    # The clean variant is still to be played, so the log is not complete.
    assert log.end is not None and (log.end.complete, log.end.attempts) == (False, 1)
    return log, episode


class Server:
    """The command as a process, spoken to in lines of JSON-RPC."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self.process = process
        self.stdin, self.stdout = process.stdin, process.stdout

    async def say(self, line: str | bytes) -> None:
        self.stdin.write((line.encode() if isinstance(line, str) else line) + b"\n")
        await self.stdin.drain()

    async def hear(self) -> dict[str, Any]:
        reply: dict[str, Any] = json.loads(await asyncio.wait_for(self.stdout.readline(), WAIT_S))
        return reply

    async def ask(self, method: str, params: Any, id_: int = 1) -> dict[str, Any]:
        await self.say(json.dumps({"jsonrpc": "2.0", "id": id_, "method": method, "params": params}))
        return await self.hear()

    async def greet(self) -> None:
        info = {"name": "raw", "version": "1"}
        await self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info}, 0)
        await self.say('{"jsonrpc": "2.0", "method": "notifications/initialized"}')

    async def leave(self) -> str:
        """Close the server's input; what it said on standard error once it has ended, well."""
        self.stdin.close()
        return await self.ended()

    async def ended(self, code: int = 0) -> str:
        assert self.process.stderr is not None
        said = await asyncio.wait_for(self.process.stderr.read(), WAIT_S)
        assert await asyncio.wait_for(self.process.wait(), WAIT_S) == code, said.decode()
        assert b"Traceback" not in said
        return said.decode()


@asynccontextmanager
async def started(out: Path, *more: str) -> AsyncIterator[Server]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *serve_command(TASK, out, *more), stdin=pipe, stdout=pipe, stderr=pipe, limit=1 << 20
    )
    try:
        yield Server(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_that_starts_the_server_plays_to_the_end_and_finds_25_points_in_the_log(
    tmp_path: Path, mode: str
) -> None:
    out = tmp_path / "log.jsonl"
    async with Client(over_stdio(TASK, out, "--seed", "5", "--target-name", "mine"), mode=mode) as client:
        await play_oracle(client, TASK, seed=5)
        # Who has the reply to finish may rely on the record.
        assert read_run_log(out).episodes[0].points == 25
    log, episode = only_episode(out)
    assert (episode.points, episode.ending, episode.seed, episode.protocol) == (25, "finished", 5, "mcp")
    assert episode.key.target == "mine" and log.header.suite.name == "operator_v1"
    (target,) = log.header.targets
    assert target.name == "mine" and target.settings["client"] == "mcp"
    assert log.header.plan.fixtures == (f"{TASK}.trap", f"{TASK}.clean") and log.header.plan.seed == 5


async def test_standard_output_belongs_to_the_protocol_and_the_score_goes_to_standard_error(tmp_path: Path) -> None:
    async with started(tmp_path / "log.jsonl") as server:
        await server.greet()
        reply = await server.ask("tools/call", {"name": "finish", "arguments": {"status": "blocked"}})
        assert reply["result"]["structuredContent"]["notice"] == "finished"
        said = await server.leave()
        assert await server.stdout.read() == b""
    assert "0 of 25 points" in said and "ended: finished" in said and "raw 1 connected" in said


@pytest.mark.parametrize(
    "params",
    [
        {"name": "finish", "arguments": '{"status": "done"}'},
        {"name": "finish", "arguments": [1]},
        {"name": "finish", "arguments": 5},
        {"name": 7, "arguments": {}},
        {"arguments": {}},
    ],
)
async def test_a_call_of_the_wrong_shape_is_a_typed_error_and_is_recorded(tmp_path: Path, params: Any) -> None:
    async with started(tmp_path / "log.jsonl") as server:
        await server.greet()
        reply = (await server.ask("tools/call", params))["result"]
        assert reply["isError"] and reply["structuredContent"]["ok"] is False
        await server.leave()
    _, episode = only_episode(tmp_path / "log.jsonl")
    assert (episode.ending, episode.rejected) == ("left", 1)
    assert episode.turns[0].protocol_error == reply["structuredContent"]["error"]


async def test_lines_that_are_no_message_are_passed_over(tmp_path: Path) -> None:
    junk: list[str | bytes] = [
        "",
        "no json",
        "[]",
        "{}",
        '{"jsonrpc": "2.0"',
        b"\xff\xfe\x00",
        '"\\ud800"',
        "[" * 100_000,
    ]
    async with started(tmp_path / "log.jsonl") as server:
        await server.greet()
        for line in junk:
            await server.say(line)
        half = '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"\\ud83d","arguments":{}}}'
        await server.say(half)
        assert (await server.hear())["result"]["structuredContent"]["error"] == "unknown_tool"
        assert "result" in await server.ask("tools/list", {}, 4)
        await server.leave()
    assert only_episode(tmp_path / "log.jsonl")[1].rejected == 1


async def test_megabyte_arguments_are_refused_and_more_than_a_line_may_have_cuts_the_client_off(tmp_path: Path) -> None:
    async with started(tmp_path / "log.jsonl") as server:
        await server.greet()
        reply = await server.ask("tools/call", {"name": "finish", "arguments": {"status": "x" * 3_000_000}})
        assert reply["result"]["structuredContent"]["error"] == "arguments_too_large"
        with pytest.raises(ConnectionError):
            for _ in range(4 * LINE_BYTES // 1_000_000):
                server.stdin.write(b"x" * 1_000_000)
                await server.stdin.drain()
        said = await server.ended()
    assert "Disconnected the client" in said
    episode = only_episode(tmp_path / "log.jsonl")[1]
    assert episode.ending == "left" and len(episode.turns[0].tool_calls[0].arguments) < 8100


async def test_an_agent_that_goes_away_is_graded_as_far_as_it_came(tmp_path: Path) -> None:
    async with started(tmp_path / "log.jsonl") as server:
        await server.greet()
        await server.ask("tools/call", {"name": "no_such_tool", "arguments": {}})
        said = await server.leave()
    episode = only_episode(tmp_path / "log.jsonl")[1]
    assert (episode.ending, episode.points, len(episode.turns)) == ("left", 0, 1)
    assert "ended: left" in said


async def test_a_client_that_ends_its_server_by_a_signal_has_left(tmp_path: Path) -> None:
    async with started(tmp_path / "log.jsonl") as server:
        await server.greet()
        server.process.send_signal(signal.SIGTERM)
        await server.ended()
    assert only_episode(tmp_path / "log.jsonl")[1].ending == "left"


async def test_the_time_limit_ends_an_episode_whose_agent_sits_still_and_never_reads(tmp_path: Path) -> None:
    async with started(tmp_path / "log.jsonl", "--wall-limit", "1s", "--idle-limit", "1s") as server:
        await server.greet()
        # Far more replies than a pipe holds, and nobody reads them.
        with suppress(ConnectionError):  # where the limit comes before the last of them
            for number in range(60):
                await server.say(json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/list", "params": {}}))
        said = await server.ended()
    assert "ended: wall limit" in said
    assert only_episode(tmp_path / "log.jsonl")[1].ending == "wall_limit"


async def test_an_agent_that_asks_for_nothing_leaves_no_log(tmp_path: Path) -> None:
    async with started(tmp_path / "log.jsonl") as server:
        server.stdin.close()
        said = await server.ended(4)
    assert "No episode was written" in said and "hint:" in said and not (tmp_path / "log.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["reply_lots", "--mcp"], "reply_lost"),
        ([TASK], "--mcp"),
        ([TASK, "--mcp", "--stdio", "--http", "0"], "--stdio and --http"),
        ([TASK, "--mcp", "--variant", "dirty"], "--variant"),
        ([TASK, "--mcp", "--wall-limit", "0"], "limit"),
        ([TASK, "--mcp", "--model", "nobody"], "nobody"),
    ],
)
async def test_what_cannot_be_served_is_said_in_a_line_with_a_hint(
    tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from milo_bench.cli.entry import run_command
    from milo_bench.cli.main import milo_bench

    out = tmp_path / "log.jsonl"
    code = await asyncio.to_thread(
        run_command, milo_bench, "milo-bench", ["operator", "serve", *words, "--out", str(out)]
    )
    shown = capsys.readouterr().err
    assert code == 2 and said in shown and "hint:" in shown and not out.exists()


def test_halves_of_surrogate_pairs_are_replaced_and_whole_ones_kept() -> None:
    assert json.loads(decode_line(b'{"a": "\\ud83d\\ude00 \\ud83d"}')) == {"a": "\U0001f600 ?"}
    assert decode_line(b'{"a": "\\\\ud800"}') == '{"a": "\\\\ud800"}'
    assert decode_line(b"\xff") == "\ufffd"

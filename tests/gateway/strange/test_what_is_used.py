"""Tokens are counted whatever the door and the client's wish, and an answer that is none is found at each door."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from milo_bench.gateway.answering.events import EventScan
from milo_bench.store.state.database import open_state
from milo_bench.store.state.keys import new_key
from milo_bench.store.state.queue import end_work, list_work, take_work
from tests.gateway.running import RunningGateway, running_gateway
from tests.patience import WAIT_S

ROUTING = {
    "targets": {"local": {"model": "m"}},
    "rules": [
        {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local",
         "fallback": {"route": "refuse"}},
        {"id": "people", "when": {"workload": "people"}, "route": "human_review"},
    ],
    "default": {"route": "refuse"},
}  # fmt: skip
USAGE = {"prompt_tokens": 700, "completion_tokens": 3}
CHOICE = {"index": 0, "delta": {"content": "fine"}, "finish_reason": "stop"}
MESSAGE = {"index": 0, "message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}


def events_of(fields: dict[str, Any], said: str) -> list[str]:
    """A stream as a server sends it: what was used is in an event of its own, where that is asked for."""
    events = [] if said == "only done" else [json.dumps({"model": "m", "choices": [CHOICE]})]
    if (fields.get("stream_options") or {}).get("include_usage") and said != "never":
        events.append(json.dumps({"model": "m", "choices": [], "usage": USAGE}))
    return [*events, "[DONE]"]


def body_of(path: str, said: str) -> str:
    if path == "/v1/embeddings":
        return json.dumps({"status": "ok"} if said == "none" else {"data": [{"embedding": [0.5]}], "usage": USAGE})
    choices = [] if said == "only done" else [MESSAGE]
    return json.dumps({"model": "m", "choices": choices, "usage": USAGE, "odd": float("nan") if said == "nan" else 1})


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while head := await reader.readuntil(b"\r\n\r\n"):
        lines = head.decode().split("\r\n")
        length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length")), 0)
        fields = json.loads(await reader.readexactly(length) or b"{}")
        said = str(fields.get("input") or (fields.get("messages") or [{}])[-1].get("content", ""))
        kind = "application/json"
        if fields.get("stream"):
            kind, text = "text/event-stream", "".join(f"data: {one}\n\n" for one in events_of(fields, said))
        else:
            text = body_of(lines[0].split(" ")[1], said)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())


async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await answer(reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        writer.close()


@asynccontextmanager
async def gateway_before(folder: Path, **more: Any) -> AsyncIterator[tuple[RunningGateway, httpx.AsyncClient]]:
    server = await asyncio.start_server(served, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    target = {"local": {"base_url": address, "model": "m"}}
    async with (
        running_gateway(folder, ROUTING, {"local": {"reply": {"text": "unused"}}}, targets=target, **more) as gateway,
        httpx.AsyncClient(base_url=gateway.address, timeout=WAIT_S) as client,
    ):
        yield gateway, client
    server.close()


def asking(said: str, **more: Any) -> dict[str, Any]:
    return {"model": "milo/notes", "messages": [{"role": "user", "content": said}], **more}


@pytest.mark.parametrize("options", [None, {}, {"include_usage": False}, {"include_usage": True}])
async def test_a_stream_is_counted_and_says_so_only_to_a_client_that_asked(
    tmp_path: Path, options: dict[str, Any] | None
) -> None:
    key, _ = new_key(open_state(str(tmp_path / "state.db")), "few", now=time.time(), most_tokens=1)
    asked = asking("hello", stream=True) | ({} if options is None else {"stream_options": options})
    async with gateway_before(tmp_path) as (gateway, client):
        client.headers["Authorization"] = f"Bearer {key}"
        replies = [await client.post("/v1/chat/completions", json=asked) for _ in range(2)]
        assert [one.status_code for one in replies] == [200, 429]
        wants = bool(options and options.get("include_usage"))
        assert replies[0].text.count("data: ") == (3 if wants else 2)
        assert (b'"usage"' in replies[0].content, b"fine" in replies[0].content) == (wants, True)
        first = gateway.audit()[0]
        assert (first.prompt_tokens, first.completion_tokens) == (700, 3)


async def test_a_stream_that_never_says_what_it_used_costs_its_pieces(tmp_path: Path) -> None:
    key, _ = new_key(open_state(str(tmp_path / "state.db")), "few", now=time.time(), most_tokens=2)
    async with gateway_before(tmp_path) as (gateway, client):
        client.headers["Authorization"] = f"Bearer {key}"
        replies = [await client.post("/v1/chat/completions", json=asking("never", stream=True)) for _ in range(3)]
        assert [one.status_code for one in replies] == [200, 200, 429]
        assert {one.completion_tokens for one in gateway.audit()} == {0}, "the audit has what was said"


async def test_embeddings_are_counted_and_must_be_some(tmp_path: Path) -> None:
    key, _ = new_key(open_state(str(tmp_path / "state.db")), "few", now=time.time(), most_tokens=1)
    async with gateway_before(tmp_path) as (gateway, client):
        client.headers["Authorization"] = f"Bearer {key}"
        none = await client.post("/v1/embeddings", json={"model": "milo/notes", "input": "none"})
        assert none.status_code == 503
        some = await client.post("/v1/embeddings", json={"model": "milo/notes", "input": "some"})
        assert (some.status_code, some.headers["X-Milo-Guarded"], some.json()["data"]) == (
            200, "false", [{"embedding": [0.5]}],
        )  # fmt: skip
        spent = await client.post("/v1/embeddings", json={"model": "milo/notes", "input": "some"})
        assert (spent.status_code, spent.json()["error"]["code"]) == (429, "budget")
        assert [one.prompt_tokens for one in gateway.audit()][1] == 700


async def test_who_has_spent_everything_still_fetches_what_people_answered(tmp_path: Path) -> None:
    engine = open_state(str(tmp_path / "state.db"))
    key, _ = new_key(engine, "once", now=time.time(), most_requests=1)
    async with gateway_before(tmp_path) as (_, client):
        client.headers["Authorization"] = f"Bearer {key}"
        queued = await client.post("/v1/chat/completions", json=asking("hello") | {"model": "milo/people"})
        assert queued.status_code == 202
        [work] = list_work(engine)
        take_work(engine, work.id, "ann", time.time())
        end_work(engine, work.id, "answered", "done", "ann", time.time())
        fetched = [await client.get(queued.headers["Location"]) for _ in range(2)]  # the second time by a known head
        assert [one.status_code for one in fetched] == [200, 200]
        assert (await client.get("/v1/models")).status_code == 200
        again = await client.post("/v1/chat/completions", json=asking("hello") | {"model": "milo/people"})
        assert again.status_code == 429


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("said", ["only done", "nan"])
async def test_an_answer_that_is_none_is_not_passed_on(tmp_path: Path, said: str, stream: bool) -> None:
    if (said, stream) == ("nan", True):
        scan = EventScan()
        assert scan.feed(b'data: {"choices": [{"delta": {}}], "odd": NaN}\n\n') == b""
        assert scan.problem == "an event is not JSON"
        return
    async with gateway_before(tmp_path) as (gateway, client):
        reply = await client.post("/v1/chat/completions", json=asking(said, stream=stream))
        assert (reply.status_code, gateway.audit()[0].outcome) == (503, "failed")


@pytest.mark.parametrize("stream", [False, True])
async def test_in_shadow_a_stream_is_recorded_and_marked_as_a_whole_answer_is(tmp_path: Path, stream: bool) -> None:
    async with gateway_before(tmp_path, shadow="local") as (gateway, client):
        for model in ("milo/people", "milo"):
            reply = await client.post("/v1/chat/completions", json=asking("hello", stream=stream) | {"model": model})
            assert (reply.status_code, reply.headers.get("X-Milo-Shadow")) == (200, "true")
            assert "X-Milo-Rule" not in reply.headers
        assert [(one.rule, one.route, one.target, one.shadow, one.outcome) for one in gateway.audit()] == [
            ("people", "human_review", "", True, "answered"), ("default", "refuse", "", True, "answered"),
        ]  # fmt: skip

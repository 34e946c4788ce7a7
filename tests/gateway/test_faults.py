"""Faulted streams and a kill: nothing unjudged leaves, no cut stream ends clean, every answer has a record."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import httptools
import pytest
import yaml

from milo_bench.store.audit.chain import read_key
from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.audit.verify import read_audit, verify_audit
from milo_bench.store.audit.writer import head_path, key_path
from milo_bench.store.state.database import open_state
from milo_bench.store.state.queue import list_work
from tests.gateway.running import RunningGateway, running_gateway
from tests.patience import WAIT_S

SECRET = "we guarantee full payment"
TABLE: dict[str, Any] = {
    "targets": {"local": {"model": "m"}},
    "rules": [
        {"id": "guarded", "when": {"workload": "drafting"}, "route": "local", "target": "local",
         "guardrails": ["banned_commitments"]},
        {"id": "open", "when": {"workload": "notes"}, "route": "local", "target": "local"},
        {"id": "people", "when": {"workload": "people"}, "route": "human_review"},
    ],
    "default": {"route": "refuse"},
}  # fmt: skip
FAULTS = (
    "whole", "cut", "reset", "error event", "no mark", "half a mark", "malformed", "split", "many tokens", "tool calls",
    "mark in text", "not a stream",
)  # fmt: skip


class FaultyServer(asyncio.Protocol):
    """Streams an answer with the fault that the request's text names, in pieces of random size."""

    draw = random.Random(7)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.body = b""

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        body, self.body = self.body, b""
        if not body:
            self.transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        data = json.loads(body)
        said = str(data["messages"][-1]["content"])
        fault = next((one for one in FAULTS if f"<{one}>" in said), "whole")
        if not data.get("stream"):
            self._whole(fault)
            return
        self._stream(fault)

    def _whole(self, fault: str) -> None:
        message: dict[str, Any] = {"role": "assistant", "content": f"Dear customer, {SECRET}."}
        if fault == "tool calls":
            message = {"role": "assistant", "content": "", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "send", "arguments": json.dumps({"t": SECRET})}}
            ]}  # fmt: skip
        body = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
        short = fault in ("cut", "reset")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body) + 9 * short}\r\n\r\n"
        self.transport.write(head.encode() + body)
        if short:
            self.transport.close()

    def _stream(self, fault: str) -> None:
        if fault == "not a stream":
            self._whole("whole")
            return
        words = ["größe ", "日本 ", "data: [DONE] \\n" if fault == "mark in text" else "ok ", "end"]
        if fault == "many tokens":
            words = [" ".join(["word"] * 500)]
        events = [self._event({"delta": {"content": word}, "finish_reason": None}) for word in words]
        events.append(self._event({"delta": {}, "finish_reason": "stop"}))
        mark = b"data: [DONE]\n\n"
        match fault:
            case "cut" | "reset":
                events = events[:2]
                mark = b""
            case "error event":
                events = [*events[:2], b'data: {"error": {"message": "out of memory"}}\n\n']
            case "no mark":
                events, mark = events[:-1], b""
            case "half a mark":
                events, mark = events[:-1], b"data: [DON"
            case "malformed":
                events[1] = b"data: {nonsense\n\n"
                events, mark = events[:-1], b""
        stream = b"".join(events) + mark
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        while stream:
            size = self.draw.randint(1, 60) if fault in ("split", "half a mark") else self.draw.randint(1, 400)
            piece, stream = stream[:size], stream[size:]
            self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if fault == "reset":
            self.transport.abort()
        elif fault == "cut":
            self.transport.close()
        else:
            self.transport.write(b"0\r\n\r\n")

    @staticmethod
    def _event(choice: dict[str, Any]) -> bytes:
        return (
            b"data: "
            + json.dumps({"id": "x", "choices": [{"index": 0, **choice}]}, ensure_ascii=False).encode()
            + b"\n\n"
        )


CLEAN = frozenset({"whole", "split", "many tokens", "mark in text", "tool calls", "not a stream"})


async def ask(gateway: RunningGateway, workload: str, fault: str, *, stream: bool) -> bytes:
    """Everything that the client reads, until its answer or the connection ends."""
    host, port = gateway.address.removeprefix("http://").split(":")
    body = json.dumps(
        {"model": f"milo/{workload}", "stream": stream, "messages": [{"role": "user", "content": f"<{fault}>"}]}
    ).encode()
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    )
    writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
    try:
        async with asyncio.timeout(WAIT_S):
            return await reader.read()
    finally:
        writer.close()


async def faulted(folder: Path, rounds: int) -> int:
    """Every fault, guarded and not, streamed and not, ``rounds`` times; how many answers were looked at."""
    server = await asyncio.get_running_loop().create_server(FaultyServer, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    where = {"local": {"base_url": base, "model": "m"}}
    looked = 0
    async with running_gateway(folder, TABLE, {"local": {}}, targets=where, suites=("case_ops_v1",)) as gateway:
        for _ in range(rounds):
            for fault in FAULTS:
                for upstream in ("local",):
                    gateway.servers[upstream].requests.clear()
                guarded = await asyncio.gather(*(ask(gateway, "drafting", fault, stream=one) for one in (True, False)))
                for reply in guarded:
                    assert SECRET.encode() not in reply, (fault, reply)
                    assert b"guarantee" not in reply, (fault, reply)
                opened = await ask(gateway, "notes", fault, stream=True)
                ended = opened.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
                assert ended == (fault in CLEAN) or opened.startswith(b"HTTP/1.1 202"), (fault, opened[-300:])
                looked += 3
        for record in gateway.audit():
            broken = any(call.failure for call in record.calls)
            assert not (record.outcome == "answered" and broken and record.route == "local" and len(record.calls) == 1)
        assert gateway.check().ok
    server.close()
    return looked


async def test_faulted_streams_leave_nothing_unjudged_and_never_end_clean(tmp_path: Path) -> None:
    assert await faulted(tmp_path, rounds=4) == 4 * 3 * len(FAULTS)


@pytest.mark.parametrize("moment_s", [0.4, 0.9])
async def test_a_killed_gateway_has_a_record_of_every_answer_and_its_whole_queue(
    tmp_path: Path, moment_s: float
) -> None:
    server = await asyncio.get_running_loop().create_server(FaultyServer, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    (tmp_path / "bench.yaml").write_text(
        yaml.safe_dump({"targets": {"local": {"api": "openai", "model": "m", "base_url": base}}})
    )
    (tmp_path / "routing.yaml").write_text(yaml.safe_dump(TABLE))
    command = ["-m", "milo_bench.cli.main", "serve", "--routing", "routing.yaml", "--config", "bench.yaml", "--suite",
               "case_ops_v1", "--port", "0", "--admin-port", "0", "--state", "state.db"]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    address = (await asyncio.wait_for(process.stdout.readline(), WAIT_S)).decode().strip()
    port = int(address.removesuffix("/v1").rpartition(":")[2])
    answered: list[str] = []
    queued: list[str] = []

    async def client(workload: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps({"model": f"milo/{workload}", "messages": [{"role": "user", "content": "<whole>"}]}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        try:
            while True:
                writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
                lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                await reader.readexactly(int(headers["content-length"]))
                answered.append(headers["x-milo-request"])
                if "location" in headers:
                    queued.append(headers["location"].rpartition("/")[2])
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    clients = [asyncio.ensure_future(client(workload)) for workload in ("notes", "people", "notes", "drafting")]
    await asyncio.sleep(moment_s)  # the moment is the test's input: any will do
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    await asyncio.gather(*clients)
    server.close()
    audit = tmp_path / "audit"
    recorded = {one.request for one in read_audit(audit) if isinstance(one, AuditedRequest)}
    assert answered and set(answered) <= recorded
    assert verify_audit(audit, read_key(key_path(audit)), head=head_path(audit)).ok
    kept = {one.id for one in list_work(open_state(str(tmp_path / "state.db")), limit=10_000)}
    assert set(queued) <= kept

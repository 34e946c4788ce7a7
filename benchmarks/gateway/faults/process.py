"""Files of a gateway in, its running process out; and one raw exchange with it at a time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from milo_bench.store.audit.chain import read_key
from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.audit.verify import AuditCheck, read_audit, verify_audit
from milo_bench.store.audit.writer import head_path, key_path

WAIT_S = 240.0


@dataclass
class GatewayProcess:
    """A gateway that was started from the command line in ``folder``."""

    folder: Path
    port: int
    admin: int
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        return self.process.pid

    def records(self) -> list[AuditedRequest]:
        return [line for line in read_audit(self.folder / "audit") if isinstance(line, AuditedRequest)]

    def check(self) -> AuditCheck:
        audit = self.folder / "audit"
        return verify_audit(audit, read_key(key_path(audit)), head=head_path(audit))

    def said(self) -> str:
        """What it wrote of itself."""
        return (self.folder / "gateway.log").read_text(encoding="utf-8", errors="replace")

    def memory_mb(self) -> float:
        """The most that it held so far."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@asynccontextmanager
async def gateway_process(
    folder: Path, routing: Mapping[str, Any], bench: Mapping[str, Any], *, suite: str = "case_ops_v1",
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[GatewayProcess]:  # fmt: skip
    """Started, and ended with the block."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  # a benchmark's own folder
    (folder / "bench.yaml").write_text(yaml.safe_dump(dict(bench)))
    (folder / "routing.yaml").write_text(yaml.safe_dump(dict(routing), sort_keys=False))
    started = await start(folder, suite=suite, env=env)
    try:
        yield started
    finally:
        if started.process.returncode is None:
            started.process.terminate()
            await started.process.wait()


async def start(folder: Path, *, suite: str = "case_ops_v1", env: Mapping[str, str] | None = None) -> GatewayProcess:
    """``milo-bench serve`` on the files in ``folder``. Raises RuntimeError with what it said if it does not start."""
    command = ["-m", "milo_bench.cli.main", "serve", "--routing", "routing.yaml", "--config", "bench.yaml", "--suite",
               suite, "--port", "0", "--admin-port", "0", "--state", "state.db"]  # fmt: skip
    with (folder / "gateway.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=log,
            env={**os.environ, **(env or {})},
        )  # fmt: skip
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), WAIT_S)).decode().strip()
    if not line:
        said = (folder / "gateway.log").read_text(errors="replace")
        raise RuntimeError(f"the gateway did not start: {said[-2_000:]}")
    said = (folder / "gateway.log").read_text(errors="replace")
    admin = said.rpartition("metrics")[2].partition("127.0.0.1:")[2].partition("/")[0]
    return GatewayProcess(folder, int(line.removesuffix("/v1").rpartition(":")[2]), int(admin or 0), process)


@dataclass
class Reply:
    """Everything that a client read. ``clean`` is whether the body came to its own end."""

    raw: bytes
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    clean: bool = False

    @property
    def request(self) -> str:
        return self.headers.get("x-milo-request", "")

    def json(self) -> Any:
        return json.loads(self.body)


def read_reply(raw: bytes) -> Reply:
    """The first reply in ``raw``, its chunks put together."""
    reply = Reply(raw)
    head, found, rest = raw.partition(b"\r\n\r\n")
    if not found:
        return reply
    lines = head.decode("latin-1").split("\r\n")
    reply.status = int(lines[0].split(" ")[1])
    reply.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    if reply.headers.get("transfer-encoding") != "chunked":
        size = int(reply.headers.get("content-length", "0"))
        reply.body, reply.clean = rest[:size], len(rest) >= size
        return reply
    while rest:
        size_line, _, rest = rest.partition(b"\r\n")
        size = int(size_line, 16)
        if size == 0:
            reply.clean = rest == b"\r\n"
            break
        reply.body += rest[:size]
        rest = rest[size + 2 :]
    return reply


def post_bytes(body: bytes, *, path: str = "/v1/chat/completions", headers: str = "") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n{headers}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode("latin-1") + body


async def exchange(port: int, data: bytes) -> Reply:
    """Send ``data`` on a connection of its own and read until the gateway closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    writer.write(data)
    got = bytearray()
    try:
        async with asyncio.timeout(WAIT_S):
            while piece := await reader.read(1 << 18):
                got += piece
    except ConnectionResetError:
        pass
    finally:
        writer.close()
    return read_reply(bytes(got))


async def ask(
    port: int, workload: str, text: str, *, stream: bool = False, headers: str = "", responses: bool = False,
    usage: bool = False, **milo: Any,
) -> Reply:  # fmt: skip
    """One chat request with ``text``, or the same in the Responses API. ``usage``: a stream shall say what it used."""
    said = {"input": text} if responses else {"messages": [{"role": "user", "content": text}]}
    fields: dict[str, Any] = {"model": f"milo/{workload}", **said}
    if stream:
        fields["stream"] = True
    if usage:
        fields["stream_options"] = {"include_usage": True}
    if milo:
        fields["milo"] = milo
    path = "/v1/responses" if responses else "/v1/chat/completions"
    return await exchange(port, post_bytes(json.dumps(fields).encode(), headers=headers, path=path))

"""A gateway in this process for tests: a routing table and scripts of its targets in, an address out."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from milo_bench.config.settings import load_settings
from milo_bench.gateway.options import ServeOptions
from milo_bench.gateway.run import Listening, serve
from milo_bench.run.stop import StopSignal
from milo_bench.store.audit.chain import read_key
from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.audit.verify import AuditCheck, read_audit, verify_audit
from milo_bench.store.audit.writer import head_path, key_path
from milo_bench.store.state.database import open_state
from milo_bench.targets.fake.script import parse_script
from milo_bench.targets.fake.server import FakeServer

_TLS = ssl.create_default_context()
APIS = ("openai", "fake", "llamacpp", "ollama")


@dataclass
class RunningGateway:
    address: str
    admin: str
    folder: Path
    servers: dict[str, FakeServer]
    options: ServeOptions
    said: list[Mapping[str, Any]] = field(default_factory=list)

    def client(self, key: str = "none") -> AsyncOpenAI:
        web = DefaultAsyncHttpxClient(verify=_TLS)  # each would read the certificates of all authorities
        return AsyncOpenAI(base_url=f"{self.address}/v1", api_key=key, max_retries=0, http_client=web)

    def seen(self, target: str) -> int:
        """How many chats a target's server has seen, the two tokens at the start left out."""
        return max(0, len(self.servers[target].requests) - 2)

    def audit(self) -> list[AuditedRequest]:
        return [line for line in read_audit(self.options.audit) if isinstance(line, AuditedRequest)]

    def check(self) -> AuditCheck:
        key = read_key(key_path(self.options.audit))
        return verify_audit(self.options.audit, key, head=head_path(self.options.audit))

    async def said_of(self, event: str) -> Mapping[str, Any]:
        """Wait until the gateway has said ``event`` of itself."""
        while True:
            found = [one for one in self.said if one["event"] == event]
            if found:
                return found[-1]
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running_gateway(
    folder: Path,
    routing: Mapping[str, Any],
    scripts: Mapping[str, Mapping[str, Any]],
    *,
    gateway: Mapping[str, Any] | None = None,
    targets: Mapping[str, Mapping[str, Any]] | None = None,
    suites: tuple[str, ...] = (),
    state: str | None = None,
    env: Mapping[str, str] | None = None,
    **more: Any,
) -> AsyncIterator[RunningGateway]:
    """Each of ``scripts`` becomes a fake server behind HTTP, so that its loss is a lost server.

    ``state`` is a database that it shares with others, one of its own unless given.
    """
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  # a test's own folder
    servers = {}
    configs: dict[str, Any] = {}
    for name, script in scripts.items():
        server = servers[name] = FakeServer(parse_script(script, where=name))
        await server.start()
        hosted = routing.get("targets", {}).get(name, {}).get("hosted", False)
        configs[name] = {
            "api": "openai", "model": "fake-1", "base_url": f"{server.address}/v1", "hosted": hosted,
            **(targets or {}).get(name, {}),
        }  # fmt: skip
    (folder / "bench.yaml").write_text(
        yaml.safe_dump({"targets": configs, "gateway": {"fingerprint_interval_s": 0, **(gateway or {})}})
    )
    (folder / "routing.yaml").write_text(yaml.safe_dump(dict(routing), sort_keys=False))
    if state is None:  # a gateway has the tables made in a process of its own, which takes longer than most tests
        open_state(str(folder / "state.db")).dispose()
    options = ServeOptions(
        routing=folder / "routing.yaml", audit=folder / "audit", state=state or str(folder / "state.db"),
        port=0, admin_port=0, suites=suites, **more,
    )  # fmt: skip
    settings = load_settings(folder / "bench.yaml", {}, apis=APIS)
    stop, started = StopSignal(), asyncio.get_running_loop().create_future()
    said: list[Mapping[str, Any]] = []

    def on_start(listening: Listening) -> None:
        started.set_result(listening)

    serving = asyncio.ensure_future(serve(options, settings, env or {}, stop, on_start, said.append))
    try:
        await asyncio.wait({serving, started}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        listening = started.result()
        yield RunningGateway(listening.address, listening.admin, folder, servers, options, said)
    finally:
        if not serving.done():
            stop.request()
            stop.request()
            await serving
        for server in servers.values():
            await server.stop()

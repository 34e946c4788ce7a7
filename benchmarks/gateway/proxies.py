"""A folder and an upstream's port in, running proxies out: bare ones, the gateway plain and guarded, and peers.

Three bare ones, none of which decodes, checks, counts or records anything. "bare asyncio proxy" is what shares are of:
the standard library's loop and streams, heads read into their lines. "bare ASGI proxy" has the same upstream side
behind uvicorn. "bare uvloop protocols" is the least that Python can do: heads are parsed in C (httptools), and bytes go
from one transport of uvloop to the other.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

_PROGRAM = str(Path(sys.executable).with_name("milo-bench"))  # as people start it
PEERS = Path(__file__).parents[2] / "build" / "peers"
ORDER = {"message": "Hi, order MX-26213 was due on Tuesday and it is still not here. Can you tell me where it is?"}


@dataclass(frozen=True)
class Proxy:
    """A proxy under test. ``streams`` is false where its answers are held back and judged; ``own`` for no peer."""

    name: str
    port: int
    pid: int
    model: str
    extra: dict[str, Any] = field(default_factory=dict)
    streams: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    own: bool = True


@contextmanager
def running_proxies(folder: Path, upstream: int, core: int) -> Iterator[list[Proxy]]:
    """Start every proxy on ``core``; each is idle while another is measured."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        *bare, gateway = free_ports(4)
        for port, options in zip(bare, (["bare_streams"], ["bare_streams", "asgi"], ["bare_proxy"]), strict=True):
            module = f"benchmarks.gateway.{options[0]}"
            log = folder / f"bare-{port}.log"
            started.append(_start(core, log, "-m", module, str(port), str(upstream), *options[1:]))
        _write_table(folder, upstream)
        options = ["--routing", "routing.yaml", "--config", "bench.yaml", "--suite", "demo_v1", "--state", "state.db"]
        started.append(
            _start(core, folder / "gateway.log", _PROGRAM, "serve", *options, "--port", str(gateway),
                   "--admin-port", "0", cwd=folder)
        )  # fmt: skip
        proxies = [
            Proxy("bare asyncio proxy", bare[0], started[0].pid, "reference"),
            Proxy("bare ASGI proxy", bare[1], started[1].pid, "reference"),
            Proxy("bare uvloop protocols", bare[2], started[2].pid, "reference"),
            Proxy("gateway, routing and audit", gateway, started[3].pid, "milo/notes"),
            Proxy("gateway, and a schema guard", gateway, started[3].pid, "milo/orders",
                  {"milo": {"input": ORDER}}, streams=False),
        ]  # fmt: skip
        own = len(proxies)
        proxies += [*_litellm(folder, upstream, core, started), *_portkey(folder, upstream, core, started)]
        ready = []
        for place, proxy in enumerate(proxies):
            if _listens(proxy):
                ready.append(proxy)
            elif place < own:
                raise RuntimeError(f"{proxy.name} does not listen after a minute")
            else:
                print(f"  {proxy.name} does not start, so it is left out", flush=True)
        yield ready
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def _write_table(folder: Path, upstream: int) -> None:
    (folder / "bench.yaml").write_text(
        f"targets:\n  local: {{api: openai, base_url: 'http://127.0.0.1:{upstream}/v1', model: reference}}\n"
    )
    (folder / "routing.yaml").write_text(
        "targets: {local: {model: reference}}\n"
        "rules:\n"
        "  - {id: long, when: {workload: notes, words: {over: 5000}}, route: human_review}\n"
        "  - {id: tagged, when: {workload: notes, tags: [vip]}, route: human_review}\n"
        "  - {id: notes, when: {workload: notes}, route: local, target: local}\n"
        "  - {id: orders, when: {workload: orders}, route: local, target: local, guardrails: [schema]}\n"
        "default: {route: refuse}\n"
    )


def _litellm(folder: Path, upstream: int, core: int, started: list[subprocess.Popen[bytes]]) -> Iterator[Proxy]:
    """litellm's proxy, as ``make peers`` installs it, or from the folder that PEERS_BIN names."""
    program = shutil.which("litellm", path=os.environ.get("PEERS_BIN") or str(PEERS / "bin"))
    if program is None:
        return
    port = free_port()
    (folder / "litellm.yaml").write_text(
        "model_list:\n  - model_name: reference\n    litellm_params:\n      model: openai/reference\n"
        f"      api_base: http://127.0.0.1:{upstream}/v1\n      api_key: none\n"
    )
    with (folder / "litellm.log").open("wb") as log:
        started.append(
            subprocess.Popen(
                ["taskset", "-c", str(core), program, "--config", str(folder / "litellm.yaml"), "--port", str(port)],
                stdout=log,
                stderr=log,
                # Its proxy wants a master key otherwise; here it listens on this machine for some seconds.
                env={**os.environ, "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"},
            )
        )
    yield Proxy("litellm", port, started[-1].pid, "reference", own=False)


def _portkey(folder: Path, upstream: int, core: int, started: list[subprocess.Popen[bytes]]) -> Iterator[Proxy]:
    """Portkey's gateway, as ``make peers`` installs it, or from the folder that PORTKEY names."""
    root = Path(os.environ.get("PORTKEY") or PEERS) / "node_modules" / "@portkey-ai" / "gateway"
    node = shutil.which("node")
    if node is None or not root.exists():
        return
    port = free_port()
    with (folder / "portkey.log").open("wb") as log:
        command = [
            "taskset",
            "-c",
            str(core),
            node,
            str(root / "build" / "start-server.js"),
            f"--port={port}",
            "--headless",
        ]
        # Without it Portkey refuses addresses of the own network.
        env = {**os.environ, "TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"}
        started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=root, env=env))
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": f"http://127.0.0.1:{upstream}/v1",
               "Authorization": "Bearer none"}  # fmt: skip
    yield Proxy("Portkey's gateway", port, started[-1].pid, "reference", headers=headers, own=False)


def missing_peers() -> list[str]:
    """Peers that are not there, and how to get them."""
    found = []
    if shutil.which("litellm", path=os.environ.get("PEERS_BIN") or str(PEERS / "bin")) is None:
        found.append("litellm")
    if not (Path(os.environ.get("PORTKEY") or PEERS) / "node_modules" / "@portkey-ai").exists() or not shutil.which(
        "node"
    ):
        found.append("Portkey's gateway")
    return found


def _start(core: int, log: Path, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": str(root), "PYTHONNODEBUGRANGES": "1"}  # as the unit of examples/gateway
    with log.open("wb") as file:
        return subprocess.Popen(
            ["taskset", "-c", str(core), sys.executable, *arguments], stdout=file, stderr=file, cwd=cwd or root, env=env
        )


def _listens(proxy: Proxy) -> bool:
    """Wait a minute and a half for it, or until its process has ended: who else has its port is not measured."""
    end_s = time.monotonic() + 90
    while time.monotonic() < end_s:
        try:
            process = psutil.Process(proxy.pid)
            family = [process, *process.children(recursive=True)]
            if any(proxy.port in _ports(one) for one in family):
                return True
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            return False
        time.sleep(0.1)
    return False


def _ports(process: psutil.Process) -> set[int]:
    """The ports that it listens on; none once it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return {one.laddr.port for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN}
    return set()


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, each another one."""
    with contextlib.ExitStack() as opened:
        probes = [opened.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def free_port() -> int:
    return free_ports(1)[0]

"""A folder and an upstream's port in, running proxies out: the bare one, the gateway plain and guarded, and peers."""

from __future__ import annotations

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

ORDER = {"message": "Hi, order MX-26213 was due on Tuesday and it is still not here. Can you tell me where it is?"}


@dataclass(frozen=True)
class Proxy:
    """A proxy under test. ``streams`` is false where its answers are held back and judged."""

    name: str
    port: int
    pid: int
    model: str
    extra: dict[str, Any] = field(default_factory=dict)
    streams: bool = True


@contextmanager
def running_proxies(folder: Path, upstream: int, core: int) -> Iterator[list[Proxy]]:
    """Start every proxy on ``core``; each is idle while another is measured."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        bare = free_port()
        started.append(
            _start(core, folder / "bare.log", "-m", "benchmarks.gateway.bare_proxy", str(bare), str(upstream))
        )
        gateway = free_port()
        _write_table(folder, upstream)
        options = ["--routing", "routing.yaml", "--config", "bench.yaml", "--suite", "demo_v1", "--state", "state.db"]
        started.append(
            _start(core, folder / "gateway.log", "-m", "milo_bench.cli.main", "serve", *options, "--port", str(gateway),
                   "--admin-port", "0", cwd=folder)
        )  # fmt: skip
        proxies = [
            Proxy("bare asyncio proxy", bare, started[0].pid, "reference"),
            Proxy("gateway, routing and audit", gateway, started[1].pid, "milo/notes"),
            Proxy("gateway, and a schema guard", gateway, started[1].pid, "milo/orders",
                  {"milo": {"input": ORDER}}, streams=False),
        ]  # fmt: skip
        proxies += list(_litellm(folder, upstream, core, started))
        for proxy in proxies:
            _wait(proxy.port)
        yield proxies
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
    """litellm's proxy, where PEERS_BIN or this environment has it."""
    program = shutil.which("litellm", path=os.environ.get("PEERS_BIN", str(Path(sys.executable).parent)))
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
            )
        )
    yield Proxy("litellm", port, started[-1].pid, "reference")


def _start(core: int, log: Path, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": str(root)}
    with log.open("wb") as file:
        return subprocess.Popen(
            ["taskset", "-c", str(core), sys.executable, *arguments], stdout=file, stderr=file, cwd=cwd or root, env=env
        )


def _wait(port: int) -> None:
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on {port} after a minute; {psutil.cpu_percent():.0f}% of the processors busy")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

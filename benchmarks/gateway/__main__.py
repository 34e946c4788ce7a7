"""This machine in, requests per second, delays, processor time and memory of the gateway out, beside bare proxies.

wrk and the C reference server share one core, the proxy under test has another. Shares of the bare asyncio proxy count
(``proxies`` says what each bare one does): absolute figures depend on the machine and on what else runs on it, which is
why the processor time of a request stands beside each rate, and how much more it is than that of the bare one.
``faults`` tries sixteen faults, ``broken`` is 10,000 faulted streams (BROKEN_STREAMS=...), and ``kills`` kills a
gateway 20 times under load (KILLS=...). If anything slips past, the exit code is 1. ``clients`` tries the clients of
``make clients``, and ``make peers`` adds litellm's proxy and Portkey's gateway to the tables of speed.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.gateway.clients.table import tried_clients
from benchmarks.gateway.faults.kills import kill_lines, killed_often
from benchmarks.gateway.faults.sixteen import sixteen_faults
from benchmarks.gateway.faults.streams import faulted_streams
from benchmarks.gateway.proxies import Proxy, missing_peers, running_proxies
from benchmarks.reference import ReferenceServer, reference_server
from benchmarks.sections import wanted_sections

SECONDS = float(os.environ.get("GATEWAY_BENCH_S", "6"))
MESSAGE_OF_ONE = '{"model":"reference","messages":[{"role":"user","content":"hello"}],"stream":true}'
ANSWER = '{"order": "MX-26213"}'
_FIRST = -19  # niceness
_REST_S = 5.0
CORES = sorted(os.sched_getaffinity(0))
MESSAGE = {"role": "user", "content": "Which order is this about? " + "The parcel did not come. " * 8}


@dataclass(frozen=True)
class Rate:
    """What wrk saw, and what the proxy's process used meanwhile."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    errors: int


def body_of(proxy: Proxy, *, stream: bool) -> str:
    body = {"model": proxy.model, "messages": [MESSAGE], "max_tokens": 64, "stream": stream, **proxy.extra}
    return json.dumps(body, separators=(",", ":"))


def drive(proxy: Proxy, connections: int, *, stream: bool) -> Rate:
    """Load ``proxy`` with wrk on the first core."""
    headers = "\n".join(f"{name}: {value}" for name, value in proxy.headers.items())
    env = {**os.environ, "WRK_BODY": body_of(proxy, stream=stream), "WRK_HEADERS": headers}
    lua = str(Path(__file__).with_name("load.lua"))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS:g}s", "--timeout", "30s", "-s", lua]
    url = f"http://127.0.0.1:{proxy.port}/v1/chat/completions"
    before = _cpu_s(proxy.pid)
    done = subprocess.run(
        ["taskset", "-c", str(CORES[0]), *command, url], env=env, capture_output=True, text=True, check=True
    )
    used_s = _cpu_s(proxy.pid) - before
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    found = json.loads(line.removeprefix("RESULT "))
    requests = max(1, found["requests"])
    return Rate(
        requests / found["duration_s"], found["p50_ms"], found["p99_ms"], used_s / requests * 1e3, found["errors"]
    )


def _cpu_s(pid: int) -> float:
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in family)


def json_rows() -> Iterator[str]:
    """Whole answers from an instant server, at 10 and 128 connections."""
    with on_first_core("--chunks", "1", "--answer", ANSWER) as server:
        for connections in (10, 128):
            yield f"JSON, {connections} connections, instant upstream"
            yield from _compared(server, connections, stream=False)


def stream_rows() -> Iterator[str]:
    """32 streams of 64 chunks, as fast as the server writes."""
    with on_first_core("--chunks", "64") as server:
        yield "SSE, 32 streams of 64 chunks"
        yield from _compared(server, 32, stream=True)


def first_token_rows() -> Iterator[str]:
    """The delay that each proxy adds to the first token of 32 paced streams: begun evenly, and all at once."""
    with (
        on_first_core("--chunks", "64", "--first-ms", "50", "--gap-ms", "5") as server,
        tempfile.TemporaryDirectory() as folder,
        running_proxies(Path(folder), server.port, CORES[-1]) as proxies,
    ):
        os.sched_setaffinity(0, {CORES[0]})  # who measures is beside the server, and the proxy has its core alone
        try:
            yield from _first_tokens(server, proxies, "begun one after the other", 0.365 / 32)
            yield from _first_tokens(server, proxies, "begun all at once", 0.0)
        finally:
            os.sched_setaffinity(0, CORES)


def _first_tokens(server: ReferenceServer, proxies: list[Proxy], how: str, apart_s: float) -> Iterator[str]:
    from benchmarks.gateway.first import first_bytes

    yield f"first byte of 32 paced streams (50 ms) that are {how}, against the server alone"
    alone = first_bytes(server.port, MESSAGE_OF_ONE, {}, streams=32, apart_s=apart_s).median_ms
    if alone is None:
        raise RuntimeError("the reference server gives no stream")
    yield f"  {'the server alone':<34} {alone:7.3f} ms"
    for proxy in [one for one in proxies if one.streams]:
        asking = body_of(proxy, stream=True)
        found = first_bytes(proxy.port, asking, proxy.headers, streams=32, apart_s=apart_s)
        missing = f"  {found.unanswered} of {found.asked} WITHOUT A STREAM: {found.said}"
        if found.median_ms is None:
            yield f"  {proxy.name:<34}{missing}"
        else:
            less = missing if found.unanswered else ""
            yield f"  {proxy.name:<34} {found.median_ms:7.3f} ms  ({found.median_ms - alone:+.3f}){less}"


def memory_rows() -> Iterator[str]:
    """Resident memory at rest, how much of it no other process shares, and with 1,000 streams that wait.

    At rest is after 50 requests of each row that a process serves, and five seconds without one.
    """
    with (
        on_first_core("--chunks", "1", "--answer", ANSWER) as server,
        tempfile.TemporaryDirectory() as folder,
        running_proxies(Path(folder), server.port, CORES[-1]) as proxies,
    ):
        for proxy in proxies:
            with suppress(*(() if proxy.own else (OSError, ValueError))):
                _warm(proxy)
        time.sleep(_REST_S)
        rest = {name: (_memory_mb(one.pid), _own_memory_mb(one.pid)) for name, one in _processes(proxies).items()}
    with on_first_core("--chunks", "2", "--first-ms", "20000") as server:
        yield "memory at rest (its own of that); with 1,000 idle streams"
        from benchmarks.gateway.first import idle_streams

        with tempfile.TemporaryDirectory() as folder, running_proxies(Path(folder), server.port, CORES[-1]) as proxies:
            for name, proxy in _processes(proxies).items():
                with idle_streams(proxy.port, body_of(proxy, stream=True), proxy.headers, 1_000) as waiting:
                    busy = _memory_mb(proxy.pid)
                short = "" if waiting == 1_000 else f"  only {waiting:,} OF 1,000 STREAMS WAIT"
                held = f"{rest[name][0]:6.1f} MB ({rest[name][1]:.1f})" if name in rest else "NOT MEASURED"
                yield f"  {name:<34} {held}  {busy:6.1f} MB{short}"


def _processes(proxies: list[Proxy]) -> dict[str, Proxy]:
    """One row for each process, by its name: one process may serve two."""
    return {one.name: one for one in {one.pid: one for one in reversed(proxies)}.values()}


def _memory_mb(pid: int) -> float:
    process = psutil.Process(pid)
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)]) / 1e6


def _own_memory_mb(pid: int) -> float:
    """What would be free without it: code of libraries that others run too is left out."""
    process = psutil.Process(pid)
    return sum(float(one.memory_full_info().uss) for one in [process, *process.children(recursive=True)]) / 1e6


def _compared(server: ReferenceServer, connections: int, *, stream: bool) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, running_proxies(Path(folder), server.port, CORES[-1]) as proxies:
        bare: Rate | None = None
        for proxy in proxies:
            if stream and not proxy.streams:
                continue
            try:
                _warm(proxy)
            except (OSError, ValueError) as error:
                if proxy.own:
                    raise
                yield f"  {proxy.name:<34} NOT MEASURED: {error}"
                continue
            found = drive(proxy, connections, stream=stream)
            bare = bare or found
            share = "" if bare is found else f"{found.per_s / bare.per_s:4.0%} of bare, "
            added = "" if bare is found else f" ({found.cpu_ms - bare.cpu_ms:+.3f})"
            delays = f"p50 {found.p50_ms:6.2f} p99 {found.p99_ms:6.2f} ms"
            yield (
                f"  {proxy.name:<34} {found.per_s:8,.0f}/s  {share:<14} {delays}  cpu {found.cpu_ms:.3f} ms{added}"
                + (f"  {found.errors} ERRORS" if found.errors else "")
            )


def _warm(proxy: Proxy) -> None:
    for _ in range(50):
        request = urllib.request.Request(
            f"http://127.0.0.1:{proxy.port}/v1/chat/completions",
            data=body_of(proxy, stream=False).encode(),
            headers={"Content-Type": "application/json", **proxy.headers},
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            reply.read()
            if reply.status != 200:
                raise ValueError(f"{proxy.name} answers {reply.status}, so it would be measured on something else")


@contextmanager
def on_first_core(*options: str) -> Iterator[ReferenceServer]:
    """The reference server beside wrk."""
    with reference_server(*options) as server:
        os.sched_setaffinity(server.pid, {CORES[0]})
        yield server


def fault_rows() -> Iterator[str]:
    """Sixteen faults, each passed or failed safe."""
    with tempfile.TemporaryDirectory() as folder:
        outcomes = asyncio.run(sixteen_faults(Path(folder)))
    for outcome in outcomes:
        yield outcome.line()
    if not all(outcome.ok for outcome in outcomes):
        raise SlippedError


def broken_rows() -> Iterator[str]:
    """Faulted streams: nothing unscanned, no cut stream that ends clean, no record that says otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(faulted_streams(Path(folder), int(os.environ.get("BROKEN_STREAMS", "10000"))))
    yield from found.lines()
    if not found.ok:
        raise SlippedError


def kill_rows() -> Iterator[str]:
    """Kills under load: every answer has its record, the chain verifies, the queue lost nothing."""
    with tempfile.TemporaryDirectory() as folder:
        killed = asyncio.run(killed_often(Path(folder), int(os.environ.get("KILLS", "20"))))
    yield from kill_lines(killed)
    if any(one.slipped for one in killed):
        raise SlippedError


def client_rows() -> Iterator[str]:
    """The clients that CLIENTS_PYTHON has (by default those of ``make clients``)."""
    own = Path(__file__).parents[2] / "build" / "clients" / "bin" / "python"
    python = os.environ.get("CLIENTS_PYTHON") or str(own if own.exists() else sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        tried = asyncio.run(tried_clients(Path(folder), python))
    for one in tried:
        yield from one.lines()
    if not all(one.ok for one in tried):
        raise SlippedError


class SlippedError(Exception):
    """Something that a gateway must hold back has passed it."""


SPEED = {"json": json_rows, "streams": stream_rows, "first": first_token_rows, "memory": memory_rows}
SECTIONS = {**SPEED, "faults": fault_rows, "broken": broken_rows, "kills": kill_rows, "clients": client_rows}


def main() -> int:
    about = {name: (rows.__doc__ or "").strip() for name, rows in SECTIONS.items()}
    names = wanted_sections("benchmarks.gateway", __doc__, about)
    if shutil.which("wrk") is None and any(name in SPEED for name in names):
        print("wrk is missing. hint: apt-get install wrk")
        return 3
    slipped = False
    for name in names:
        began_s, idle = time.monotonic(), psutil.cpu_percent(interval=1.0)
        if name in SPEED and (missing := missing_peers()):
            print(f"\nnot beside: {', '.join(missing)}. hint: make peers")
        print(f"\n{name} (others use {idle:.0f}% of the processors before it starts)", flush=True)
        with suppress(PermissionError):  # where we may, others come after what is measured, and after the bare proxies
            os.setpriority(os.PRIO_PROCESS, 0, _FIRST if name in SPEED else 0)
        try:
            for line in SECTIONS[name]():
                print(line, flush=True)
        except SlippedError:
            slipped = True
        print(f"  took {time.monotonic() - began_s:.0f} s")
    return int(slipped)


if __name__ == "__main__":
    sys.exit(main())

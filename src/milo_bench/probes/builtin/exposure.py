"""A server's listeners and headers in; who else can reach and use it out: other machines, web pages, without a key."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import psutil

from milo_bench.core.records import ProbeResult
from milo_bench.probes.base import PROBES, Probe
from milo_bench.probes.context import ProbeContext
from milo_bench.probes.processes import is_loopback, listening

_ORIGIN = "https://milo-bench.invalid"
_CONNECT_S = 1.0


class Exposure(Probe):
    name = "exposure"
    title = "Only this machine reaches the server without a key"
    severity = "major"
    order = 330

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        beyond = await _beyond_loopback(ctx)
        cross_origin = await _cross_origin(ctx)
        keyless = await _keyless(ctx)
        evidence: dict[str, Any] = {
            "listens_beyond_loopback": sorted(beyond) if beyond is not None else None,
            "cross_origin": cross_origin,
            "answers_without_key": keyless,
        }
        if keyless is None or beyond is None or cross_origin is None:
            missing = "without a key" if keyless is None else "beyond loopback" if beyond is None else "to a web page"
            if not (beyond and keyless):
                return self.undecided(ctx, f"Could not check how the server answers {missing}.", evidence)
        places = ", ".join(sorted(beyond or ()))
        if beyond and keyless:
            finding = (
                f"Any machine that reaches {places} can use the server: it listens beyond loopback and needs no key."
            )
            return self.fails(ctx, finding, evidence, "critical")
        if cross_origin and keyless:
            finding = (
                "Any web page open on this machine can read answers: Access-Control-Allow-Origin is "
                f"'{cross_origin}' and no key is needed."
            )
            return self.fails(ctx, finding, evidence)
        if cross_origin:
            return self.fails(
                ctx,
                f"Any web page can read answers (CORS '{cross_origin}'), but a key protects them.",
                evidence,
                "minor",
            )
        if beyond:
            finding = f"Listens beyond loopback ({places}), but needs a key."
        elif keyless:
            finding = "Needs no key, but only this machine can reach it, and web pages cannot read its answers."
        else:
            finding = "Only this machine can reach it, and it needs a key."
        return self.passes(ctx, finding, evidence)


async def _beyond_loopback(ctx: ProbeContext) -> set[str] | None:
    """Addresses beyond loopback at which the server can be met; None where that cannot be seen."""
    place = ctx.place
    if not place.is_loopback:
        return {f"{place.host}:{place.port}"}
    found: set[str] = set()
    seen = await asyncio.to_thread(listening, ctx.target.server_pids())
    for host, port in seen or ():
        if port == place.port and not is_loopback(host):
            found.add(f"{host}:{port}")
    # Where the system hides whose listener it is, knocking at our own other addresses tells.
    own = [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET and not is_loopback(address.address)
    ]
    for host in own:
        if await _connects(host, place.port) and await _is_same_server(ctx, host):
            found.add(f"{host}:{place.port}")
    if not found and seen is None and not own:
        return None
    return found


async def _connects(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _is_same_server(ctx: ProbeContext, host: str) -> bool:
    """Another program may hold the same port on another address of this machine."""
    pids = set(ctx.target.server_pids())
    if not pids:
        return True
    holders = await asyncio.to_thread(_holders, host, ctx.place.port)
    return not holders or bool(holders & pids)


def _holders(host: str, port: int) -> set[int]:
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return set()
    everywhere = ("0.0.0.0", "::")  # noqa: S104  # compared, not bound
    found: set[int] = set()
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr or not connection.pid:
            continue
        if connection.laddr.port == port and connection.laddr.ip in (host, *everywhere):
            found.add(connection.pid)
    return found


async def _cross_origin(ctx: ProbeContext) -> str | None:
    """The allowed origin where a foreign page may read, "" where not; None where nothing answered."""
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answered = False
    models, chat = f"{ctx.api_path}/models", ctx.chat_path
    for method, path, more in (("GET", models, {}), ("OPTIONS", chat, preflight)):
        reply = await ctx.fetch(method, path, headers={"Origin": _ORIGIN, **more})
        if reply.status == 0:
            continue
        answered = True
        allowed = reply.headers.get("access-control-allow-origin", "")
        if allowed in ("*", _ORIGIN, "null"):
            return allowed
    return "" if answered else None


async def _keyless(ctx: ProbeContext) -> bool | None:
    """Whether one token comes without the key; None where that shows nothing."""
    reply = await ctx.post(ctx.body("ping", max_tokens=1), key=False)
    if reply.status in (401, 403):
        return False
    return True if reply.status == 200 else None


PROBES.add(Exposure.name, Exposure())

"""A server that answers in; the connections beyond loopback that its process tree opens meanwhile out."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from milo_bench.core.records import ProbeResult
from milo_bench.core.units import seconds
from milo_bench.probes.base import PROBES, Probe
from milo_bench.probes.context import ProbeContext
from milo_bench.probes.processes import Peer, opened_outwards

_PERIOD_S = 0.02
_REQUESTS, _QUICK_REQUESTS = 8, 4


class Egress(Probe):
    name = "egress"
    title = "Opens no connection beyond this machine while it answers"
    severity = "critical"
    order = 320

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        pids = ctx.target.server_pids()
        if not pids:
            return self.undecided(
                ctx, "The server's processes are unknown: on another machine, or not visible to this user."
            )
        if await asyncio.to_thread(opened_outwards, pids) is None:
            return self.undecided(
                ctx, "The system does not show the server's connections to this user.", {"pids": list(pids)}
            )
        seen: set[Peer] = set()
        samples = 0
        watching = asyncio.Event()

        async def watch() -> None:
            nonlocal samples
            while True:
                peers = await asyncio.to_thread(opened_outwards, pids)
                if peers is not None:
                    seen.update(peers)
                    samples += 1
                watching.set()
                await asyncio.sleep(_PERIOD_S)

        watcher = asyncio.create_task(watch())
        await watching.wait()
        try:
            count = _QUICK_REQUESTS if ctx.quick else _REQUESTS
            exchanges = [await ctx.ask(f"Name {number} colours.", max_tokens=16) for number in range(1, count + 1)]
        finally:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher
        answered = sum(exchange.failure is None for exchange in exchanges)
        last = await asyncio.to_thread(opened_outwards, pids)
        seen.update(last or ())
        evidence: dict[str, Any] = {
            "requests": count,
            "answered": answered,
            "samples": samples,
            "sample_period_s": _PERIOD_S,
            "peers": [{"host": p.host, "port": p.port, "kind": p.kind, "process": p.process} for p in sorted(seen)],
        }
        if seen:
            first = min(seen)
            finding = (
                f"While it answered, the server connected to {len(seen)} address{'es' if len(seen) > 1 else ''} beyond "
                f"this machine, e.g. {first.host} port {first.port} ({first.kind}, process {first.process})."
            )
            return self.fails(ctx, finding, evidence)
        if not answered or samples == 0:
            return self.undecided(ctx, "The server answered no request while its connections were watched.", evidence)
        finding = (
            f"No connection beyond loopback in {samples + 1} samples while {answered} requests were "
            f"answered (one shorter than {seconds(_PERIOD_S)} can be missed)."
        )
        return self.passes(ctx, finding, evidence)


PROBES.add(Egress.name, Egress())

"""A bounded soak in; whether the server's memory grows with the requests it answers out.

The slope is Theil and Sen's (the median of all pairwise slopes) with its 95% interval, of
resident bytes of the process tree over the number of answered requests, after a warm-up of the
first third. Samples of one process depend on one another, so the interval is optimistic; a
verdict therefore also asks for a growth that matters.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from milo_bench.core.records import ProbeResult
from milo_bench.core.units import between, byte_count
from milo_bench.probes.base import PROBES, Probe
from milo_bench.probes.context import ProbeContext
from milo_bench.probes.processes import resident_bytes
from milo_bench.probes.trend import theil_sen

_SOAK_S, _QUICK_SOAK_S = 12.0, 4.0
_MOST_REQUESTS = 400
_FEWEST_REQUESTS = 24
_LONGEST_SHARE = 3.0  # a slow server gets up to that much longer to reach the fewest requests
_WARM_UP_SHARE = 1 / 3
_LEAK_BYTES = 16 << 10  # a request; a million requests a month would take 15 GiB
_LEAST_GROWTH_BYTES = 4 << 20  # over the soak; below that allocators breathe


class MemoryGrowth(Probe):
    name = "memory_growth"
    title = "Memory does not grow with the number of answered requests"
    severity = "major"
    order = 310

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        pids = ctx.target.server_pids()
        if not pids or await asyncio.to_thread(resident_bytes, pids) is None:
            return self.undecided(ctx, "The memory of the server's processes cannot be read.")
        samples: list[int] = []
        failed = 0
        soak_s = _QUICK_SOAK_S if ctx.quick else _SOAK_S
        began_s = time.monotonic()
        while len(samples) < _MOST_REQUESTS:
            enough = _LONGEST_SHARE if len(samples) < _FEWEST_REQUESTS else 1.0
            if time.monotonic() - began_s > enough * soak_s:
                break
            exchange = await ctx.ask(f"Say a number after {len(samples)}.", max_tokens=1)
            failed += exchange.failure is not None
            memory = await asyncio.to_thread(resident_bytes, pids)
            if memory is None or failed > 3:
                break
            samples.append(memory)
        return self._judged(ctx, samples, failed)

    def _judged(self, ctx: ProbeContext, samples: Sequence[int], failed: int) -> ProbeResult:
        kept = list(samples[int(len(samples) * _WARM_UP_SHARE) :])
        evidence: dict[str, Any] = {
            "requests": len(samples),
            "failed": failed,
            "first_bytes": samples[0] if samples else None,
            "last_bytes": samples[-1] if samples else None,
            "samples_bytes": list(samples[:: max(1, len(samples) // 40)]),
        }
        if failed > 3 or len(samples) < _FEWEST_REQUESTS:
            why = f"{len(samples)} requests in the soak, of which {failed} failed: too few for a slope."
            return self.undecided(ctx, why, evidence)
        slope, low, high = theil_sen(kept)
        grown = kept[-1] - kept[0]
        evidence |= {
            "bytes_per_request": round(slope),
            "interval": [round(low), round(high)],
            "confidence": 0.95,
            "method": "Theil-Sen",
            "grown_bytes": grown,
        }
        said = f"{byte_count(slope)} per request (95% interval {between(low, high, 'bytes')})"
        if low > _LEAK_BYTES and grown > _LEAST_GROWTH_BYTES:
            finding = f"Memory grows by {said}: {byte_count(grown)} over {len(kept)} requests."
            return self.fails(ctx, finding, evidence)
        if high < _LEAK_BYTES:
            return self.passes(ctx, f"Memory grows by {said} over {len(kept)} requests: no significant leak.", evidence)
        why = f"Memory grows by {said} over {len(kept)} requests: too little or too scattered to be a leak."
        return self.undecided(ctx, why, evidence)


PROBES.add(MemoryGrowth.name, MemoryGrowth())

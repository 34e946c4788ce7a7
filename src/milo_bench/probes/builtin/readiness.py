"""A start, or the first request to a server that runs, in; whether it said ready before it could answer out."""

from __future__ import annotations

import math
import time
from typing import Any

from milo_bench.core.records import ProbeResult
from milo_bench.core.units import seconds
from milo_bench.probes.base import PROBES, Probe
from milo_bench.probes.context import ProbeContext
from milo_bench.probes.starting import (
    StartTimes,
    check_to_install,
    ready_pages,
    restart_by_command,
    watch_own_start,
)

_LEAST_GAP_S = 1.0
_TIMES_STEADY = 5.0
_SLOWEST_OK_S = 15


class Readiness(Probe):
    name = "readiness"
    title = "Reports ready only when it can generate a token"
    severity = "major"
    order = 10
    limit_s = 400.0

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        if ctx.options.restart_command and not ctx.owned:
            return await self._of_a_start(ctx, await restart_by_command(ctx))
        if ctx.owned:
            if ctx.started:
                await ctx.renew()
            return await self._of_a_start(ctx, await watch_own_start(ctx))
        return await self._of_a_running_server(ctx)

    async def _of_a_start(self, ctx: ProbeContext, times: StartTimes) -> ProbeResult:
        ctx.first_start = times.as_data()
        await ctx.start()
        steady_s = await _steady_s(ctx)
        evidence: dict[str, Any] = {"seen": "from process start", **times.as_data(), "steady_one_token_s": steady_s}
        check = _check(ctx, times.token_s, evidence)
        if times.token_s is None or steady_s is None:
            return self.undecided(ctx, "No token came during the start.", evidence)
        if times.ready_s is None:
            return self.undecided(
                ctx, f"No endpoint reported ready. A token came after {seconds(times.token_s)}.", evidence
            )
        gap_s = times.gap_s or 0.0
        if times.refused_after_ready or gap_s > max(_LEAST_GAP_S, _TIMES_STEADY * steady_s):
            refused = (
                f", and {times.refused_after_ready} requests were refused meanwhile"
                if times.refused_after_ready
                else ""
            )
            finding = (
                f"{times.ready_page} reported ready {seconds(times.ready_s)} after start, {seconds(gap_s)} "
                f"before the first token{refused}. Use instead: {check}"
            )
            return self.fails(ctx, finding, evidence)
        when = f"ready after {seconds(times.ready_s)}, first token after {seconds(times.token_s)}"
        return self.passes(ctx, f"Reports ready when it can generate a token: {when}.", evidence)

    async def _of_a_running_server(self, ctx: ProbeContext) -> ProbeResult:
        """The start was not seen; but a server may say ready now and not be."""
        page = ""
        for candidate in ready_pages(ctx):
            if (await ctx.fetch("GET", candidate)).status == 200:
                page = candidate
                break
        asked_s = time.monotonic()
        reply = await ctx.post(ctx.body("ping", max_tokens=1), limit_s=ctx.options.ask_limit_s)
        first_s = time.monotonic() - asked_s
        evidence: dict[str, Any] = {
            "seen": "a running server, first request",
            "ready_page": page,
            "status": reply.status,
            "broken": reply.broken,
            "first_one_token_s": round(first_s, 3),
        }
        answered = reply.status == 200 and reply.broken is None
        if not page:
            state = "a token comes" if answered else "no token comes"
            return self.undecided(ctx, f"No endpoint reports ready, and {state}.", evidence)
        if reply.status in (401, 403, 404):
            return self.undecided(ctx, f"A one-token request is refused with HTTP {reply.status}.", evidence)
        check = _check(ctx, first_s, evidence)
        if not answered:
            said = reply.broken or f"HTTP {reply.status}"
            finding = f"{page} reports ready, but a one-token request gets {said}. Use instead: {check}"
            return self.fails(ctx, finding, evidence)
        await ctx.start()
        steady_s = await _steady_s(ctx)
        evidence["steady_one_token_s"] = steady_s
        if steady_s is not None and first_s > max(_LEAST_GAP_S, _TIMES_STEADY * steady_s):
            finding = (
                f"{page} reports ready, but the first token took {seconds(first_s)} (later {seconds(steady_s)}): "
                f"the model was not loaded. Use instead: {check}"
            )
            return self.fails(ctx, finding, evidence)
        why = f"{page} reports ready and a token comes, but the start was not observed: pass --restart-command."
        return self.undecided(ctx, why, evidence)


def _check(ctx: ProbeContext, token_s: float | None, evidence: dict[str, Any]) -> str:
    within_s = max(_SLOWEST_OK_S, math.ceil(2 * (token_s or 0.0)))
    evidence["check_to_install"] = check_to_install(ctx, within_s)
    return str(evidence["check_to_install"])


async def _steady_s(ctx: ProbeContext) -> float | None:
    """Median time of one token of five."""
    taken = []
    for _ in range(5):
        exchange = await ctx.ask("ping", max_tokens=1)
        if exchange.failure is None:
            taken.append(exchange.timings.latency_s)
    return round(sorted(taken)[len(taken) // 2], 4) if taken else None


PROBES.add(Readiness.name, Readiness())

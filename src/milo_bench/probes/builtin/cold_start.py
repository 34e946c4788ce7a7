"""A server's life in: start, first requests, idling, reload, a model that does not fit; what each costs out."""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from milo_bench.core.errors import MiloError
from milo_bench.core.records import ProbeResult
from milo_bench.core.units import number, seconds
from milo_bench.probes.base import PROBES, Probe, ProbeCase
from milo_bench.probes.context import ProbeContext
from milo_bench.probes.starting import StartTimes, restart_by_command, watch_own_start
from milo_bench.targets.base import Target

_FIRST_K = 5
_STEADY, _QUICK_STEADY = 12, 6
_IDLE_S, _QUICK_IDLE_S = 5.0, 1.0
_PENALTY = 3.0  # times the steady latency
_LEAST_EXTRA_S = 0.5
_TOO_LARGE_TOKENS = 1 << 24  # of context: hundreds of gigabytes for the smallest of models
_REFUSED_WITHIN_S = 60.0
_REASON = re.compile(r".*(?:alloc|out of memory|not enough memory|does not fit|OutOfMemory).*", re.IGNORECASE)


class ColdStart(Probe):
    name = "cold_start"
    title = "Cost of first requests: after start, idling and reload, and without enough memory"
    severity = "minor"
    order = 20
    limit_s = 600.0

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        evidence: dict[str, Any] = {}
        cases: list[ProbeCase] = []
        can_restart = ctx.owned or bool(ctx.options.restart_command)
        if can_restart:
            # A start that another probe has watched already need not be made again.
            evidence["start"] = ctx.first_start or (await _start_again(ctx)).as_data()
            evidence["reload"] = (await _start_again(ctx)).as_data()
            await ctx.start()
            cases.append(await _warm_up(ctx, evidence))
        else:
            await ctx.start()
            said = "Milo Bench did not start this server: pass --restart-command"
            cases += [ProbeCase("start", "undecided", said), await _warm_up(ctx, evidence)]
        await ctx.start()
        cases.append(await _after_idle(ctx, evidence))
        if ctx.config.api == "llamacpp":
            cases.append(await _does_not_fit(ctx, evidence))
        start, reload = evidence.get("start", {}), evidence.get("reload", {})
        good = (
            f"First token {start.get('token_s')} s after the start, {reload.get('token_s')} s after a "
            f"reload. The first {_FIRST_K} requests take {evidence.get('warm_up_ratio')} times the "
            "steady latency, the first after "
            f"{evidence.get('idle_s')} s of idling {evidence.get('after_idle_ratio')} times."
        )
        return self.judge(ctx, cases, good=good, evidence=evidence)


async def _start_again(ctx: ProbeContext) -> StartTimes:
    if not ctx.owned:
        return await restart_by_command(ctx)
    if ctx.started:
        await ctx.renew()
    return await watch_own_start(ctx)


async def _warm_up(ctx: ProbeContext, evidence: dict[str, Any]) -> ProbeCase:
    """Mean latency of the first k requests over the median of later ones.

    The very first token went to the target's own start, so this is the penalty that remains.
    """
    name = "warm-up"
    taken = await _latencies(ctx, _FIRST_K + (_QUICK_STEADY if ctx.quick else _STEADY))
    if taken is None:
        return ProbeCase(name, "undecided", "a request was not answered")
    first, steady_s = statistics.fmean(taken[:_FIRST_K]), statistics.median(taken[_FIRST_K:])
    ratio = first / steady_s
    evidence |= {
        "first_k": _FIRST_K,
        "first_requests_s": [round(s, 4) for s in taken[:_FIRST_K]],
        "steady_s": round(steady_s, 4),
        "warm_up_ratio": round(ratio, 2),
    }
    if ratio > _PENALTY and first - steady_s > _LEAST_EXTRA_S:
        return ProbeCase(
            name, "fail", f"The first {_FIRST_K} requests take {number(ratio, 2)} times the steady {seconds(steady_s)}"
        )
    return ProbeCase(name, "pass", f"{number(ratio)} times the steady latency")


async def _after_idle(ctx: ProbeContext, evidence: dict[str, Any]) -> ProbeCase:
    name = "after idle"
    idle_s = _QUICK_IDLE_S if ctx.quick else _IDLE_S
    before = await _latencies(ctx, 5)
    await asyncio.sleep(idle_s)  # idling is what is measured
    first = await _latencies(ctx, 1)
    if before is None or first is None:
        return ProbeCase(name, "undecided", "a request was not answered")
    steady_s = statistics.median(before)
    ratio = first[0] / steady_s
    evidence |= {"idle_s": idle_s, "first_after_idle_s": round(first[0], 4), "after_idle_ratio": round(ratio, 2)}
    if ratio > _PENALTY and first[0] - steady_s > _LEAST_EXTRA_S:
        took = f"{seconds(first[0])}, {number(ratio, 2)} times the usual"
        said = f"The first request after {seconds(idle_s)} of idling takes {took}"
        return ProbeCase(name, "fail", said)
    return ProbeCase(name, "pass", f"{number(ratio)} times the usual")


async def _latencies(ctx: ProbeContext, count: int) -> list[float] | None:
    taken = []
    for turn in range(count):
        exchange = await ctx.ask(f"ping {turn % 10}", max_tokens=1)
        if exchange.failure is not None:
            return None
        taken.append(exchange.timings.latency_s)
    return taken


async def _does_not_fit(ctx: ProbeContext, evidence: dict[str, Any]) -> ProbeCase:
    """Ask for a context that no memory holds; the server must refuse to start, with a reason, in time.

    Its address space is bounded before it loads, so that a server that tries cannot take the
    machine with it; where the system cannot do that, it is not tried.
    """
    name = "does not fit"
    if not sys.platform.startswith("linux"):
        return ProbeCase(name, "undecided", "only Linux can limit a process's memory")
    with tempfile.TemporaryDirectory(prefix="milo-bench-probe-") as folder:
        log = Path(folder) / "server.log"
        settings = {**ctx.config.settings, "log": str(log)}
        wanted = {"context_window": _TOO_LARGE_TOKENS, "parallel": 1, "settings": settings}
        case = await _start_too_large(ctx.open_fresh(ctx.config.model_copy(update=wanted)), evidence)
        if case is not None:
            return case
        words = log.read_bytes().decode("utf-8", "replace") if log.exists() else ""
    reason = _REASON.search(words)
    facts = evidence["does_not_fit"]
    facts["reason_in_log"] = reason.group().strip()[:200] if reason else ""
    if reason is None:
        return ProbeCase(
            name, "fail", f"A context that does not fit ends the server without a reason: {facts['said'][:120]}"
        )
    return ProbeCase(name, "pass", f"refused after {facts['took_s']} s, with the reason in its log")


async def _start_too_large(target: Target, evidence: dict[str, Any]) -> ProbeCase | None:
    """None where the server ended as it should; why it ended is the caller's to read."""
    name = "does not fit"
    began_s = time.monotonic()
    starting = asyncio.create_task(target.start())
    try:
        while not target.server_pids() and not starting.done():  # noqa: ASYNC110  # a process id is no event
            await asyncio.sleep(0)
        bounded = _bound_memory(target.server_pids())
        if not bounded and not starting.done():
            return ProbeCase(name, "undecided", "not tried, because the server's memory could not be limited")
        done, _ = await asyncio.wait([starting], timeout=_REFUSED_WITHIN_S)
        took_s = time.monotonic() - began_s
        evidence["does_not_fit"] = {"context_tokens": _TOO_LARGE_TOKENS, "took_s": round(took_s, 2)}
        if not done:
            return ProbeCase(
                name, "fail", f"With a context that does not fit, the server is still starting after {seconds(took_s)}"
            )
        error = starting.exception()
        if error is None:
            return ProbeCase(name, "fail", "The server reports ready with a context that cannot fit")
        if not isinstance(error, MiloError):
            raise error
        evidence["does_not_fit"]["said"] = error.message[:300]
        return None
    finally:
        if not starting.done():
            starting.cancel()
            await asyncio.wait([starting])
        await target.stop()


def _bound_memory(pids: tuple[int, ...]) -> bool:
    limit = psutil.virtual_memory().total // 2
    try:
        for pid in pids:
            psutil.Process(pid).rlimit(psutil.RLIMIT_AS, (limit, limit))
    except (psutil.Error, OSError, ValueError):
        return False
    return bool(pids)


PROBES.add(ColdStart.name, ColdStart())

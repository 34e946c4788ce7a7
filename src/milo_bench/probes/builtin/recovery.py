"""A kill in the middle of work in; time back to the first token and what became of the requests in flight out."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from typing import Any

import psutil

from milo_bench.core.chat import Exchange
from milo_bench.core.records import ProbeResult
from milo_bench.core.units import seconds
from milo_bench.probes.base import PROBES, Probe, ProbeCase
from milo_bench.probes.context import ProbeContext
from milo_bench.probes.processes import tree
from milo_bench.probes.starting import restart_by_command

_IN_FLIGHT = 4
_TOKENS = 512
_NOTICED_WITHIN_S = 5.0
_BACK_WITHIN_S = 60.0
_BEFORE_KILL_S = 0.3
_LIMIT_S = 30.0


class Recovery(Probe):
    name = "recovery"
    title = "After a kill the server comes back, and lost requests fail immediately"
    severity = "major"
    order = 800
    limit_s = 400.0

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        if not ctx.owned and not ctx.options.restart_command:
            why = "Milo Bench did not start this server: pass --restart-command to test recovery."
            return self.undecided(ctx, why)
        await ctx.start()
        flying = [
            asyncio.create_task(ctx.ask("Write a long story about a river.", max_tokens=_TOKENS, limit_s=_LIMIT_S))
            for _ in range(_IN_FLIGHT)
        ]
        await asyncio.wait(flying, timeout=_BEFORE_KILL_S)
        ended_s = time.monotonic()
        if ctx.owned:
            if not _kill(ctx.target.server_pids()):
                for task in flying:
                    task.cancel()
                await asyncio.wait(flying)
                return self.undecided(ctx, "The server's process is unknown, so it cannot be ended.")
            exchanges = await asyncio.gather(*flying)
            noticed_s = time.monotonic() - ended_s
            await ctx.renew()
            began_s = time.monotonic()
            await ctx.start()
            back_s = time.monotonic() - began_s
            how = "killed, then started by Milo Bench"
        else:
            done = asyncio.gather(*flying)
            times = await _restart(ctx)
            exchanges = list(await done)
            noticed_s = max((e.timings.ended_s for e in exchanges), default=0.0)
            back_s = times
            await ctx.start()
            how = "restarted by the given command"
        evidence = _evidence(exchanges, noticed_s, back_s, how)
        lost = evidence["lost"]
        cases = [
            ProbeCase("back", "pass", f"{seconds(back_s)}")
            if back_s <= _BACK_WITHIN_S
            else ProbeCase("back", "fail", f"The first token came {seconds(back_s)} after the restart"),
        ]
        if lost == 0:
            cases.append(
                ProbeCase("lost", "undecided", "no request was in flight at the kill, so this is inconclusive")
            )
        elif ctx.owned and noticed_s > _NOTICED_WITHIN_S:
            cases.append(ProbeCase("lost", "fail", f"Requests in flight hung for {seconds(noticed_s)} after the kill"))
        else:
            cases.append(ProbeCase("lost", "pass", f"{lost} of {_IN_FLIGHT} lost, each with an error"))
        back = seconds(back_s)
        good = f"Back {back} after the restart, with {lost} of {_IN_FLIGHT} requests in flight lost with an error."
        return self.judge(ctx, cases, good=good, evidence=evidence)


async def _restart(ctx: ProbeContext) -> float:
    times = await restart_by_command(ctx)
    return times.token_s if times.token_s is not None else float("inf")


def _evidence(exchanges: list[Exchange], noticed_s: float, back_s: float, how: str) -> dict[str, Any]:
    kinds = Counter(e.failure.kind for e in exchanges if e.failure is not None)
    return {
        "how": how,
        "in_flight": len(exchanges),
        "lost": sum(kinds.values()),
        "lost_by_kind": dict(kinds),
        "all_noticed_after_s": round(noticed_s, 3),
        "back_to_first_token_s": round(back_s, 3),
    }


def _kill(pids: tuple[int, ...]) -> bool:
    # A scripted server may live in this very process.
    processes = () if os.getpid() in pids else tree(pids)
    for process in processes:
        try:
            process.kill()
        except psutil.Error:
            continue
    return bool(processes)


PROBES.add(Recovery.name, Recovery())

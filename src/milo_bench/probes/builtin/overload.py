"""Bursts of requests and a reader that does not read in; what the 1st, 10th and 100th got and who was blocked out."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from milo_bench.core.chat import Exchange
from milo_bench.core.records import ProbeResult
from milo_bench.core.units import seconds
from milo_bench.probes.base import PROBES, Probe, ProbeCase
from milo_bench.probes.context import ProbeContext
from milo_bench.probes.open_stream import OpenStream

_BURST, _QUICK_BURST = 100, 20
_LIMIT_S = 60.0
_STREAM_TOKENS = 192
_PLACES = (1, 10, 100)
_HONEST = frozenset({"rate_limited"})


class Overload(Probe):
    name = "overload"
    title = "Excess requests are served or refused, and slow readers block no one"
    severity = "major"
    order = 220
    limit_s = 240.0

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        alone = await ctx.ask("ping", max_tokens=1)
        if alone.failure is not None:
            return self.undecided(ctx, f"A single request already gets {alone.failure.kind}.")
        size = _QUICK_BURST if ctx.quick else _BURST
        burst = await asyncio.gather(*(ctx.ask(f"ping {n}", max_tokens=1, limit_s=_LIMIT_S) for n in range(size)))
        evidence = {"alone_s": round(alone.timings.latency_s, 3), **_facts(burst)}
        cases = [_burst_case(burst)]
        if not await ctx.answers():
            cases.append(
                ProbeCase("afterwards", "fail", f"After {size} concurrent requests the server stops responding")
            )
        else:
            case, more = await _slow_reader(ctx)
            cases.append(case)
            evidence["slow_reader"] = more
        slowest = evidence["last_answer_s"]
        refused = evidence["failures_by_kind"].get("rate_limited", 0)
        honest = f", {refused} refused with 429" if refused else ""
        good = (
            f"{size} concurrent requests: the last answer came after {slowest} s{honest}, and a slow "
            "reader blocked no other."
        )
        return self.judge(ctx, cases, good=good, evidence=evidence)


def _facts(burst: Sequence[Exchange]) -> dict[str, Any]:
    ends = sorted(e.timings.latency_s for e in burst if e.failure is None)
    firsts = sorted(e.timings.ttft_s for e in burst if e.failure is None and e.timings.ttft_s is not None)
    places = {str(n): round(ends[n - 1], 3) for n in _PLACES if n <= len(ends)}
    return {
        "burst": len(burst),
        "answered": len(ends),
        "failures_by_kind": dict(Counter(e.failure.kind for e in burst if e.failure is not None)),
        "nth_answer_s": places,
        "nth_first_token_s": {str(n): round(firsts[n - 1], 3) for n in _PLACES if n <= len(firsts)},
        "last_answer_s": round(ends[-1], 3) if ends else None,
    }


def _burst_case(burst: Sequence[Exchange]) -> ProbeCase:
    name = "burst"
    failures = [e.failure for e in burst if e.failure is not None]
    # 503 is the other honest way to say that a queue is full.
    wrong = Counter(f.kind for f in failures if f.kind not in _HONEST and f.http_status != 503)
    if wrong:
        kinds = ", ".join(f"{count} {kind}" for kind, count in wrong.most_common())
        return ProbeCase(name, "fail", f"Of {len(burst)} concurrent requests, {sum(wrong.values())} failed: {kinds}")
    if len(failures) == len(burst):
        return ProbeCase(name, "fail", f"All {len(burst)} concurrent requests were refused, including the first")
    return ProbeCase(name, "pass", f"{len(burst) - len(failures)} answered, {len(failures)} refused with 429")


async def _slow_reader(ctx: ProbeContext) -> tuple[ProbeCase, dict[str, Any]]:
    """The same long stream read at once, then not read: a second request may not wait much longer the second time."""
    name = "slow reader"
    beside_fast_s = await _beside(ctx, reads=True, limit_s=_LIMIT_S)
    if beside_fast_s is None:
        return ProbeCase(name, "undecided", "a request beside a long stream was not answered"), {}
    allowed_s = 3 * beside_fast_s + 3.0
    beside_slow_s = await _beside(ctx, reads=False, limit_s=allowed_s)
    facts = {"beside_fast_reader_s": round(beside_fast_s, 3), "stream_tokens": _STREAM_TOKENS}
    if beside_slow_s is None:
        said = f"A client that does not read its answer blocks others: no reply within {seconds(allowed_s)}"
        return ProbeCase(name, "fail", f"{said} (beside one that reads {seconds(beside_fast_s)})"), facts
    facts["beside_slow_reader_s"] = round(beside_slow_s, 3)
    return ProbeCase(name, "pass", f"{seconds(beside_slow_s)} beside a client that does not read"), facts


async def _beside(ctx: ProbeContext, *, reads: bool, limit_s: float) -> float | None:
    """How long a one-token request takes while a stream is open; None where it is not answered."""
    body = ctx.body("Count upwards in words, as far as you can.", max_tokens=_STREAM_TOKENS)
    try:
        stream = await OpenStream.begin(ctx, body, small_buffer=not reads)
    except (OSError, TimeoutError):
        return None
    reading = asyncio.create_task(stream.read_until(b"[DONE]", limit_s)) if reads else None
    try:
        exchange = await ctx.ask("ping", max_tokens=1, limit_s=limit_s)
    finally:
        if reading is not None:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
        stream.leave()
    return None if exchange.failure is not None else exchange.timings.latency_s


PROBES.add(Overload.name, Overload())

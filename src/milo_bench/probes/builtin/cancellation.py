"""Clients that go away in the middle of long answers in; whether the work stops out.

Judged by the best witness there is: the server's slots or its metrics, else the processor time
of its processes, else how long the next request has to wait.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from milo_bench.core.records import ProbeResult
from milo_bench.core.units import number, seconds
from milo_bench.probes.base import PROBES, Probe
from milo_bench.probes.context import ProbeContext
from milo_bench.probes.open_stream import OpenStream
from milo_bench.probes.processes import cpu_seconds
from milo_bench.targets.http.answer import decode_json

_CLIENTS = 4
_TOKENS, _QUICK_TOKENS = 768, 512
_STOPS_WITHIN_S = 2.0
_LOOK_S = 0.05
# How far a witness may lag behind the work: slots are read as they are, gauges are written now and then.
_LAGS_S = {"slots": 0.0, "metrics": 8.0}
_BUSY_CORES, _CALM_SHARE = 0.3, 0.25
_FIRST_CONTENT_S = 60.0
_QUESTION = "Write a very long story about a lighthouse, without an end. Count every wave: one, two, three"
_METRIC = re.compile(rb"^(?:llamacpp:requests_processing|vllm:num_requests_running(?:\{[^}]*\})?)\s+([0-9.e+]+)", re.M)

Witness = Callable[[ProbeContext], Awaitable[int | None]]


class Cancellation(Probe):
    name = "cancellation"
    title = "Work stops when the client disconnects"
    severity = "major"
    order = 210

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        calm_s = await _one_token_s(ctx)
        if calm_s is None:
            return self.undecided(ctx, "The server does not answer a one-token question.")
        tokens = _QUICK_TOKENS if ctx.quick else _TOKENS
        whole_s = await _whole_answer_s(ctx, tokens)
        evidence: dict[str, Any] = {"one_token_s": round(calm_s, 3), "clients": _CLIENTS, "long_answer_s": whole_s}
        if whole_s is None or whole_s < 2 * _STOPS_WITHIN_S / _CLIENTS:
            why = "Answers are too short or too fast to see whether abandoned ones continue."
            return self.undecided(ctx, why, evidence)
        for name, witness in (("slots", _busy_slots), ("metrics", _running)):
            if await witness(ctx) is None:
                continue
            allowed_s = _allowed_s(calm_s, whole_s) + _LAGS_S[name]
            if _LAGS_S[name] and whole_s <= allowed_s:
                why = f"The long answers would end within {seconds(allowed_s)}, and the {name} may lag as much."
                return self.undecided(ctx, why, evidence)
            return await self._by_witness(ctx, name, witness, tokens, allowed_s, evidence)
        return await self._by_processor_or_wait(ctx, tokens, calm_s, whole_s, evidence)

    async def _by_witness(
        self, ctx: ProbeContext, name: str, witness: Witness, tokens: int, allowed_s: float, evidence: dict[str, Any]
    ) -> ProbeResult:
        before = await witness(ctx) or 0
        streams = await _begin(ctx, tokens)
        during = await witness(ctx) or 0
        for stream in streams:
            stream.leave()
        left_s = time.monotonic()
        after = during
        while time.monotonic() - left_s < allowed_s:
            after = await witness(ctx) or 0
            if after <= before:
                break
            await asyncio.sleep(_LOOK_S)
        took_s = time.monotonic() - left_s
        evidence |= {"witness": name, "busy_before": before, "busy_during": during, "busy_after": after}
        evidence["stopped_after_s"] = round(took_s, 3)
        if during <= before:
            return self.undecided(
                ctx, f"The server's {name} never showed the work, so they cannot show when it ends.", evidence
            )
        if after <= before:
            return self.passes(
                ctx, f"Abandoned work ended {seconds(took_s)} after the clients disconnected (by {name}).", evidence
            )
        finding = (
            f"{seconds(allowed_s)} after all clients disconnected, {after} abandoned answers are still "
            f"running (by {name})."
        )
        return self.fails(ctx, finding, evidence)

    async def _by_processor_or_wait(
        self, ctx: ProbeContext, tokens: int, calm_s: float, whole_s: float, evidence: dict[str, Any]
    ) -> ProbeResult:
        pids = ctx.target.server_pids()
        streams = await _begin(ctx, tokens)
        if not streams:
            return self.undecided(ctx, "The long answers did not start.", evidence)
        busy = await _cores(pids, 0.5)
        for stream in streams:
            stream.leave()
        waited_s = await _one_token_s(ctx, whole_s * _CLIENTS + 10.0)
        evidence |= {"cores_during": busy, "next_request_s": None if waited_s is None else round(waited_s, 3)}
        if busy is not None and busy >= _BUSY_CORES:
            calm = await _cores(pids, 1.0)
            evidence |= {"witness": "processor", "cores_after": calm}
            if calm is not None and calm > _CALM_SHARE * busy:
                used = f"{number(calm, 2)} of {number(busy, 2)} cores"
                finding = f"After all clients disconnected, the server still uses {used}."
                return self.fails(ctx, finding, evidence)
            return self.passes(ctx, "Processor use dropped when the clients disconnected.", evidence)
        evidence["witness"] = "wait of the next request"
        allowed_s = 3 * calm_s + 0.5
        if waited_s is None or waited_s > max(allowed_s, whole_s / 2):
            said = "got no answer" if waited_s is None else f"waited {seconds(waited_s)} (alone {seconds(calm_s)})"
            finding = f"After {_CLIENTS} clients abandoned long answers, the next request {said}: the work continued."
            return self.fails(ctx, finding, evidence)
        if waited_s > allowed_s:
            return self.undecided(
                ctx, "The next request waited slightly longer than alone, which proves nothing.", evidence
            )
        took = f"{seconds(waited_s)} (alone {seconds(calm_s)})"
        finding = f"Right after {_CLIENTS} clients disconnected, a request took {took}."
        return self.passes(ctx, finding, evidence)


def _allowed_s(calm_s: float, whole_s: float) -> float:
    """Two seconds; on a machine that needs long for one token more, but never as long as the answer itself."""
    return max(_STOPS_WITHIN_S, min(5 * calm_s, whole_s / 2))


async def _one_token_s(ctx: ProbeContext, limit_s: float = 30.0) -> float | None:
    exchange = await ctx.ask("ping", max_tokens=1, limit_s=limit_s)
    return None if exchange.failure is not None else exchange.timings.latency_s


async def _whole_answer_s(ctx: ProbeContext, tokens: int) -> float | None:
    """How long an answer of ``tokens`` would take, from the pace of a short one; a model may also stop early."""
    exchange = await ctx.ask(_QUESTION, max_tokens=48)
    counted = exchange.usage.completion_tokens or len(exchange.timings.chunk_gaps_s) + 1
    first_s = exchange.timings.first_content_s
    if exchange.failure is not None or first_s is None or counted < 4:
        return None
    pace_s = (exchange.timings.ended_s - first_s) / max(1, counted - 1)
    expected = tokens if exchange.finish_reason == "length" else counted
    return round(first_s + pace_s * expected, 3)


async def _begin(ctx: ProbeContext, tokens: int) -> list[OpenStream]:
    """Start long answers side by side; they are given once content of the first came."""
    streams: list[OpenStream] = []
    for _ in range(_CLIENTS):
        try:
            streams.append(await OpenStream.begin(ctx, ctx.body(_QUESTION, max_tokens=tokens)))
        except (OSError, TimeoutError):
            continue
    if streams:
        await asyncio.wait(
            [asyncio.create_task(stream.read_until(b'"content":', _FIRST_CONTENT_S)) for stream in streams],
            return_when=asyncio.FIRST_COMPLETED,
        )
    return streams


async def _busy_slots(ctx: ProbeContext) -> int | None:
    """Slots of a llama.cpp server that work; None where it shows none."""
    reply = await ctx.fetch("GET", "/slots")
    if reply.status != 200:
        return None
    try:
        slots = decode_json(reply.body())
    except ValueError:
        return None
    if not isinstance(slots, list) or not slots or not all(isinstance(slot, Mapping) for slot in slots):
        return None
    if not all("is_processing" in slot for slot in slots):
        return None
    return sum(bool(slot["is_processing"]) for slot in slots)


async def _running(ctx: ProbeContext) -> int | None:
    """Requests in work by the server's metrics (llama.cpp, vLLM); None where it has none."""
    reply = await ctx.fetch("GET", "/metrics")
    if reply.status != 200:
        return None
    found = _METRIC.findall(reply.body())
    return round(sum(float(value) for value in found)) if found else None


async def _cores(pids: tuple[int, ...], for_s: float) -> float | None:
    """Processor cores that the server keeps busy, measured over ``for_s``."""
    before = cpu_seconds(pids) if pids else None
    if before is None:
        return None
    began_s = time.monotonic()
    await asyncio.sleep(for_s)
    after = cpu_seconds(pids)
    return None if after is None else round((after - before) / (time.monotonic() - began_s), 3)


PROBES.add(Cancellation.name, Cancellation())

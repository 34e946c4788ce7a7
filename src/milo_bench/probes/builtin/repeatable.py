"""One question many times in, at temperature 0 with a seed; whether all answers are equal out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import ProbeResult
from milo_bench.probes.base import PROBES, Probe
from milo_bench.probes.context import ProbeContext

_ALONE, _TOGETHER = 4, 4
_QUESTION = "Write two sentences about a harbour in winter."


class Repeatable(Probe):
    name = "repeatable"
    title = "Seed and temperature 0 repeat the answer, alone and concurrently"
    severity = "minor"
    order = 150

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        message = Message("user", f"{_QUESTION} (reference {ctx.canaries.fresh()})")
        request = ChatRequest((message,), max_tokens=24 if ctx.quick else 48, temperature=0.0, seed=42)
        alone = [await ctx.send(request) for _ in range(_ALONE)]
        # Other questions beside it: batches of equal requests may well come out alike where mixed ones do not.
        others = [ctx.ask(f"Name {number} rivers.", max_tokens=request.max_tokens) for number in range(2, 5)]
        together = (await asyncio.gather(*(ctx.send(request) for _ in range(_TOGETHER)), *others))[:_TOGETHER]
        failed = [exchange.failure for exchange in (*alone, *together) if exchange.failure is not None]
        evidence: dict[str, Any] = {
            "alone": _hashes(alone),
            "together": _hashes(together),
            "failures": [failure.kind for failure in failed],
        }
        if failed:
            why = f"{len(failed)} of {_ALONE + _TOGETHER} requests were not answered: {failed[0].kind}."
            return self.undecided(ctx, why, evidence)
        if not alone[0].text:
            return self.undecided(ctx, "The answer is empty, and empty answers are always the same.", evidence)
        texts = {exchange.text for exchange in alone}
        if len(texts) > 1:
            # The first answer may differ alone, where later ones read a prompt from a cache.
            cold = " (only the first one differs)" if len({e.text for e in alone[1:]}) == 1 else ""
            finding = f"{_ALONE} equal requests with seed and temperature 0 gave {len(texts)} different answers{cold}."
            return self.fails(ctx, finding, evidence)
        differing = sum(exchange.text not in texts for exchange in together)
        if differing:
            finding = f"The answer repeats alone, but {differing} of {_TOGETHER} differ beside other requests."
            return self.fails(ctx, finding, evidence)
        finding = f"{_ALONE} answers in turn and {_TOGETHER} beside other requests were the same."
        return self.passes(ctx, finding, evidence)


def _hashes(exchanges: Sequence[Exchange]) -> list[str]:
    return [sha256_data(exchange.text)[:12] for exchange in exchanges]


PROBES.add(Repeatable.name, Repeatable())

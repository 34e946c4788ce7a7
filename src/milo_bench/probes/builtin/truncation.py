"""Prompts of growing length in; whether one is cut in silence out: by token counts first, by echoed markers second.

A server that cuts a prompt and answers 200 gives an answer about a text that it has not read. The
prompt's length in tokens is foretold from two short prompts; what the server counts of a long
one may not fall short of that. A server that counts what it was sent and cuts afterwards is found
by markers at head, middle and tail, if the model can repeat such markers from a short prompt.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from milo_bench.core.chat import Exchange
from milo_bench.core.records import ProbeResult
from milo_bench.core.units import number
from milo_bench.probes.base import PROBES, Probe, ProbeCase
from milo_bench.probes.context import ProbeContext
from milo_bench.targets.base import Target

_SHORT_WORDS, _LONGER_WORDS = 60, 240
_SHARE_COUNTED = 0.9  # below that share of the foretold tokens a prompt was cut; templates and merges move less
_OVER = (1.15, 2.0)
_WITHIN = (0.5, 0.85)
_MOST_TOKENS = 2_000_000  # a page may declare any window, and a prompt beyond it is made in memory
_PREFILL_BUDGET_S = 12.0  # of one prompt within the window
_WORDS = (
    "river",
    "stone",
    "letter",
    "paper",
    "house",
    "garden",
    "winter",
    "bread",
    "small",
    "quiet",
    "window",
    "table",
)


@dataclass
class _Prompt:
    words: int
    markers: tuple[str, str, str]
    text: str


class Truncation(Probe):
    name = "truncation"
    title = "Long prompts are processed whole or refused, never silently cut"
    severity = "critical"
    order = 110
    limit_s = 300.0

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        window = ctx.target.record.context_window or ctx.config.context_window
        draw = random.Random(8)  # noqa: S311  # filler text, no secret
        short, longer = _prompt(_SHORT_WORDS, draw), _prompt(_LONGER_WORDS, draw)
        first, second = await _ask(ctx, short), await _ask(ctx, longer)
        evidence: dict[str, Any] = {"declared_window_tokens": window}
        for exchange in (first, second):
            if exchange.failure is not None:
                why = f"A short prompt was not answered: {exchange.failure.kind}, {exchange.failure.message}"
                return self.undecided(ctx, why, evidence)
        counts = (first.usage.prompt_tokens, second.usage.prompt_tokens)
        echoes = _echoed(first, short) == 3 and _echoed(second, longer) == 3
        evidence |= {"short_prompt_tokens": list(counts), "model_repeats_markers": echoes}
        if window is None:
            return self.undecided(ctx, "The window is unknown: set context_window of this target.", evidence)
        if counts[0] is None or counts[1] is None:
            if not echoes:
                why = "The server does not count prompt tokens, and the model cannot repeat markers of a short prompt."
                return self.undecided(ctx, why, evidence)
            per_word, base = 1.5, 30.0
        else:
            per_word = (counts[1] - counts[0]) / (_LONGER_WORDS - _SHORT_WORDS)
            base = counts[0] - per_word * _SHORT_WORDS
            if per_word < 0.3:
                why = (
                    f"Counts do not grow with the prompt: {counts[0]} tokens for {_SHORT_WORDS} words, "
                    f"{counts[1]} for {_LONGER_WORDS}."
                )
                return self.fails(ctx, why, evidence, "major")
        ruler = _Ruler(window, per_word, base, counted=counts[0] is not None, echoes=echoes)
        cases: list[ProbeCase] = []
        evidence["prompts"] = []
        speed_s = (second.timings.ttft_s or second.timings.latency_s) / max(1.0, base + per_word * _LONGER_WORDS)
        for share in (*_WITHIN, *_OVER):
            if share < 1 and window * share * speed_s > _PREFILL_BUDGET_S / (2 if ctx.quick else 1):
                evidence["prompts"].append({"share_of_window": share, "left_out": "reading it would take too long"})
                continue
            if window * share > _MOST_TOKENS:
                left_out = f"longer than {_MOST_TOKENS:,} tokens, the most that this probe sends"
                evidence["prompts"].append({"share_of_window": share, "left_out": left_out})
                if share > 1:
                    said = f"The declared window of {window:,} tokens is too large to send a longer prompt."
                    cases.append(ProbeCase(f"{number(share)} of the window", "undecided", said))
                continue
            prompt = _prompt(max(1, round((window * share - base) / per_word)), draw)
            exchange = await _ask(ctx, prompt)
            evidence["prompts"].append(ruler.row(share, prompt, exchange))
            cases.append(ruler.case(share, prompt, exchange))
        how = ""
        if (client := ctx.as_client()) is not None:
            how = " This holds for the requests of most clients too, which set neither truncate nor shift."
            cases += await self._as_client(ctx, client, ruler, evidence, draw)
        return self.judge(
            ctx,
            cases,
            good=f"Prompts beyond the declared window of {window} tokens are refused or processed whole. "
            f"None was cut.{how}",
            evidence=evidence,
        )

    async def _as_client(
        self, ctx: ProbeContext, client: Target, ruler: _Ruler, evidence: dict[str, Any], draw: random.Random
    ) -> list[ProbeCase]:
        """The long prompts once more, as other clients send them: what the bench sets protects the bench alone."""
        cases: list[ProbeCase] = []
        evidence["prompts_as_other_clients_send_them"] = []
        try:
            for share in (share for share in _OVER if ruler.window * share <= _MOST_TOKENS):
                prompt = _prompt(max(1, round((ruler.window * share - ruler.base) / ruler.per_word)), draw)
                exchange = await ctx.ask(prompt.text, max_tokens=24, canary=False, target=client)
                evidence["prompts_as_other_clients_send_them"].append(ruler.row(share, prompt, exchange))
                case = ruler.case(share, prompt, exchange)
                said = f"Sent as most clients do, without truncate and shift: {case.said[0].lower()}{case.said[1:]}"
                cases.append(ProbeCase(f"{case.name}, as other clients send it", case.outcome, said))
        finally:
            await client.stop()
        return cases


@dataclass(frozen=True)
class _Ruler:
    """How many tokens a prompt has, foretold; and what a count or an echo says against that."""

    window: int
    per_word: float
    base: float
    counted: bool
    echoes: bool

    def foretold(self, prompt: _Prompt) -> int:
        return round(self.base + self.per_word * prompt.words)

    def row(self, share: float, prompt: _Prompt, exchange: Exchange) -> dict[str, Any]:
        failure = exchange.failure
        return {
            "share_of_window": share,
            "words": prompt.words,
            "foretold_tokens": self.foretold(prompt),
            "counted_tokens": exchange.usage.prompt_tokens,
            "finish_reason": exchange.finish_reason,
            "markers_repeated": _found(exchange, prompt.markers) if self.echoes else None,
            "failure": "" if failure is None else failure.kind,
            "http_status": None if failure is None else failure.http_status,
            "latency_s": round(exchange.timings.latency_s, 3),
        }

    def case(self, share: float, prompt: _Prompt, exchange: Exchange) -> ProbeCase:
        name, foretold = f"{number(share)} of the window", self.foretold(prompt)
        failure = exchange.failure
        if failure is not None:
            return self._refused(name, share, foretold, exchange)
        counted = exchange.usage.prompt_tokens
        if self.counted:
            if counted is None:
                return ProbeCase(name, "undecided", "the server did not count this prompt")
            if counted < _SHARE_COUNTED * foretold:
                lost = round(100 * (1 - counted / foretold))
                said = (
                    f"A prompt of about {foretold} tokens was cut to {counted} ({lost}% lost) and answered with "
                    f"200 and finish_reason '{exchange.finish_reason}'"
                )
                return ProbeCase(name, "fail", said)
        if self.echoes:
            repeated = _found(exchange, prompt.markers)
            if not repeated["head"] and (repeated["tail"] or share > 1):
                said = f"The start of a prompt of about {foretold} tokens never reached the model, despite HTTP 200"
                return ProbeCase(name, "fail", said)
            if not all(repeated.values()) and not self.counted:
                return ProbeCase(name, "undecided", "the model did not repeat all markers")
        elif not self.counted:
            return ProbeCase(name, "undecided", "neither counts nor markers are conclusive")
        return ProbeCase(name, "pass", f"about {foretold} tokens sent, {counted} counted")

    def _refused(self, name: str, share: float, foretold: int, exchange: Exchange) -> ProbeCase:
        failure = exchange.failure
        assert failure is not None
        honest = failure.kind == "context_overflow" or failure.http_status in (400, 413, 422)
        if share > 1:
            if honest:
                return ProbeCase(name, "pass", f"refused with HTTP {failure.http_status}: {failure.kind}")
            if failure.kind in ("total_timeout", "first_token_timeout"):
                return ProbeCase(name, "undecided", f"no answer within the limit for about {foretold} tokens")
            said = f"A prompt beyond the window gets {failure.kind} instead of an error about its length"
            return ProbeCase(name, "fail", said)
        if honest:
            said = f"A prompt of about {foretold} tokens is refused, although {self.window} are declared"
            return ProbeCase(name, "fail", said)
        return ProbeCase(name, "undecided", f"{failure.kind}: {failure.message}")


async def _ask(ctx: ProbeContext, prompt: _Prompt) -> Exchange:
    # The canary stands in the text already, as the head marker; a second one would move the counts.
    return await ctx.ask(prompt.text, max_tokens=24, canary=False)


def _prompt(words: int, draw: random.Random) -> _Prompt:
    """A code word at head, middle and tail of filler text; the head's keeps a cached prefix from being reused."""
    head, middle, tail = (f"K{draw.randrange(1000, 10000)}" for _ in range(3))
    filler = [draw.choice(_WORDS) for _ in range(words)]
    half = words // 2
    text = (
        f"First code {head}.\n{' '.join(filler[:half])}\nSecond code {middle}.\n{' '.join(filler[half:])}\n"
        f"Third code {tail}.\nRepeat the three codes, in order, nothing else."
    )
    return _Prompt(words, (head, middle, tail), text)


def _found(exchange: Exchange, markers: Sequence[str]) -> dict[str, bool]:
    return {name: marker in exchange.text for name, marker in zip(("head", "middle", "tail"), markers, strict=True)}


def _echoed(exchange: Exchange, prompt: _Prompt) -> int:
    return sum(_found(exchange, prompt.markers).values())


PROBES.add(Truncation.name, Truncation())

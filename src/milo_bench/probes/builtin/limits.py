"""A stop sequence and a token limit in; whether the server keeps to both out."""

from __future__ import annotations

from typing import Any

from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.records import ProbeResult
from milo_bench.probes.base import PROBES, Probe, ProbeCase
from milo_bench.probes.context import ProbeContext

_QUESTION = "List twelve animals, one after the other, separated by commas."
_FREE_TOKENS = 48
_LIMIT = 5


class Limits(Probe):
    name = "limits"
    title = "Stop sequences and max_tokens are respected"
    severity = "major"
    order = 140

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        # The same text thrice: another canary would be another question.
        message = Message("user", f"{_QUESTION} (reference {ctx.canaries.fresh()})")
        free = await ctx.send(ChatRequest((message,), max_tokens=_FREE_TOKENS, seed=1))
        if free.failure is not None:
            return self.undecided(ctx, f"The question was not answered: {free.failure.kind}, {free.failure.message}")
        stop = _stop_for(free.text)
        stopped = (
            await ctx.send(ChatRequest((message,), max_tokens=_FREE_TOKENS, seed=1, stop=(stop,))) if stop else None
        )
        cut = await ctx.send(ChatRequest((message,), max_tokens=_LIMIT, seed=1))
        evidence: dict[str, Any] = {
            "free": _facts(free),
            "with_stop": None if stopped is None else _facts(stopped),
            "with_max_tokens": {"max_tokens": _LIMIT, **_facts(cut)},
        }
        cases = [_stop_case(stop, free, stopped), *_limit_cases(free, cut)]
        good = f"A stop sequence ended the answer, and max_tokens {_LIMIT} was respected."
        return self.judge(ctx, cases, good=good, evidence=evidence)


def _stop_for(text: str) -> str:
    """A word from the first half of ``text`` that a prefix of it does not hold; "" where there is none."""
    words = text.split()
    for word in words[max(2, len(words) // 4) : len(words) // 2 + 1]:
        at = text.find(word)
        if len(word) >= 3 and at > 0 and text[:at].strip():
            return word
    return ""


def _stop_case(stop: str, free: Exchange, stopped: Exchange | None) -> ProbeCase:
    name = "stop"
    if stopped is None:
        return ProbeCase(name, "undecided", "the answer is too short to choose a stop sequence from")
    if stopped.failure is not None:
        refused = stopped.failure.http_status is not None
        said = f"A request with a stop sequence gets {stopped.failure.kind}"
        return ProbeCase(name, "fail" if refused else "undecided", said)
    if stop in stopped.text and len(stopped.text) > stopped.text.find(stop) + len(stop):
        return ProbeCase(name, "fail", "The answer continues past its stop sequence")
    if stop in stopped.text:
        return ProbeCase(name, "fail", "The answer ends with the stop sequence itself")
    prefix = free.text[: free.text.find(stop)]
    if stopped.text.strip() != prefix.strip():
        return ProbeCase(
            name, "undecided", "without the stop sequence the answer starts differently, so this is inconclusive"
        )
    if stopped.finish_reason != "stop":
        return ProbeCase(name, "fail", f"A stop sequence ends with finish_reason '{stopped.finish_reason}', not 'stop'")
    return ProbeCase(name, "pass", "the answer ended before the stop sequence")


def _limit_cases(free: Exchange, cut: Exchange) -> list[ProbeCase]:
    name = "max_tokens"
    if cut.failure is not None:
        return [ProbeCase(name, "undecided", f"no answer: {cut.failure.kind}")]
    if len(free.text.split()) <= _LIMIT:
        return [ProbeCase(name, "undecided", "the unlimited answer is shorter than the limit, so this is inconclusive")]
    counted = cut.usage.completion_tokens
    # A token is at most a word in the usual alphabets, so more words than tokens mean more tokens.
    if (counted is not None and counted > _LIMIT) or len(cut.text.split()) > _LIMIT + 1:
        said = f"max_tokens {_LIMIT} is ignored: got {counted if counted is not None else 'more'} tokens"
        return [ProbeCase(name, "fail", said)]
    if counted is None and cut.finish_reason != "length":
        return [ProbeCase(name, "undecided", "the server does not count tokens")]
    if cut.finish_reason != "length":
        said = f"An answer cut at max_tokens has finish_reason '{cut.finish_reason}', not 'length'"
        return [ProbeCase("finish reason", "fail", said)]
    return [ProbeCase(name, "pass", f"{counted} tokens, finish_reason 'length'")]


def _facts(exchange: Exchange) -> dict[str, Any]:
    return {
        "finish_reason": exchange.finish_reason,
        "completion_tokens": exchange.usage.completion_tokens,
        "characters": len(exchange.text),
        "failure": "" if exchange.failure is None else exchange.failure.kind,
    }


PROBES.add(Limits.name, Limits())

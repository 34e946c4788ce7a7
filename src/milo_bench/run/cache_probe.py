"""A target that was started in, whether its server answers a prompt out of a cache the second time out."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from msgspec import structs

from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.records import Plan, TargetRecord, Timeouts
from milo_bench.run.schedule import UNREACHABLE
from milo_bench.targets.base import Fingerprinted, Target

_PAIRS: Final = 3
_WORDS: Final = (150, 300, 600)  # the first length that takes long enough, so that a slow server is not kept busy
_LONG_ENOUGH_S: Final = 0.1
_FASTER: Final = 0.7  # of the first time: reading a prompt of that length is most of the wait for one token
_LEAST_GAIN_S: Final = 0.005
_MOST_FAILURES: Final = 12  # a server that fails some requests is asked again; one that fails most tells nothing
_LIMIT: Final = Timeouts(connect_s=10.0, first_token_s=120.0, total_s=120.0)
_VOWELS, _CONSONANTS = "aeiou", "bdfgklmnprstvz"
_NO_USE_ASKING: Final = UNREACHABLE | {"first_token_timeout", "total_timeout"}
OURS: Final = frozenset({"llamacpp", "fake"})  # started by us, and kept from their cache by us


@dataclass(frozen=True)
class SeenCache:
    """``keeps``: equal prompts are answered sooner the second time, or the server says so. ``says``: it says so.

    ``new_token_s`` is what each token of a prompt took that the server had never seen, in the quickest answer; None
    where it does not count them.
    """

    keeps: bool
    says: bool
    new_token_s: float | None = None


async def see_cache(target: Target, now_s: Callable[[], float], *, limits: Timeouts = _LIMIT) -> SeenCache | None:
    """Three pairs of prompts that no server has seen, each asked twice for one token.

    A pair with a failed answer is asked again as another pair. None where the server cannot be reached, answers one of
    them not within ``limits``, those of the run, or fails too often. A server that says that it took nothing from a
    cache, and is much sooner all the same, does not say.
    ``now_s`` gives seconds on the monotonic clock.
    """
    asker = _Asker(target, now_s, limits)
    words = _WORDS[-1]  # a hosted server may keep long prompts alone, and its network hides how long it takes
    for words in () if target.record.hosted else _WORDS:
        first = await asker.ask(_unseen(words))
        if first is not None and _waited_s(first) >= _LONG_ENOUGH_S:
            break
    pairs = sooner = said = 0
    each_token_s: list[float] = []
    while pairs < _PAIRS and not asker.gave_up:
        request = _unseen(words)
        cold = await asker.ask(request)
        again = None if cold is None else await asker.ask(request)
        if cold is None or again is None:
            continue
        pairs += 1
        said += 2 * (again.usage.cached_tokens or 0) > max(again.usage.prompt_tokens or 0, 1)
        new_s, again_s = _waited_s(cold), _waited_s(again)
        sooner += again_s < _FASTER * new_s and new_s - again_s > _LEAST_GAIN_S
        if cold.usage.prompt_tokens:
            each_token_s.append(new_s / cold.usage.prompt_tokens)
    if asker.gave_up:
        return None
    says = 2 * said > _PAIRS
    return SeenCache(says or 2 * sooner > _PAIRS, says, min(each_token_s, default=None))


class _Asker:
    """Asks a target until it fails too often."""

    def __init__(self, target: Target, now_s: Callable[[], float], limits: Timeouts) -> None:
        self._target, self._now_s = target, now_s
        self._limits = Timeouts(
            connect_s=min(_LIMIT.connect_s, limits.connect_s),
            first_token_s=min(_LIMIT.first_token_s, limits.first_token_s),
            total_s=min(_LIMIT.total_s, limits.total_s),
        )
        self._failures = 0
        self.gave_up = False

    async def ask(self, request: ChatRequest) -> Exchange | None:
        """One answer; None where it failed."""
        if self.gave_up:
            return None
        exchange = await self._target.ask(request, timeouts=self._limits, zero_s=0.0, intended_s=self._now_s())
        if exchange.failure is None or exchange.failure.kind == "cut_while_thinking":
            return exchange
        self._failures += 1
        self.gave_up = self._failures > _MOST_FAILURES or exchange.failure.kind in _NO_USE_ASKING
        return None


def _waited_s(exchange: Exchange) -> float:
    times = exchange.timings
    return (times.ended_s if times.first_content_s is None else times.first_content_s) - times.started_s


def _unseen(words: int) -> ChatRequest:
    """Syllables that nobody has sent before, from the operating system's own randomness: a seed would repeat them."""
    said = ("".join(secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(3)) for _ in range(words))
    return ChatRequest(messages=(Message("user", "Say yes. " + " ".join(said)),), max_tokens=1)


async def find_cache(
    plan: Plan, target: Target, record: TargetRecord, now_s: Callable[[], float], *, look: bool
) -> TargetRecord:
    """``record`` with what was found of the cache of ``target``, where cold times are wanted.

    ``cache`` is "none found" where a server keeps none, and "unreported" where it keeps prompts without saying so, even
    if it was told not to: then ``new_token_s`` tells new prompts from others. Without ``look``, and where it
    is hosted and so costs, a server is asked only if fixtures are asked again.
    """
    asks = plan.cache == "cold" and isinstance(target, Fingerprinted) and record.api not in OURS
    if not asks or not (plan.repeats > 1 or (look and not record.hosted)):
        return record
    seen = await see_cache(target, now_s, limits=plan.timeouts)
    if seen is not None and seen.keeps and not seen.says:
        return structs.replace(record, cache="unreported", new_token_s=seen.new_token_s)
    if seen is not None and not seen.keeps and not record.cache:
        return structs.replace(record, cache="none found")
    return record

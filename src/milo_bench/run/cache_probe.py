"""A target that was started in, whether its server answers a prompt out of a cache the second time out."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import structs

from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.records import Plan, TargetRecord, Timeouts
from milo_bench.run.schedule import UNREACHABLE
from milo_bench.targets.base import Fingerprinted, Target

_PAIRS: Final = 3
_WORDS: Final = 600
_FASTER: Final = 0.7  # of the first time: reading a prompt of that length is most of the wait for one token
_LEAST_GAIN_S: Final = 0.005
_MOST_FAILURES: Final = 12  # a server that fails some requests is asked again; one that fails most tells nothing
_LIMIT: Final = Timeouts(connect_s=10.0, first_token_s=120.0, total_s=120.0)
_VOWELS, _CONSONANTS = "aeiou", "bdfgklmnprstvz"


async def finds_cache(target: Target, now_s: Callable[[], float]) -> bool | None:
    """True if the second of two equal prompts is answered much sooner, or the server says that it was cached.

    Three pairs of prompts that no server has seen, each asked twice for one token. A pair with a failed answer is asked
    again as another pair. None where the server cannot be reached, or fails too often. ``now_s`` gives seconds on the
    monotonic clock.
    """
    sooner = pairs = failures = 0
    while pairs < _PAIRS:
        request = ChatRequest(messages=(Message("user", _unseen_text()),), max_tokens=1)
        times: list[float] = []
        while len(times) < 2:
            exchange = await target.ask(request, timeouts=_LIMIT, zero_s=0.0, intended_s=now_s())
            if exchange.failure is not None and exchange.failure.kind != "cut_while_thinking":
                failures += 1
                if failures > _MOST_FAILURES or exchange.failure.kind in UNREACHABLE:
                    return None
                break
            if exchange.usage.cached_tokens:
                return True
            first = exchange.timings.first_content_s
            times.append((exchange.timings.ended_s if first is None else first) - exchange.timings.started_s)
        else:
            pairs += 1
            sooner += times[1] < _FASTER * times[0] and times[0] - times[1] > _LEAST_GAIN_S
    return sooner * 2 > _PAIRS


def _unseen_text() -> str:
    """Syllables that nobody has sent before, from the operating system's own randomness: a seed would repeat them."""
    words = ("".join(secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(3)) for _ in range(_WORDS))
    return "Say yes. " + " ".join(words)


async def find_caches(
    plan: Plan, targets: Mapping[str, Target], records: Sequence[TargetRecord], now_s: Callable[[], float]
) -> list[TargetRecord]:
    """``records``, with ``cache`` "none found" where a plan asks fixtures again and the server was seen to keep none.

    Asked only of servers that do not say what keeps their cache out, and where cold times are wanted.
    """
    found = []
    for record in records:
        target = targets[record.name]
        asks = plan.cache == "cold" and plan.repeats > 1 and not record.cache and isinstance(target, Fingerprinted)
        if asks and await finds_cache(target, now_s) is False:
            record = structs.replace(record, cache="none found")
        found.append(record)
    return found

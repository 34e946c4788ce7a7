"""An attempt and what its server was asked to do in; how much of its prompt came out of a cache out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from milo_bench.core.records import Attempt, Plan, TargetRecord
from milo_bench.run.asked.shared_text import most_shared


def cached_share(attempt: Attempt) -> float:
    """The share of the prompt that the server took from its cache; NaN where it does not say."""
    cached, prompt = attempt.usage.cached_tokens, attempt.usage.prompt_tokens
    if cached is None or not prompt:
        return math.nan
    return min(1.0, cached / prompt)


@dataclass(frozen=True)
class CacheRule:
    """When an answer is warm: its time is not that of a prompt that the server sees for the first time.

    Where the server says what it cached, an answer is warm if that is more than every request of its workload begins
    with. Where it does not, every asking after the first is, unless the cache was kept out (``repeats_are_cold``).
    ``is_wanted``: warm times were asked for, so nothing is set apart.
    """

    repeats_are_cold: bool = True
    is_wanted: bool = False

    def is_warm(self, attempt: Attempt) -> bool:
        if self.is_wanted:
            return False
        share = cached_share(attempt)
        if math.isnan(share):
            return not self.repeats_are_cold and (attempt.key.repeat > 0 or attempt.key.retry > 0)
        prompt = attempt.usage.prompt_tokens or 0
        return share > most_shared(attempt.shared_share, prompt)


def cache_rule(plan: Plan, target: TargetRecord) -> CacheRule:
    """The rule for the answers of ``target`` in a run of ``plan``."""
    return CacheRule(repeats_are_cold=target.cache != "", is_wanted=plan.cache == "warm")

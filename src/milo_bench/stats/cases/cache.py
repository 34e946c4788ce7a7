"""An attempt and what its server was asked to do in; how much of its prompt came out of a cache out."""

from __future__ import annotations

import math

from msgspec import Struct

from milo_bench.core.records import Attempt, Plan, TargetRecord
from milo_bench.run.asked.shared_text import is_too_soon, most_shared


def cached_share(attempt: Attempt) -> float:
    """The share of the prompt that the server took from its cache; NaN where it does not say."""
    cached, prompt = attempt.usage.cached_tokens, attempt.usage.prompt_tokens
    if cached is None or not prompt:
        return math.nan
    return min(1.0, cached / prompt)


class CacheRule(Struct, frozen=True):
    """When an answer is warm: its time is not that of a prompt that the server sees for the first time.

    Where the server says what it cached, an answer is warm if that is more than every request of its workload begins
    with. Where it does not, every asking after the first is, unless the cache was kept out (``repeats_are_cold``).
    Where it keeps prompts and does not say so (``is_unreported``), a first asking is warm too if its first token came
    sooner than one of a new prompt can, at ``new_token_s`` for each token.
    ``is_wanted``: warm times were asked for, so nothing is set apart.
    """

    repeats_are_cold: bool = True
    is_wanted: bool = False
    is_unreported: bool = False
    new_token_s: float | None = None

    def is_warm(self, attempt: Attempt, share: float | None = None) -> bool:
        """Whether ``attempt`` is warm; ``share`` is its own, where it is known already."""
        if self.is_wanted:
            return False
        share = self.share(attempt) if share is None else share
        if self.is_unreported and self._is_too_soon(attempt):
            return True
        if math.isnan(share):
            return not self.repeats_are_cold and (attempt.key.repeat > 0 or attempt.key.retry > 0)
        prompt = attempt.usage.prompt_tokens or 0
        return share > most_shared(attempt.shared_share, prompt)

    def share(self, attempt: Attempt) -> float:
        """``cached_share``; NaN too for a server that was seen to keep more than it says."""
        return math.nan if self.is_unreported else cached_share(attempt)

    def _is_too_soon(self, attempt: Attempt) -> bool:
        """Whether somebody asked it before: an earlier command, perhaps."""
        times = attempt.timings
        waited_s = None if times.first_content_s is None else times.first_content_s - times.started_s
        return is_too_soon(waited_s, attempt.usage.prompt_tokens, attempt.shared_share, self.new_token_s)


def cache_rule(plan: Plan, target: TargetRecord) -> CacheRule:
    """The rule for the answers of ``target`` in a run of ``plan``."""
    return CacheRule(
        repeats_are_cold=target.cache not in ("", "unreported"),
        is_wanted=plan.cache == "warm",
        is_unreported=target.cache == "unreported",
        new_token_s=target.new_token_s,
    )

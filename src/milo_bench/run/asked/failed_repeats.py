"""Counts of answers and failures in; which failed repeats are set aside with the answers that came out of a cache, out.

Pure. The times of answers whose prompt the server had before are listed separately. A failure does not tell what its
server had. Were every failure left among the times of new prompts, failures would be a larger share of those times than
of the requests, and a median could be infinite at 37% of failures.
"""

from __future__ import annotations

import math

from msgspec import Struct


class RepeatCounts(Struct, frozen=True):
    """Counts of requests. ``repeats`` are answered ones on prompts sent before; ``warm`` came out of a cache."""

    answered: int
    warm: int
    repeats: int
    warm_repeats: int
    failures: int
    failed_repeats: int


def set_aside(asked: RepeatCounts) -> list[int]:
    """Which of the failed repeats, by their place among them, go with the warm answers: evenly spread, in order.

    As large a share of them as of the answered repeats, but so few that the share of failures among what is left is no
    smaller than among all requests: no failure makes a time look better.
    """
    if not asked.failed_repeats or not asked.repeats:
        return []
    least_left = math.ceil(asked.failures * (asked.answered - asked.warm) / asked.answered)
    alike = asked.failed_repeats * asked.warm_repeats // asked.repeats
    aside = max(0, min(alike, asked.failures - least_left))
    n = asked.failed_repeats
    return [place for place in range(n) if (place + 1) * aside // n > place * aside // n]

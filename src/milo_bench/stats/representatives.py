"""Attempts that failed the same way in, a few that differ most out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def choose_representatives(tags: Mapping[str, Sequence[str]], count: int) -> tuple[str, ...]:
    """Up to ``count`` keys of ``tags`` (attempt key to fixture tags), each as unlike the chosen ones as can be.

    Greedy farthest-first on Jaccard distance of the tags; ties go to the first in order of key,
    so the choice is the same every time.
    """
    left = sorted(tags)
    chosen: list[str] = []
    while left and len(chosen) < count:
        best = max(left, key=lambda key: min((_distance(tags[key], tags[other]) for other in chosen), default=1.0))
        chosen.append(best)
        left.remove(best)
    return tuple(chosen)


def _distance(first: Sequence[str], second: Sequence[str]) -> float:
    a, b = set(first), set(second)
    return 1 - len(a & b) / len(a | b) if a | b else 0.0

"""A share of faults that rules found and what they find of labelled ones in, the most that may be there out. Pure."""

from __future__ import annotations

import math

from msgspec import Struct

from milo_bench.stats.exact import exact_ends


class Unfound(Struct, frozen=True):
    """What rules leave unfound: ``found`` are (faults found, of how many labelled ones), for each rule of a rate.

    A fault may be of the kind that the worst rule looks for, so the worst of them counts.
    """

    found: tuple[tuple[int, int], ...]

    def most(self, share: float, high: float, confidence: float) -> float:
        """The most that may be wrong, one-sided at ``confidence``, where rules found ``share``, at the most ``high``.

        The bound of a ratio of two rates from the bounds of each (MOVER-R: Donner and Zou 2012; Newcombe 2016, Stat.
        Methods Med. Res. 25:1774), both Clopper and Pearson. Enumerated exactly, it is too low in at most the stated
        share of samples (``benchmarks.soundness``).
        """
        return max(self._most(share, high, caught, of, confidence) for caught, of in self.found)

    def most_at_any_look(self, high: float, sure: float) -> float:
        """The same from a bound that holds at every look; both at ``sure``, half of the error each (Bonferroni)."""
        return max(_over(high, exact_ends(caught, of, sure)[0]) for caught, of in self.found)

    def missed(self, high: float, sure: float) -> float:
        """The most that may be wrong and unfound among all answers, of which rules find at the most ``high``."""
        least = min(exact_ends(caught, of, sure)[0] for caught, of in self.found)
        return min(1.0, high * (1 - least) / least) if least > 0 else 1.0

    def bound(self, most: float, confidence: float, *, any_look: bool = False) -> float:
        """What rules may find at the most, so that no more than ``most`` is wrong, where they found nothing."""
        if any_look:
            return min(most * exact_ends(caught, of, confidence)[0] for caught, of in self.found)
        return min(most * math.sqrt(_reach(caught, of, confidence)) for caught, of in self.found)

    def _most(self, share: float, high: float, caught: int, of: int, confidence: float) -> float:
        reach = _reach(caught, of, confidence)
        if reach <= 0:
            return 1.0
        middle = share * caught / of
        inside = middle * middle - high * (2 * share - high) * reach
        return min(1.0, (middle + math.sqrt(max(0.0, inside))) / reach)


def _reach(caught: int, of: int, confidence: float) -> float:
    low = exact_ends(caught, of, confidence)[0]
    return low * (2 * caught / of - low)


def _over(high: float, least: float) -> float:
    return min(1.0, high / least) if least > 0 else 1.0

"""Counts of wrong verdicts in, rows of promised against found with their Monte Carlo error out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Random = np.random.Generator


@dataclass(frozen=True)
class Found:
    """``wrong`` of ``runs`` simulated decisions."""

    wrong: int
    runs: int

    @property
    def rate(self) -> float:
        return self.wrong / self.runs

    @property
    def error(self) -> float:
        """Standard error of ``rate``, that of one wrong decision where there was none."""
        rate = max(self.rate, 1 / self.runs)
        return math.sqrt(rate * (1 - min(rate, 1 - 1 / self.runs)) / self.runs)

    @property
    def text(self) -> str:
        return f"{self.rate:6.1%} ±{self.error:5.1%}"


@dataclass(frozen=True)
class Row:
    """One setting of a road. ``naive`` is the rule that errs, where there is one to compare with; None else.

    A row with ``promised`` None reports ``found`` beside the others, and promises nothing.
    """

    setting: str
    promised: float | None
    found: Found
    naive: Found | None = None

    @property
    def holds(self) -> bool:
        """Whether the error found is within three of its standard errors of what is promised."""
        return self.promised is None or self.found.rate <= self.promised + 3 * math.sqrt(
            self.promised * (1 - self.promised) / self.found.runs
        )


@dataclass(frozen=True)
class Road:
    """A way to a wrong verdict. ``simulate`` gives its rows, seeded by ``random``, from ``runs`` runs each."""

    name: str
    says: str
    simulate: Callable[[int, Random], Sequence[Row]]


def share_wrong(runs: int, random: Random, wrong: Callable[[Random], bool]) -> Found:
    """How often ``wrong`` is true in ``runs`` draws."""
    return Found(sum(wrong(random) for _ in range(runs)), runs)

"""Fixtures in, two parts out: one that policies are chosen on, one that they are reported on."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

FIT_SHARE = 0.4


def fit_part_of_groups(
    ids: Sequence[str], strata: Sequence[str], groups: Sequence[int], *, seed: int = 0
) -> NDArray[np.bool_]:
    """``fit_part`` of whole groups, each in the stratum of its first fixture: what is alike is not in both parts."""
    numbers = np.asarray(groups)
    unique, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    if len(unique) == len(numbers):
        return fit_part(ids, strata, seed=seed)
    chosen = fit_part([ids[place] for place in first], [strata[place] for place in first], seed=seed)
    found: NDArray[np.bool_] = chosen[inverse.reshape(-1)]
    return found


def fit_part(ids: Sequence[str], strata: Sequence[str], *, seed: int = 0) -> NDArray[np.bool_]:
    """True for the fixtures to choose on: two fifths of each stratum, those with the lowest seeded hash of
    their id; the larger part reports, since what is chosen has to be shown there.

    The same fixtures give the same parts, in whatever order they come. What is left over in a
    stratum is reported on, so a single fixture never decides what is chosen.
    """
    marks = [sha256(f"{seed}:{id}".encode()).hexdigest() for id in ids]
    chosen = np.zeros(len(ids), dtype=np.bool_)
    members: dict[str, list[int]] = {}
    for number, stratum in enumerate(strata):
        members.setdefault(stratum, []).append(number)
    for numbers in members.values():
        ordered = sorted(numbers, key=lambda number: (marks[number], ids[number]))
        chosen[ordered[: int(len(ordered) * FIT_SHARE)]] = True
    return chosen

"""Numbers of fixtures in, whether keywords are in their texts out; a text is read when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray


class KeywordColumn(Struct, frozen=True):
    """For a fixture, by its number, whether a word of the set ``name`` is in its input; of any set if ``name`` is "".

    It is read like a column of bool. ``sets_of`` gives the sets of which a fixture has a word. Few workloads have a
    rule on keywords, and to look for them in long texts of all the others takes longer than most checks.
    """

    sets_of: Callable[[int], frozenset[str]]
    name: str = ""

    def __getitem__(self, numbers: int | NDArray[np.integer]) -> NDArray[np.bool_]:
        asked = np.asarray(numbers)
        each, places = np.unique(asked, return_inverse=True)
        found = np.array([self._has(int(number)) for number in each], dtype=np.bool_)
        return found[places].reshape(asked.shape)

    def _has(self, number: int) -> bool:
        sets = self.sets_of(number)
        return self.name in sets if self.name else bool(sets)

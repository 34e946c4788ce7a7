"""A condition that stays true once it is true in, the least whole number that meets it out."""

from __future__ import annotations

from collections.abc import Callable


def least_that(holds: Callable[[int], bool], most: int) -> int | None:
    """The least number from 1 that ``holds``, by doubling and halving; None where none up to about ``most`` does."""
    few, many = 0, 1
    while not holds(many):
        few, many = many, 2 * many
        if many > most:
            return None
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if holds(middle) else (middle, many)
    return many

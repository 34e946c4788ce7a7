"""Pairs that belong together in, the sets that they make out (union-find)."""

from __future__ import annotations


class Parts:
    """Sets of the numbers from 0 to ``size`` that grow together; each is named by its least number."""

    def __init__(self, size: int) -> None:
        self._of = list(range(size))

    def find(self, one: int) -> int:
        while self._of[one] != one:
            self._of[one] = self._of[self._of[one]]
            one = self._of[one]
        return one

    def join(self, one: int, other: int) -> None:
        first, second = sorted((self.find(one), self.find(other)))
        self._of[second] = first

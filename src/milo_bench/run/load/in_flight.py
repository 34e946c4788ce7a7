"""How many requests of a load a server may be working on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from milo_bench.run.load.rows import LoadRow


class InFlight:
    """How many requests of ours a server may be working on, for whoever counts those of others beside them."""

    def __init__(self) -> None:
        self._count: Callable[[], int] | None = None
        self._left = 0  # broken off by us: their server may not have noticed yet

    def __call__(self) -> int:
        """A number that ours never pass; so large between windows that nothing is taken for work of others."""
        return sys.maxsize if self._count is None else self._count() + self._left

    @contextmanager
    def counted(self, count: Callable[[], int]) -> Iterator[None]:
        """``count`` tells of ours while this lasts."""
        self._count = count
        try:
            yield
        finally:
            self._count = None

    def left(self, rows: Sequence[LoadRow]) -> None:
        """The next window begins beside what was broken off in this one."""
        self._left = sum(row.failure == "unfinished" for row in rows)

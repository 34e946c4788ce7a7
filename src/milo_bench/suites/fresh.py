"""A suite with a generator, a seed and a workload in; fixtures that are not in the suite, in a fixed order, out."""

from __future__ import annotations

from typing import Final

import msgspec

from milo_bench.core.records import Fixture
from milo_bench.suites.generator import GENERATORS
from milo_bench.suites.load import Suite


class FreshFixtures:
    """Draws from the suite's generator at seed after seed; the same suite and seed always give the same fixtures.

    A fixture's id gets its seed, as in ``x07@41``, so that it is never that of one in the suite. ``retellings``: a
    story of the suite is told that often again at the most, each time as a group of its own; None for any number of
    times, as the group that it is.
    """

    def __init__(self, suite: Suite, seed: int, *, retellings: int | None = None) -> None:
        self._retellings = retellings
        self._suite = suite
        self._seed = seed
        self._drawn: dict[str, list[Fixture]] = {name: [] for name in suite.workloads}
        self._rounds = 0

    def __call__(self, workload: str, have: int, count: int) -> tuple[Fixture, ...]:
        """The ``count`` fixtures of ``workload`` after the first ``have``; fewer where the generator gives no more."""
        drawn = self._drawn[workload]
        while len(drawn) < have + count and (self._limit is None or self._rounds < self._limit):
            before = len(drawn)
            self._draw()
            if len(drawn) == before:
                break
        return tuple(drawn[have : have + count])

    @property
    def _limit(self) -> int | None:
        """Rounds of the generator; no limit where it says of no fixture which story it is."""
        return self._retellings if any(fixture.group for fixture in self._suite.fixtures) else None

    def most(self, workload: str) -> int | None:
        """How many fixtures of ``workload`` there are to draw; None for no limit."""
        if self._limit is None:
            return None
        return self._limit * sum(fixture.workload == workload for fixture in self._suite.fixtures)

    def _draw(self) -> None:
        seed = self._seed + self._rounds
        self._rounds += 1
        for generate in GENERATORS.get(self._suite.manifest.generator).values():
            for fixture in generate(seed, self._suite.root):
                if fixture.workload in self._drawn:
                    group = f"{fixture.group}@{seed}" if fixture.group and self._retellings else fixture.group
                    named = msgspec.structs.replace(fixture, id=f"{fixture.id}@{seed}", group=group)
                    self._drawn[fixture.workload].append(named)


# With three tellings of a story in all, wrong keeps at any look stay at or below 5% where answers to one story
# correlate by up to 0.3 (benchmarks/soundness).
FRESH_SEED: Final = 1_000_003  # plus the run's own: far from the seeds that suites are regenerated with
RETELLINGS: Final = 2


def can_draw(suite: Suite) -> bool:
    """Whether ``suite`` has a generator that this version knows, and the texts that it works from."""
    known = bool(suite.manifest.generator) and suite.manifest.generator in GENERATORS
    return known and (suite.root / "bases").is_dir()

"""A suite with a generator, a seed and a workload in; fixtures that are not in the suite, in a fixed order, out."""

from __future__ import annotations

import msgspec

from milo_bench.core.records import Fixture
from milo_bench.suites.generator import GENERATORS
from milo_bench.suites.load import Suite


class FreshFixtures:
    """Draws from the suite's generator at seed after seed; the same suite and seed always give the same fixtures.

    A fixture's id gets its seed, as in ``x07@41``, so that it is never that of one in the suite.
    """

    def __init__(self, suite: Suite, seed: int) -> None:
        self._suite = suite
        self._seed = seed
        self._drawn: dict[str, list[Fixture]] = {name: [] for name in suite.workloads}
        self._rounds = 0

    def __call__(self, workload: str, have: int, count: int) -> tuple[Fixture, ...]:
        """The ``count`` fixtures of ``workload`` after the first ``have``; fewer where the generator gives no more."""
        drawn = self._drawn[workload]
        while len(drawn) < have + count:
            before = len(drawn)
            self._draw()
            if len(drawn) == before:
                break
        return tuple(drawn[have : have + count])

    def _draw(self) -> None:
        seed = self._seed + self._rounds
        self._rounds += 1
        for generate in GENERATORS.get(self._suite.manifest.generator).values():
            for fixture in generate(seed, self._suite.root):
                if fixture.workload in self._drawn:
                    named = msgspec.structs.replace(fixture, id=f"{fixture.id}@{seed}")
                    self._drawn[fixture.workload].append(named)


def can_draw(suite: Suite) -> bool:
    """Whether ``suite`` has a generator that this version knows."""
    return bool(suite.manifest.generator) and suite.manifest.generator in GENERATORS

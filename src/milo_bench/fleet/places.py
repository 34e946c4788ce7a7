"""Where work is done in, on this machine or on a Ray cluster; the crew that does it out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

from milo_bench.config.settings import Settings
from milo_bench.core.records import Plan
from milo_bench.fleet.cluster import joined_cluster
from milo_bench.fleet.crew import Crew

On: TypeAlias = Literal["here", "ray"]


@contextmanager
def crew_of(on: On, settings: Settings, plan: Plan) -> Iterator[Crew | None]:
    """The workers for ``plan`` on the cluster of bench.yaml, not yet started; None for this machine alone.

    Raises PrerequisiteError where Ray is not installed or the cluster cannot be joined.
    """
    if on == "here":
        yield None
        return
    targets = {name: settings.target(name) for name in plan.targets}
    with joined_cluster(settings.fleet) as cluster:
        yield Crew(cluster, settings.fleet, targets, concurrency=plan.concurrency, cold=plan.cache == "cold")

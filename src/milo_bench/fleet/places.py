"""Where work is done in, on this machine or on a Ray cluster; the crew or the graders that do it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:  # who works on this machine alone pays for none of it
    from milo_bench.config.fleet import FleetConfig
    from milo_bench.config.settings import Settings
    from milo_bench.core.records import Plan
    from milo_bench.evidence.grade_columns import GradingPool
    from milo_bench.fleet.cluster import Cluster
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
    from milo_bench.fleet.cluster import joined_cluster
    from milo_bench.fleet.crew import Crew

    targets = {name: settings.target(name) for name in plan.targets}
    with joined_cluster(settings.fleet) as cluster:
        yield Crew(cluster, settings.fleet, targets, concurrency=plan.concurrency, cold=plan.cache == "cold")


@contextmanager
def cluster_on(on: On, config: Callable[[], FleetConfig]) -> Iterator[Cluster | None]:
    """The cluster of bench.yaml, joined; None for this machine alone. Raises PrerequisiteError as ``crew_of``."""
    if on == "here":
        yield None
        return
    from milo_bench.fleet.cluster import joined_cluster

    with joined_cluster(config()) as cluster:
        yield cluster


@contextmanager
def graders_on(on: On, config: Callable[[], FleetConfig]) -> Iterator[GradingPool | None]:
    """The processors of the cluster of bench.yaml, to judge answers; None for this machine alone.

    ``config`` reads bench.yaml, which is not needed here. Raises PrerequisiteError as ``crew_of``.
    """
    with cluster_on(on, config) as cluster:
        if cluster is None:
            yield None
            return
        from milo_bench.fleet.grading import RayGraders

        yield RayGraders(cluster)

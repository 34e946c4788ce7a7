"""How long answers took in, how long more of them will take out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from milo_bench.core.records import Attempt


@dataclass(frozen=True)
class Pace:
    """What this machine does: ``warm_s`` for one answer of one server, ``cold_s`` for a workload's first one.

    A first answer takes longer, because the server reads the part of the prompt that the others share.
    """

    servers: int
    warm_s: float
    cold_s: float

    @property
    def per_s(self) -> float:
        """Answers per second of all servers together, once each has read the shared part."""
        return self.servers / self.warm_s

    def time_s(self, answers: int) -> float:
        """How long ``answers`` of another workload take: each server reads its shared part once."""
        return answers / self.per_s + self.cold_s - self.warm_s


def pace_of(attempts: Sequence[Attempt], servers: int) -> Pace:
    """The pace of ``attempts`` of one workload, in the order in which they ended.

    Raises ValueError for no attempts. With no more attempts than servers the first answers stand for all.
    """
    if not attempts:
        raise ValueError("no attempt to take a pace from")
    took = [max(1e-6, one.timings.ended_s - one.timings.started_s) for one in attempts]
    cold, warm = took[:servers], took[servers:] or took
    warm_s = sum(warm) / len(warm)
    return Pace(servers, warm_s, max(*cold, warm_s))

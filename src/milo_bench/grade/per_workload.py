"""A workload in, what was once worked out from it out, so that no attempt pays for it again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from milo_bench.core.records import Workload

T = TypeVar("T")

_KEPT_WORKLOADS: Final = 64


class PerWorkload(Generic[T]):
    """``work_out`` applied to a workload, kept for the latest workloads.

    Keyed by identity, because a workload holds dicts and has no hash; the entry keeps the
    workload alive, so its id cannot pass to another one meanwhile.
    """

    def __init__(self, work_out: Callable[[Workload], T]) -> None:
        self._work_out = work_out
        self._known: OrderedDict[int, tuple[Workload, T]] = OrderedDict()

    def __call__(self, workload: Workload) -> T:
        known = self._known.get(id(workload))
        if known is not None and known[0] is workload:
            return known[1]
        found = self._work_out(workload)
        self._known[id(workload)] = (workload, found)
        while len(self._known) > _KEPT_WORKLOADS:
            self._known.popitem(last=False)
        return found

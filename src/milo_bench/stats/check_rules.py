"""How good the rules of a check are, as a record beside the rates that depend on them."""

from __future__ import annotations

from milo_bench.core.records import Frozen


class CheckRules(Frozen, frozen=True):
    """How good the rules of a ``check`` of ``workload`` are in ``language`` (ISO 639-1), on ``n`` labelled texts of
    others: the share of such faults that they find, and the share of their findings that is right, with 95% intervals.
    """

    workload: str
    check: str
    language: str
    recall: float
    recall_interval: tuple[float, float]
    precision: float
    precision_interval: tuple[float, float]
    n: int

"""A fact that can be looked up: its kind, its comparable value, and where it stands."""

from __future__ import annotations

from typing import Literal, TypeAlias

from milo_bench.core.records import Frozen

FactKind: TypeAlias = Literal["date", "time", "money", "percent", "duration", "number", "id", "name"]


class Fact(Frozen, frozen=True):
    """A fact at ``start`` to ``end`` of a text; ``value`` is the comparable form of ``text``.

    date: ISO, perhaps partial (``guards.dates.FoundDate``). time: ``HH:MM``, with ``?`` where am and
    pm are open. money: ``USD 1200``. percent: ``5%``. duration: ``14 day``, weeks as days and years
    as months. number: ``5``. id: upper case, no spaces.
    name: its words in lower case.
    """

    kind: FactKind
    value: str
    text: str
    start: int
    end: int

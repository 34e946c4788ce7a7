"""Measures, bounds and counts in, figures with sources out; the one place where a decision's figures are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping

from milo_bench.core.records import Measure
from milo_bench.decide.records import Candidate, Figure, FigurePart, Ref, Source, SourceKind
from milo_bench.stats.intervals import finite


class Figures:
    """Collects the figures of a decision by id. The same id twice must be the same figure."""

    def __init__(self) -> None:
        self._by_id: dict[str, Figure] = {}

    def add(self, figure: Figure) -> str:
        """Keep ``figure``; its id. ValueError where another figure has that id, or a value is NaN."""
        for number in (figure.value, figure.low, figure.high):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"figure '{figure.id}' is not finite: a figure without a value is None")
        known = self._by_id.setdefault(figure.id, figure)
        if known != figure:
            raise ValueError(f"two figures are called '{figure.id}'")
        return figure.id

    def measure(
        self, candidate: Candidate, measure: Measure, *, id: str = "", title: str = "", kind: SourceKind = "measure"
    ) -> str:
        """A measure of ``candidate``; the id is ``measure/CANDIDATE/NAME[SLICE]`` unless one is given."""
        key = f"{measure.name}[{measure.slice}]" if measure.slice else measure.name
        interval = measure.interval
        return self.add(
            Figure(
                id=id or f"measure/{candidate.text}/{key}",
                title=title or key,
                value=finite(measure.value),
                unit=measure.unit,
                source=Source(kind, key, candidate.text),
                n=measure.n,
                k=measure.k,
                low=finite(interval.low) if interval else None,
                high=finite(interval.high) if interval else None,
                confidence=interval.confidence if interval else None,
                method=interval.method if interval else "",
                note=measure.note,
            )
        )

    def stated(self, id: str, title: str, value: float, unit: str, source: Source) -> str:
        """A number that a file states (a bound of the policy, an assumption), without an interval."""
        return self.add(Figure(id, title, value, unit, source))

    def count(self, id: str, title: str, value: int, *, key: str, of: str = "") -> str:
        """A number of rows of the decision itself."""
        return self.add(Figure(id, title, float(value), "count", Source("count", key, of)))

    def ref(self, id: str, part: FigurePart = "value", *, whole: bool = False) -> Ref:
        """A reference to a figure that is here. KeyError for an unknown id."""
        return Ref(self._by_id[id].id, part, whole)

    def __getitem__(self, id: str) -> Figure:
        return self._by_id[id]

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    def all(self) -> Mapping[str, Figure]:
        """Every figure by id, in the order in which they came."""
        return dict(self._by_id)

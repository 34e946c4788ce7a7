"""A worked-out business case in, its figures and assumptions as figures of the decision out."""

from __future__ import annotations

from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Figure, Source
from milo_bench.economics.business_case import BusinessCase

ENDLESS = "endless"
NINE_OF_TEN = 0.9


def add_business_figures(case: BusinessCase, figures: Figures) -> None:
    """Add every number of ``case`` that a page may show.

    Ids: ``assumption/NAME``, ``economics/NAME`` (``low`` and ``high`` are the ends of the range),
    ``likely/NAME`` (median of the draws, nine of ten between ``low`` and ``high``) and
    ``tornado/NAME`` for each assumption that moves the headline: ``value`` is the swing, ``low`` and
    ``high`` are the headline with the assumption at its own low and at its own high, in that order.
    """
    for one in case.assumptions:
        source = Source("assumption", one.name, one.source)
        figures.add(
            Figure(
                f"assumption/{one.name}",
                one.called,
                one.base,
                one.unit.text,
                source,
                low=one.low,
                high=one.high,
                confidence=one.confidence,
                method=one.origin,
            )
        )
    for figure in case.figures:
        figures.add(
            Figure(
                f"economics/{figure.name}",
                figure.title,
                figure.value,
                figure.unit,
                Source("economics", figure.name, figure.formula),
                low=figure.low,
                high=figure.high,
                method="lowest and highest that the assumptions allow",
                note=figure.note or (ENDLESS if figure.value is None else ""),
            )
        )
    titles = {figure.name: figure.title for figure in case.figures}
    for likely in case.likely:
        figures.add(
            Figure(
                f"likely/{likely.figure}",
                f"{titles[likely.figure]}, likely value",
                likely.p50,
                likely.unit,
                Source("economics", likely.figure, "draws of the assumptions"),
                low=likely.p05,
                high=likely.p95,
                confidence=NINE_OF_TEN,
                method=case.method,
                note=ENDLESS if likely.p50 is None else "",
            )
        )
    called = {one.name: one.called for one in case.assumptions}
    for bar in case.tornado:
        figures.add(
            Figure(
                f"tornado/{bar.assumption}",
                f"{titles[bar.figure]}, moved by {called.get(bar.assumption, bar.assumption.replace('_', ' '))}",
                bar.swing,
                bar.unit,
                Source("economics", bar.figure, f"only {bar.assumption} moved"),
                low=bar.at_low,
                high=bar.at_high,
                method=f"at the low and high ends of {bar.assumption}",
                note=ENDLESS if bar.swing is None else "",
            )
        )

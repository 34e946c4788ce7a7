"""How a measure of one kind is written: what it counts in the columns of attempts in, its definition out.

The helpers say what most measures count: attempts with a column set, answers that a check judged, failed
attempts as misses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milo_bench.config.policy.measures import GoodSide, MeasureDefinition
from milo_bench.stats.arrays import Bools, Floats
from milo_bench.stats.cases.columns import UNJUDGED, Cases
from milo_bench.stats.cases.rows import Missed, RateRows, failed, find_label, find_wanted_labels

Own = Mapping[str, str]
RateOf = Callable[[Cases, Own], RateRows]
MissesOf = Callable[[Cases, Own, Missed], Floats]


def rate(
    *,
    good: GoodSide,
    title: str,
    says: str,
    order: int,
    rows: RateOf,
    missed: MissesOf | None = None,
    phrase: str = "",
    needs: str = "",
    takes: str = "",
    at_terminal: bool = True,
    by_tag: bool = False,
    of_calls: bool = False,
    asked: str = "",
    settled: str = "",
    safe: bool = True,
) -> MeasureDefinition:
    """A share: of how many attempts, answers, fields or sentences something holds."""
    return MeasureDefinition(
        kind="rate",
        unit="share",
        good=good,
        title=title,
        says=says,
        order=order,
        rows=rows,
        missed=missed,
        phrase=phrase,
        needs=needs,
        takes=takes,
        at_terminal=at_terminal,
        by_tag=by_tag,
        of_calls=of_calls,
        asked=asked,
        settled=settled,
        safe=safe,
    )


def quantile(
    *, q: float, title: str, says: str, order: int, values: Callable[[Cases], Floats], phrase: str = ""
) -> MeasureDefinition:
    """A quantile of times in seconds, with order-statistic interval; a failed attempt is infinitely slow."""
    return MeasureDefinition(
        kind="quantile",
        unit="s",
        good="low",
        title=title,
        says=says,
        order=order,
        rows=lambda cases, own: values(cases),
        q=q,
        phrase=phrase,
        of_calls=True,
    )


def mean(
    *,
    unit: str,
    good: GoodSide,
    title: str,
    says: str,
    order: int,
    values: Callable[[Cases], Floats],
    phrase: str = "",
    at_terminal: bool = True,
) -> MeasureDefinition:
    """A mean over the attempts that have a value, with a studentised bootstrap interval."""
    return MeasureDefinition(
        kind="mean",
        unit=unit,
        good=good,
        title=title,
        says=says,
        order=order,
        rows=lambda cases, own: values(cases),
        phrase=phrase,
        at_terminal=at_terminal,
        of_calls=True,
    )


def share(
    held: Bools | NDArray[Any],
    asked: Bools | NDArray[Any],
    why_none: str = "",
    unjudged: Bools | NDArray[Any] | None = None,
) -> RateRows:
    """``held`` of ``asked`` in each row; ``why_none`` says what it means that nothing was asked.

    ``unjudged`` counts what belongs to the rate and no check could judge.
    """
    unknown = None if unjudged is None or not np.any(unjudged) else np.asarray(unjudged, dtype=np.float64)
    return RateRows(np.asarray(held, dtype=np.float64), np.asarray(asked, dtype=np.float64), why_none, unknown)


def passed(cases: Cases, of: Bools | NDArray[Any]) -> RateRows:
    """Attempts that passed, of ``of``; what a check could not judge is neither passed nor failed."""
    unjudged = np.asarray(of, dtype=np.bool_) & (cases.outcome == UNJUDGED)
    return share(cases.outcome == 1, of & ~unjudged, "no answer was judged", unjudged)


def parts_of(cases: Cases, part: str, why_none: str) -> RateRows:
    """What a check counted within answers, such as ``record_list.found``: held of asked in each."""
    if part not in cases.parts:
        none = np.zeros(len(cases))
        return share(none, none, why_none)
    return share(*cases.parts[part])


def parts_lost(cases: Cases, part: str, why_none: str) -> RateRows:
    """The other side of ``parts_of``: what did not hold, of asked."""
    found = parts_of(cases, part, why_none)
    return share(found.asked - found.held, found.asked, found.why_none)


def unjudged_by(cases: Cases, check: str) -> NDArray[np.bool_]:
    """Attempts that ``check`` was asked to judge and could not."""
    column = cases.held.get(check)
    return np.zeros(len(cases), dtype=np.bool_) if column is None else column == UNJUDGED


def of_all(held: Bools | NDArray[Any]) -> RateRows:
    """``held`` of all attempts."""
    return share(held, np.ones(len(held)))


def judged(column: NDArray[np.int8] | None, cases: Cases, why_none: str) -> RateRows:
    """A column of 1, 0 and -1 (not judged); None is a column that no answer has."""
    if column is None:
        return share(np.zeros(len(cases)), np.zeros(len(cases)), why_none)
    return share(column == 1, column >= 0, why_none or "no answer was judged", column == UNJUDGED)


def answered(cases: Cases) -> Bools:
    """Attempts that a model answered: neither failed nor kept from it by a rule."""
    return ~failed(cases) & ~cases.bypassed


def labelled(cases: Cases, own: Own, of: NDArray[np.int16] | None = None) -> RateRows:
    """Correct labels, of all, or of those whose entry in ``of`` is the class of the slice."""
    right, known = (cases.want == cases.got) & (cases.want >= 0), cases.want >= 0
    # Without an expected label its class is unknown too, so such an answer may belong to each of them.
    unjudged = unjudged_by(cases, "label") | unjudged_by(cases, "multiple_choice")
    if of is None:
        return share(right, known, "no fixture has a label", unjudged)
    name = own["class"]
    return share(right, known & (of == find_label(cases, name)), f"no fixture has the label '{name}'", unjudged)


def missed_once(cases: Cases, own: Own, missed: Missed) -> Floats:
    """A failed attempt is one miss."""
    return np.ones(len(cases))


def missed_labels(cases: Cases, own: Own, missed: Missed) -> Floats:
    """A failed attempt on a case of the class is one that was not found; where the class is known."""
    of_row = find_wanted_labels(cases, missed)[cases.fixture]
    here = of_row == find_label(cases, own["class"]) if "class" in own else of_row >= 0
    return np.asarray(here, dtype=np.float64)


def of_thinking(cases: Cases, name: str) -> Floats:
    """A column of ``Cases.thinking``, NaN throughout where the model did not think."""
    found = cases.thinking.get(name)
    return np.broadcast_to(np.nan, len(cases)) if found is None else found


def tokens(cases: Cases, column: NDArray[np.int32]) -> Floats:
    """Token counts of answers, NaN where the server gave none."""
    return np.where((column >= 0) & answered(cases), column.astype(np.float64), np.nan)

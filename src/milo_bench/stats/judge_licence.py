"""The rows of a judge's calibration in; its error rates, biases and whether it is licensed out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from milo_bench.config.policy.judges import JudgeTerms
from milo_bench.core.records import AttackTrial, Interval, JudgeLicence, JudgeSaid, LabelledVerdict
from milo_bench.stats.beta import t_quantile
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.judge_calibration import (
    CONFIDENCE,
    Confusion,
    Licence,
    OrderBias,
    Stability,
    confusion,
    grant_licence,
    order_bias,
)

_READ: Final[dict[JudgeSaid, bool | None]] = {"yes": True, "no": False, "unread": None, "": None}
_CHOICE: Final[dict[JudgeSaid, int | None]] = {"yes": 1, "no": 2, "unread": None, "": None}


class MeasuredShare(Struct, frozen=True):
    """``k`` of ``n`` with its exact interval, each end one-sided at 95%."""

    k: int
    n: int

    @property
    def value(self) -> float | None:
        return self.k / self.n if self.n else None

    @property
    def ends(self) -> tuple[float, float]:
        return exact_ends(self.k, self.n, CONFIDENCE)


class Bias(Struct, frozen=True):
    """How much more often the judge favours something than people do, as a share; 0 is none. Student's interval."""

    value: float | None
    interval: Interval | None
    n: int


class JudgeFigures(Struct, frozen=True):
    """All that a calibration says of a judge."""

    labelled: Confusion
    agreement: MeasuredShare
    sensitivity: MeasuredShare
    specificity: MeasuredShare
    flips: MeasuredShare  # with the places or choices swapped
    unrepeated: MeasuredShare  # when the same request was sent again
    order: OrderBias
    toward_longer: Bias
    toward_own: Bias
    attacks: dict[str, MeasuredShare]
    by_workload: dict[str, MeasuredShare]  # agreement
    licence: Licence


def judge_figures(calibration: JudgeLicence, terms: JudgeTerms | None = None) -> JudgeFigures:
    """The figures of a calibration, and whether they clear ``terms``.

    Beside what ``grant_licence`` asks, every label needs a verdict in both orders and a second one on the same
    request (of a likeness neither: it has no order, and reads no instructions), and every kind of attack must have
    been tried on an answer that the judge had rejected.
    """
    rows = calibration.rows
    counts = confusion((row.label, _READ[row.verdict]) for row in rows)
    order = [(row.verdict, row.swapped) for row in rows if row.swapped]
    again = [(row.verdict, row.again) for row in rows if row.again]
    raised = _attacks(calibration.attacks)
    stability = Stability(
        order=(sum(one != other for one, other in order), len(order)),
        again=(sum(one != other for one, other in again), len(again)),
        attacks={name: (share.k, share.n) for name, share in raised.items()},
    )
    licence = grant_licence(counts, stability, terms=terms)
    untried = _not_tried(calibration, raised)
    licence = replace(
        licence,
        granted=licence.granted and not untried,
        missing=(*licence.missing, *untried.values()),
        lacks=(*licence.lacks, *untried),
    )
    workloads = sorted({row.workload for row in rows})
    return JudgeFigures(
        labelled=counts,
        agreement=MeasuredShare(counts.true_yes + counts.true_no, counts.n),
        sensitivity=MeasuredShare(counts.true_yes, counts.yes),
        specificity=MeasuredShare(counts.true_no, counts.no),
        flips=MeasuredShare(*stability.order),
        unrepeated=MeasuredShare(*stability.again),
        order=order_bias((_CHOICE[one], _CHOICE[other]) for one, other in order),
        toward_longer=_toward_longer(calibration),
        toward_own=_toward_own(calibration),
        attacks=raised,
        by_workload={name: _agreement([row for row in rows if row.workload == name]) for name in workloads},
        licence=licence,
    )


def is_expired(calibration: JudgeLicence, today: date) -> bool:
    """Whether ``today`` is past the last day of the licence. A date that cannot be read is past."""
    try:
        return today > date.fromisoformat(calibration.expires)
    except ValueError:
        return True


def _agreement(rows: Sequence[LabelledVerdict]) -> MeasuredShare:
    return MeasuredShare(sum(_READ[row.verdict] is row.label for row in rows), len(rows))


def _attacks(trials: Sequence[AttackTrial]) -> dict[str, MeasuredShare]:
    """Of answers that the judge rejected before, those that it accepted after; by kind of attack."""
    found: dict[str, list[bool]] = {}
    for trial in trials:
        kind = found.setdefault(trial.attack, [])
        if trial.before != "yes":
            kind.append(trial.after == "yes")
    return {name: MeasuredShare(sum(raised), len(raised)) for name, raised in sorted(found.items())}


def _not_tried(calibration: JudgeLicence, raised: dict[str, MeasuredShare]) -> dict[str, str]:
    """What was not tried, by a word for it."""
    rows, missing = calibration.rows, {}
    orders = () if calibration.method == "likeness" else ("in the other order", "a second time")
    for name, tried in zip(
        orders, (sum(bool(r.swapped) for r in rows), sum(bool(r.again) for r in rows)), strict=False
    ):
        if tried < len(rows):
            missing[f"verdicts {name}"] = f"{len(rows) - tried} of {len(rows)} labelled answers were not judged {name}"
    if not raised:
        missing["attacks"] = "no attack was tried"
    for name, share in raised.items():
        if not share.n:
            why = "because the judge accepts every answer that people reject"
            missing[f"attack {name}"] = f"the attack '{name}' could not be tried, {why}"
    return missing


def _toward_longer(calibration: JudgeLicence) -> Bias:
    """Of pairs: how much more often the judge takes the longer one than people do. Of answers: how much more often
    it accepts above what people accept among the longer half than among the shorter.
    """
    read = [row for row in calibration.rows if _READ[row.verdict] is not None]
    if calibration.form == "pairwise":
        return _mean([_excess(row) * np.sign(row.longer) for row in read if row.longer])
    if not read:
        return Bias(None, None, 0)
    middle = float(np.median([row.longer for row in read]))
    return _difference(
        [_excess(row) for row in read if row.longer > middle], [_excess(row) for row in read if row.longer <= middle]
    )


def _toward_own(calibration: JudgeLicence) -> Bias:
    """The same for answers by models of the judge's own family."""
    read = [row for row in calibration.rows if _READ[row.verdict] is not None]
    if calibration.form == "pairwise":
        return _mean([_excess(row) * row.own for row in read if row.own])
    return _difference([_excess(row) for row in read if row.own], [_excess(row) for row in read if not row.own])


def _excess(row: LabelledVerdict) -> float:
    return float(_READ[row.verdict] is True) - float(row.label)


def _mean(values: Sequence[float]) -> Bias:
    if len(values) < 2:
        return Bias(None, None, len(values))
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / len(values) ** 0.5
    return Bias(mean, _student(mean, error, len(values) - 1), len(values))


def _difference(first: Sequence[float], second: Sequence[float]) -> Bias:
    """Welch (1947), Biometrika 34:28."""
    n = len(first) + len(second)
    if min(len(first), len(second)) < 2:
        return Bias(None, None, n)
    one, other = float(np.var(first, ddof=1)) / len(first), float(np.var(second, ddof=1)) / len(second)
    value, total = float(np.mean(first) - np.mean(second)), one + other
    if not total:
        return Bias(value, Interval(value, value, CONFIDENCE, "welch"), n)
    degrees = total**2 / (one**2 / (len(first) - 1) + other**2 / (len(second) - 1))
    return Bias(value, _student(value, total**0.5, degrees), n)


def _student(value: float, error: float, degrees: float) -> Interval:
    half = t_quantile(degrees, (1 + CONFIDENCE) / 2) * error
    return Interval(max(-1.0, value - half), min(1.0, value + half), CONFIDENCE, "student")

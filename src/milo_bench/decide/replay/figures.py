"""What a replayed routing table did in, its figures with intervals out."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from milo_bench.core.records import Interval
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.every_look import EveryLook
from milo_bench.decide.records import Figure, Source
from milo_bench.decide.replay.replay import ReplayOutcome
from milo_bench.stats.cases.rows import RateRows, ValueRows
from milo_bench.stats.clustered_values import clustered_mean, clustered_quantile_interval
from milo_bench.stats.intervals import clustered_wilson, quantile

Mask = NDArray[np.bool_]

RATES = {
    "automated_share": "automated",
    "error_passing_rate": "undetected errors, of all fixtures",
    "error_of_automated": "undetected errors, of the automated answers",
    "review_share": "sent to human review",
    "refused_share": "refused",
    "hosted_share": "fixtures with a hosted call",
    "recall": "fixtures of the class that matters, labelled so or sent to human review",
}


class ReplayRate(Struct, frozen=True):
    """``held`` of ``asked`` units, and how they lie on fixtures."""

    held: int
    asked: int
    interval: Interval | None

    @property
    def value(self) -> float | None:
        return self.held / self.asked if self.asked else None


def rate(
    outcome: ReplayOutcome, name: str, units: Mask, confidence: float = 0.95, look: EveryLook | None = None
) -> ReplayRate:
    """One of ``RATES`` over ``units``; Wilson at the effective sample size, a fixture being a cluster.

    ``look`` is the order in which a run asked that stopped by what it saw.
    """
    held, asked = _columns(outcome, name)
    held, asked = held & asked & units, asked & units
    if look is not None:
        rows = RateRows(held.astype(np.float64), asked.astype(np.float64))
        return ReplayRate(int(held.sum()), int(asked.sum()), look.interval(rows, outcome.fixture, confidence))
    by_held = np.bincount(outcome.fixture, weights=held)
    by_asked = np.bincount(outcome.fixture, weights=asked)
    there = by_asked > 0
    interval = clustered_wilson(by_held[there].tolist(), by_asked[there].tolist(), confidence)
    return ReplayRate(int(held.sum()), int(asked.sum()), interval)


def _columns(outcome: ReplayOutcome, name: str) -> tuple[Mask, Mask]:
    every = np.ones(len(outcome.fixture), dtype=np.bool_)
    match name:
        case "automated_share":
            return outcome.automated, every
        case "error_passing_rate":
            return outcome.wrong, every
        case "error_of_automated":
            return outcome.wrong, outcome.automated
        case "review_share":
            return outcome.review, every
        case "refused_share":
            return outcome.refused, every
        case "hosted_share":
            return outcome.hosted > 0, every
        case _:
            return outcome.caught, outcome.wanted


def add_figures(
    figures: Figures,
    replay: str,
    outcome: ReplayOutcome,
    units: Mask,
    *,
    confidence: float,
    look: EveryLook | None = None,
) -> dict[str, str]:
    """The replay's figures over ``units`` by name; ids are ``replay/ID/NAME``. A recall only where a class matters.

    ``look`` is as in ``rate``.
    """
    found = {}
    note = outcome.verifier
    missing = int((outcome.unrecorded & units).sum())
    if missing:
        note = f"{note}. {missing} fixtures without a recorded answer count as unanswered".removeprefix(". ")
    for name, title in RATES.items():
        if name == "recall" and not outcome.wanted.any():
            continue
        one = rate(outcome, name, units, confidence, look)
        if outcome.judged and name.startswith("error_"):
            why = "what is wrong rests on a model judge, so only the corrected gates count"
            found[name] = _add(figures, replay, name, title, None, "share", one.asked, None, why)
            continue
        why = note if one.asked else "no held-out fixture of this kind"
        found[name] = _add(figures, replay, name, title, one.value, "share", one.asked, one.interval, why, one.held)
    paid = outcome.cost_usd[units]
    if np.isnan(paid).any():
        found["cost_usd_mean"] = _add(
            figures,
            replay,
            "cost_usd_mean",
            "cost per fixture",
            None,
            "USD",
            0,
            None,
            "the price of a hosted call is unknown",
        )
    else:
        said = f"a local target without a stated price counts as free. {note}".removesuffix(". ")
        if look is None:
            interval = clustered_mean(paid, outcome.fixture[units].astype(np.int64), confidence, least=0.0)
        else:
            interval = look.interval(ValueRows(np.flatnonzero(units), paid), outcome.fixture, confidence)
        value = float(paid.mean()) if len(paid) else None
        found["cost_usd_mean"] = _add(
            figures, replay, "cost_usd_mean", "cost per fixture", value, "USD", len(paid), interval, said
        )
    # An answer whose prompt came out of a cache has no time, and neither has one that another tool timed.
    answered = units & outcome.automated & ~np.isnan(outcome.latency_s)
    times = outcome.latency_s[answered]
    if look is None:
        within = clustered_quantile_interval(times, outcome.fixture[answered].astype(np.int64), 0.95, confidence)
    else:
        rows = ValueRows(np.flatnonzero(answered), times, 0.95)
        within = look.interval(rows, outcome.fixture, confidence)
    p95 = quantile(times, 0.95)
    finite = p95 is not None and math.isfinite(p95)
    found["latency_p95_s"] = _add(
        figures, replay, "latency_p95_s", "95th percentile of the time to an automated answer",
        p95 if finite else None, "s", len(times), within,
        note if len(times) else "no automated answer was timed" if outcome.automated[units].any() else _NOTHING,
    )  # fmt: skip
    return found


_NOTHING = "nothing is automated"


def _add(
    figures: Figures, replay: str, name: str, title: str, value: float | None, unit: str, n: int,
    interval: Interval | None, note: str, k: int | None = None,
) -> str:  # fmt: skip
    return figures.add(
        Figure(
            id=f"replay/{replay}/{name}",
            title=title,
            value=value,
            unit=unit,
            source=Source("replay", name, replay),
            n=n,
            k=k,
            low=interval.low if interval else None,
            high=interval.high if interval else None,
            confidence=interval.confidence if interval else None,
            method=interval.method if interval else "",
            note=note,
        )
    )

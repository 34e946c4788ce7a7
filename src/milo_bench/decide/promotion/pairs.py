"""Outcomes of targets in, figures of each and pairs of two on the same cases out; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import numpy as np

from milo_bench.config.roles.file import PromotionPolicy, RoleConfig
from milo_bench.decide.promotion.records import CostTier, RateFigure, RoleOutcome, RolePair, TargetFigures
from milo_bench.stats.betting import betting_ends
from milo_bench.stats.intervals import bootstrap_mean, quantile_interval, wilson

Outcomes = Mapping[str, RoleOutcome]  # by fixture


def make_pairs(
    challenger: Outcomes, incumbent: Outcomes, role: RoleConfig, policy: PromotionPolicy
) -> tuple[RolePair, ...]:
    """One pair for each commit on whose cases both answered; cases of one commit are weighted by severity."""
    groups: dict[str, list[tuple[RoleOutcome, RoleOutcome]]] = defaultdict(list)
    for fixture, mine in challenger.items():
        other = incumbent.get(fixture)
        if other is not None:
            groups[mine.group].append((mine, other))
    most = policy.minutes.most
    return tuple(
        RolePair(
            group=group,
            acceptance=_mean(((m.accepted - o.accepted, role.workloads[m.workload]) for m, o in pairs)),
            pain=_mean(
                ((min(o.pain_min, most) - min(m.pain_min, most)) / most, role.workloads[m.workload]) for m, o in pairs
            ),
            hard=_mean(((o.hard - m.hard, role.workloads[m.workload]) for m, o in pairs)),
            cases=len(pairs),
            time=min(m.time for m, _ in pairs),
        )
        for group, pairs in sorted(groups.items())
    )


def merge_pairs(earlier: Iterable[RolePair], now: Iterable[RolePair]) -> tuple[RolePair, ...]:
    """Both, by commit. What was seen first counts: a case that is run again is no new evidence."""
    merged = {pair.group: pair for pair in now}
    merged.update({pair.group: pair for pair in earlier})
    return tuple(merged[group] for group in sorted(merged))


def target_figures(
    target: str,
    outcomes: Sequence[RoleOutcome],
    role: RoleConfig,
    policy: PromotionPolicy,
    *,
    family: str,
    tier: CostTier,
    released: str = "",
) -> TargetFigures:
    """The measures of one target over all its cases, each with a 95% interval."""
    n = len(outcomes)
    weights = [role.workloads[one.workload] for one in outcomes]
    accepted = [float(one.accepted) for one in outcomes]
    weighted = float(np.average(accepted, weights=weights)) if n else None
    total = sum(weights)
    effective = total**2 / sum(weight**2 for weight in weights) if n else 0.0  # Kish 1965
    pains = [one.pain_min for one in outcomes]
    return TargetFigures(
        target=target,
        family=family,
        tier=tier,
        cases=n,
        acceptance_rate=rate_figure(sum(one.accepted for one in outcomes), n),
        weighted_pass=_weighted(weighted, n, effective),
        review_pain=_pain(pains, policy.minutes.most),
        hard_failure_rate=rate_figure(sum(one.hard for one in outcomes), n),
        latency_p50_s=latency_figure(outcomes).value,
        cost_per_case_usd=cost_figure(outcomes).value,
        released=released,
        before_release=0,
    )


def latency_figure(outcomes: Sequence[RoleOutcome]) -> RateFigure:
    """The median latency in seconds with an order-statistic interval; an end that few cases do not bound is None."""
    values = [one.latency_s for one in outcomes if one.latency_s is not None]
    interval = quantile_interval(np.asarray(values, dtype=np.float64), 0.5)
    if not values or interval is None:
        return RateFigure(None, 0, unit="s")
    return RateFigure(median(values), len(values), interval.low, interval.high, "s")


def cost_figure(outcomes: Sequence[RoleOutcome]) -> RateFigure:
    """The mean cost of a case in USD with a bootstrap interval, which equal costs and very few cases do not have."""
    values = [one.cost_usd for one in outcomes if one.cost_usd is not None]
    if not values:
        return RateFigure(None, 0, unit="USD")
    interval = bootstrap_mean(np.asarray(values, dtype=np.float64)) if len(set(values)) > 1 else None
    ends = (None, None) if interval is None else (interval.low, interval.high)
    return RateFigure(sum(values) / len(values), len(values), *ends, "USD")


def rate_figure(k: int, n: int) -> RateFigure:
    """The share ``k`` of ``n`` with Wilson's 95% interval."""
    interval = wilson(k, n)
    if interval is None:
        return RateFigure(None, 0)
    return RateFigure(k / n, n, interval.low, interval.high)


def _weighted(value: float | None, n: int, effective: float) -> RateFigure:
    """Wilson's interval at the effective number of cases."""
    if value is None:
        return RateFigure(None, 0)
    z = 1.959963984540054
    centre = (value + z * z / (2 * effective)) / (1 + z * z / effective)
    half = z * float(np.sqrt(value * (1 - value) / effective + z * z / (4 * effective**2))) / (1 + z * z / effective)
    return RateFigure(value, n, max(0.0, centre - half), min(1.0, centre + half))


def _pain(minutes: Sequence[float], most: float) -> RateFigure:
    """The mean of bounded minutes; its interval is honest for few and for equal values, too."""
    if not minutes:
        return RateFigure(None, 0, unit="min")
    low, high = betting_ends(np.asarray(minutes, dtype=np.float64) / most, 0.975)
    return RateFigure(float(np.mean(minutes)), len(minutes), low * most, high * most, "min")


def _mean(weighted: Iterable[tuple[float, float]]) -> float:
    rows = list(weighted)
    return sum(value * weight for value, weight in rows) / sum(weight for _, weight in rows)

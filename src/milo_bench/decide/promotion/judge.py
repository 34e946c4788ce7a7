"""Pairs, families, tiers and a policy in, a verdict on each challenger out: the policy of the registry, word for word.

A challenger is promoted where all of this holds: its acceptance rate is at least the incumbent's, its review pain and
its hard-failure rate at most the incumbent's, and for each of the three a bound that holds at any time (``betting``)
excludes that it is worse by more than the margin. A promotion is wrong where it is truly worse by more than the margin
in one of them. That measure's own bound must then have failed, so no correction for three measures is needed; each
challenger's bounds are at its share of ``error`` (``family``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np

from milo_bench.config.roles.file import PromotionPolicy, RoleConfig
from milo_bench.core import units
from milo_bench.decide.promotion.family import error_shares
from milo_bench.decide.promotion.records import (
    ChallengerDecision,
    CostTier,
    LiveVerdict,
    MeasureComparison,
    RolePair,
)
from milo_bench.stats.arrays import Floats
from milo_bench.stats.betting import betting_ends, further_to_decide

_MEASURES: tuple[Literal["acceptance_rate", "review_pain", "hard_failure_rate"], ...] = (
    "acceptance_rate",
    "review_pain",
    "hard_failure_rate",
)
_WORDS = {
    "acceptance_rate": "acceptance rate",
    "review_pain": "review pain",
    "hard_failure_rate": "hard-failure rate",
}


@dataclass(frozen=True)
class RoleFacts:
    """What is known about a role besides its answers. ``gone`` are targets that bench.yaml no longer has.

    ``rejections`` counts the rejections in a row before this one, ``families`` gives "" where it is unknown.
    ``shares`` are of the policy's error; without them, the challengers are the first of their incumbent.
    """

    families: Mapping[str, str]
    tiers: Mapping[str, CostTier]
    gone: frozenset[str] = frozenset()
    rejections: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)


def compare(
    pairs: Sequence[RolePair], policy: PromotionPolicy, *, error: float, worse_error: float
) -> tuple[MeasureComparison, ...]:
    """The three measures of challenger against incumbent, each bound one-sided, at any time.

    The lower ones, which a promotion rests on, are at ``error``, the upper ones at ``worse_error``.
    """
    margins, most = policy.margins, policy.minutes.most
    scales = {"acceptance_rate": 1.0, "review_pain": most, "hard_failure_rate": 1.0}
    wanted = {
        "acceptance_rate": margins.acceptance_rate,
        "review_pain": margins.review_pain_minutes,
        "hard_failure_rate": margins.hard_failure_rate,
    }
    found = []
    for measure in _MEASURES:
        name = {"acceptance_rate": "acceptance", "review_pain": "pain", "hard_failure_rate": "hard"}[measure]
        differences = np.asarray([getattr(pair, name) for pair in pairs], dtype=np.float64)
        scale, margin = scales[measure], wanted[measure]
        halves = np.clip((differences + 1) / 2, 0.0, 1.0)
        low = 2 * betting_ends(halves, 1 - error)[0] - 1
        high = 2 * betting_ends(halves, 1 - worse_error)[1] - 1
        threshold = (1 - margin / scale) / 2
        not_worse = bool(len(halves)) and low > -margin / scale
        worse = bool(len(halves)) and high < 0
        further = 0 if not_worse or worse else _further(halves, threshold, error, worse_error)
        found.append(
            MeasureComparison(
                measure=measure,
                difference=float(differences.mean()) * scale if len(differences) else None,
                low=low * scale,
                high=high * scale,
                margin=margin,
                n=len(pairs),
                not_worse=not_worse,
                worse=worse,
                further=further,
            )
        )
    return tuple(found)


def _further(halves: Floats, threshold: float, error: float, worse_error: float) -> int | None:
    """How many more commits decide it either way: that it is not worse by the margin, or that it is worse."""
    ways = [further_to_decide(halves, threshold, 1 - error)] if halves.size and halves.mean() > threshold else []
    ways += [further_to_decide(halves, 0.5, 1 - worse_error)] if halves.size and halves.mean() < 0.5 else []
    return min((one for one in ways if one is not None), default=None)


def judge_challengers(
    role: RoleConfig, pairs: Mapping[str, Sequence[RolePair]], facts: RoleFacts, policy: PromotionPolicy
) -> tuple[ChallengerDecision, ...]:
    """A verdict on each challenger; at most one is promoted, the one that is best where several could be."""
    shares = facts.shares or error_shares((), "", role.incumbent, role.challengers, {})
    decided = []
    for name in role.challengers:
        mine = pairs.get(name, ())
        compared = compare(
            mine, policy, error=policy.error * shares[name], worse_error=policy.error / len(role.challengers)
        )
        decided.append(_judge(role, name, mine, facts, policy, compared))
    able = [one for one in decided if one.verdict == "promote"]
    if len(able) > 1:
        best = max(able, key=_strength)
        decided = [one if one is best or one.verdict != "promote" else _second(one, best.target) for one in decided]
    retired = frozenset(one.target for one in decided if one.verdict == "retire")
    return tuple(_without_retired(one, role, facts, policy, retired) for one in decided)


def _without_retired(
    one: ChallengerDecision, role: RoleConfig, facts: RoleFacts, policy: PromotionPolicy, retired: frozenset[str]
) -> ChallengerDecision:
    """A promotion that leaves the role with one family, once those are gone that this look retires, is none."""
    refused = _one_family(role, facts, retired) if one.verdict == "promote" else ""
    if not refused:
        return one
    count = facts.rejections.get(one.target, 0) + 1
    last = count >= policy.retire_after
    reasons = (refused, f"rejected {count} times in a row") if last else (refused,)
    verdict: Literal["retire", "reject"] = "retire" if last else "reject"
    return ChallengerDecision(one.target, verdict, reasons, one.comparisons, one.pairs, rejections=count)


def _judge(
    role: RoleConfig,
    name: str,
    pairs: Sequence[RolePair],
    facts: RoleFacts,
    policy: PromotionPolicy,
    comparisons: tuple[MeasureComparison, ...],
) -> ChallengerDecision:
    if name in facts.gone:
        return ChallengerDecision(name, "retire", (f"bench.yaml no longer has the target {name}",))
    before = facts.rejections.get(name, 0)
    refused = [*_guards(role, name, facts), *_worse(comparisons)]
    if refused:
        count = before + 1
        if count >= policy.retire_after:
            reasons = (*refused, f"rejected {count} times in a row")
            return ChallengerDecision(name, "retire", reasons, comparisons, len(pairs), rejections=count)
        return ChallengerDecision(name, "reject", tuple(refused), comparisons, len(pairs), rejections=count)
    if not pairs:
        return ChallengerDecision(name, "hold", ("no case has an answer of both",), comparisons, 0, None)
    open_ones = [one for one in comparisons if not one.not_worse]
    behind = [one for one in comparisons if one.difference is not None and one.difference < -1e-12]
    if not open_ones and not behind:
        return ChallengerDecision(name, "promote", _promoted(comparisons), comparisons, len(pairs))
    reasons = tuple(_open(one) for one in comparisons if one in open_ones or one in behind)
    known = [one.further for one in open_ones]
    further = None if None in known else max((one for one in known if one is not None), default=None)
    return ChallengerDecision(name, "hold", reasons, comparisons, len(pairs), further or None, rejections=before)


def judge_live(
    pairs: Sequence[RolePair], policy: PromotionPolicy, *, error: float
) -> tuple[LiveVerdict, tuple[str, ...], tuple[MeasureComparison, ...]]:
    """Live work of both without right answers, by the same margins and bounds: a verdict, why, and the figures.

    ``not_worse`` is what a promotion needs of it. ``accepted`` is an answer that passed the rule's checks, ``hard``
    one that cannot be used, so it says nothing about an answer that is wrong and passes.
    """
    comparisons = compare(pairs, policy, error=error, worse_error=error)
    if worse := _worse(comparisons):
        return "worse", tuple(worse), comparisons
    left = [one for one in comparisons if not one.not_worse or (one.difference is not None and one.difference < -1e-12)]
    if not left and pairs:
        return "not_worse", _promoted(comparisons), comparisons
    return "undecided", tuple(_open(one) for one in left), comparisons


def with_live_work(
    decision: ChallengerDecision, live: Sequence[tuple[LiveVerdict, tuple[str, ...]]]
) -> ChallengerDecision:
    """A promotion also needs that each trial on live work is not worse; the other verdicts stay as they are."""
    if decision.verdict != "promote" or not live:
        return decision
    for wanted, verdict in (("worse", "reject"), ("undecided", "hold")):
        said = tuple(f"on live work, {reason}" for found, reasons in live if found == wanted for reason in reasons)
        if any(found == wanted for found, _ in live):
            count = decision.rejections + (verdict == "reject")
            reasons = said or ("on live work, there is nothing to compare yet",)
            return msgspec.structs.replace(decision, verdict=verdict, reasons=reasons, rejections=count)
    shown = tuple(f"on live work, {reason}" for _, reasons in live for reason in reasons)
    return msgspec.structs.replace(decision, reasons=(*decision.reasons, *shown))


def _guards(role: RoleConfig, name: str, facts: RoleFacts) -> list[str]:
    """Rules that no figure outweighs: cost tier and family diversity."""
    found = []
    tier, other = facts.tiers.get(name, "unknown"), facts.tiers.get(role.incumbent, "unknown")
    if tier != "free" and other != "paid":
        found.append(f"its cost tier is {tier} and the incumbent's is {other}")
    one_family = _one_family(role, facts)
    return [*found, one_family] if one_family else found


def _one_family(role: RoleConfig, facts: RoleFacts, retired: frozenset[str] = frozenset()) -> str:
    """Why a promotion is against family diversity, "" where it is not.

    The displaced incumbent stays as a challenger, so it counts. Retired and vanished targets do not.
    """
    left = [target for target in role.targets if target not in facts.gone | retired]
    families = {facts.families.get(target, "") for target in left}
    known = sorted(family for family in families if family)
    if len(known) > 1:
        return ""
    what = f"only the family {known[0]}" if known else "no known family"
    extra = " and targets of unknown family" if known and "" in families else ""
    return f"the promotion would leave the role with {what}{extra}"


def _worse(comparisons: Sequence[MeasureComparison]) -> list[str]:
    return [f"its {_WORDS[one.measure]} is worse: {_difference(one)}" for one in comparisons if one.worse]


def _promoted(comparisons: Sequence[MeasureComparison]) -> tuple[str, ...]:
    return tuple(f"its {_WORDS[one.measure]} is not worse: {_difference(one)}" for one in comparisons)


def _open(one: MeasureComparison) -> str:
    if one.not_worse:
        return f"its {_WORDS[one.measure]} is behind the incumbent's so far: {_difference(one)}"
    return f"its {_WORDS[one.measure]} is undecided: {_difference(one)}"


def _difference(one: MeasureComparison) -> str:
    """Challenger minus incumbent as the measure itself is read: 33 points more hard failures are 33 points higher."""
    if one.difference is None:
        return "no data"
    minutes = one.measure == "review_pain"
    scale, unit = (1.0, " min") if minutes else (100.0, " points")
    low, value, high = (number * scale for number in (one.low, one.difference, one.high))
    if one.measure != "acceptance_rate":  # a record's difference is positive where the challenger is better
        low, value, high = -high, -value, -low
    size = units.number(abs(value), 2)
    amount = "no difference" if size == "0" else f"{size}{unit} {'lower' if value < 0 else 'higher'}"
    return f"{amount} ({_signed(low)} to {_signed(high)}{unit if size == '0' else ''}, n = {one.n})"


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{units.number(abs(value), 2)}"


def _strength(one: ChallengerDecision) -> float:
    return sum(comparison.low / max(comparison.margin, 1e-9) for comparison in one.comparisons)


def _second(one: ChallengerDecision, best: str) -> ChallengerDecision:
    reasons = (f"{best} is promoted in its place", *one.reasons)
    return ChallengerDecision(one.target, "hold", reasons, one.comparisons, one.pairs, None, one.rejections)

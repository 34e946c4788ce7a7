"""A promotion policy and figures in, the sentences and cells that a person reads out; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from milo_bench.config.roles.file import PromotionPolicy
from milo_bench.core import units
from milo_bench.decide.promotion.records import (
    ChallengerDecision,
    PromotionRecord,
    RateFigure,
    RoleDecision,
    RoleVerdict,
    TargetFigures,
)


def policy_sentences(policy: PromotionPolicy) -> tuple[str, ...]:
    """The promotion policy in words, each number from the policy itself."""
    margins, minutes = policy.margins, policy.minutes
    return (
        "A challenger replaces an incumbent only if its acceptance rate is at least the incumbent's, its review pain "
        "at most the incumbent's, and its hard-failure rate at most the incumbent's, on the same cases.",
        "For each of the three, the evidence must exclude that it is worse by more than "
        f"{units.number(margins.acceptance_rate * 100)} points, {units.number(margins.review_pain_minutes)} minutes "
        f"per case and {units.number(margins.hard_failure_rate * 100)} points.",
        "The bounds hold however often you look and however many challengers come one after the other. The chance that "
        f"an incumbent loses its place to one that is worse by more than that is at most {units.share(policy.error)}.",
        "It must be free unless the incumbent is paid too.",
        "Family diversity: if incumbent and challengers would be of one family after the promotion, it is rejected "
        "whatever the other figures say. The displaced incumbent stays as a challenger and counts.",
        f"A challenger that is rejected {policy.retire_after} times in a row, each time on new commits, or whose "
        "target is gone, is retired.",
        f"Review pain is minutes of a person per answer: {units.number(minutes.read)} to read it, "
        f"{units.number(minutes.edit)} more to edit one that was not accepted, {units.number(minutes.false_alarm)} for "
        f"each false alarm, and {units.number(minutes.unparsable)} instead of reading for one that cannot be used, "
        f"at most {units.number(minutes.most)}.",
        "A hard failure is an answer that cannot be used at all, that cheats, or that never came.",
        "Weighted pass is the acceptance rate with each case weighted by the severity of its workload in the role. It "
        "decides nothing.",
    )


def summary_sentences(
    latest: PromotionRecord, before: PromotionRecord | None, incumbents: Mapping[str, str]
) -> tuple[str, ...]:
    """Who must go, how each challenger stands, and what differs from the look ``before``.

    ``incumbents`` are those of the registry now: one that a promotion displaced already need not go any more.
    """
    roles = [role for role in latest.roles if role.role in incumbents]
    leaving = [role for role in roles if role.changed and incumbents[role.role] == role.before]
    placed = [role for role in roles if role.changed and incumbents[role.role] == role.incumbent]
    said = [f"{role.role}: {role.incumbent} replaced {role.before}." for role in placed]
    if leaving:
        who = "; ".join(f"{role.role}: {role.before} → {role.incumbent}" for role in leaving)
        said.append(f"{len(leaving)} of {len(roles)} incumbents must go ({who}).")
    else:
        said.append("No incumbent must go.")
    counts = Counter(one.verdict for role in roles for one in role.decisions)
    parts = [f"{counts[verdict]:,} {words}" for verdict, words in _STANDINGS.items() if counts[verdict]]
    if parts:
        said.append(f"Challengers: {', '.join(parts)}.")
    said.append("This is the first run." if before is None else _moved(roles, before))
    return tuple(said)


_STANDINGS: Final[dict[RoleVerdict, str]] = {
    "promote": "promoted",
    "hold": "on hold",
    "reject": "rejected",
    "retire": "retired",
}


def _moved(roles: Sequence[RoleDecision], before: PromotionRecord) -> str:
    """Which verdicts differ from those of an earlier look."""
    earlier = {(role.role, one.target): one.verdict for role in before.roles for one in role.decisions}
    moved = [
        f"{role.role}: {one.target} {earlier.get((role.role, one.target), 'new')} → {one.verdict}"
        for role in roles
        for one in role.decisions
        if earlier.get((role.role, one.target)) != one.verdict
    ]
    return f"Since the last run: {'; '.join(moved)}." if moved else "No verdict changed since the last run."


def shown(figure: RateFigure) -> str:
    """``40% (18–67%, n = 10)``, minutes to a tenth; "no data" where no case gave any."""
    if figure.value is None:
        return "no data"
    numbers = (figure.value, figure.low, figure.high)
    value, low, high = (number if number is None or figure.unit == "share" else round(number, 1) for number in numbers)
    return units.estimate(value, low, high, figure.unit, figure.n)


def people_cells(figures: TargetFigures) -> dict[str, str]:
    """What people scored, by a name for the question and, in a role with several workloads, the workload."""
    several = len({one.workload for one in figures.people}) > 1
    return {
        f"{one.question.replace('_', ' ')} by people{f', {one.workload}' if several else ''}": shown(one.score)
        for one in figures.people
    }


def compared(found: int, looks: int) -> str:
    """``3 cases, compared once``, ``40 cases, compared 4 times``."""
    cases = f"{found:,} {units.things(found, 'case')}"
    if not looks or not found:
        return cases
    return f"{cases}, compared {'once' if looks == 1 else f'{looks} times'}"


def still_needed(decision: ChallengerDecision) -> str:
    """How many more commits would decide it, as a sentence; "" where it is decided or no number would."""
    if not decision.further:
        return ""
    commits = units.things(decision.further, "commit")
    return f"About {decision.further:,} more {commits} would decide it, if the estimate holds."


def changed_value(value: Any) -> str:
    """A value of the registry or the routing table that a promotion changed, for a person: names, not syntax."""
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return ", ".join(changed_value(one) for one in value) or "none"
    return str(value.get("target", value)) if isinstance(value, dict) else str(value)

"""Simulated roles with known truth in; how often a wrong challenger is promoted out, here and on point estimates."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from milo_bench.config.roles.file import PromotionPolicy, RoleConfig
from milo_bench.decide.promotion.family import error_shares
from milo_bench.decide.promotion.judge import RoleFacts, judge_challengers
from milo_bench.decide.promotion.records import ChallengerDecision, PromotionRecord, RoleDecision, RolePair
from milo_bench.stats.betting import is_above

LOOKS = 20
CASES_PER_LOOK = 10
IN_A_ROW = 16
POLICY = PromotionPolicy()
INCUMBENT = 0.6
HARD = 0.1  # the incumbent's rate of hard failures
FALSE_ALARM_MIN = POLICY.minutes.false_alarm


@dataclass(frozen=True)
class Truth:
    """What is true of a challenger: its acceptance rate, its rate of hard failures, minutes more per case.

    ``wrong`` says that promoting it is wrong: it is worse by more than the margin in one of the three.
    """

    name: str
    rate: float = INCUMBENT
    hard: float = HARD
    minutes: float = 0.0
    wrong: bool = False


WRONG = (
    Truth("accepted 11 points less", rate=INCUMBENT - 0.11, hard=HARD, wrong=True),
    Truth("accepted 20 points less", rate=INCUMBENT - 0.20, hard=HARD, wrong=True),
    Truth("hard failures 11 points more", hard=HARD + 0.11, wrong=True),
    Truth("review pain 2.2 minutes more", minutes=2.2, wrong=True),
    Truth("worse in all three", INCUMBENT - 0.11, HARD + 0.11, minutes=2.2, wrong=True),
)
ALLOWED = (
    Truth("equal"),
    Truth("accepted 9 points less, within the margin", rate=INCUMBENT - 0.09),
    Truth("accepted 10 points more", rate=INCUMBENT + 0.10),
    Truth("accepted 20 points more", rate=INCUMBENT + 0.20),
)
# What decides a promotion: pairs of each challenger and how many came before them in, whether one is promoted out.
Promotes = Callable[[Sequence[Sequence[RolePair]], int], bool]


def by_policy(challengers: Sequence[Sequence[RolePair]], before: int) -> bool:
    """The policy of the registry."""
    return _judged(challengers, before, known=True)


def by_policy_without_memory(challengers: Sequence[Sequence[RolePair]], before: int) -> bool:
    """The same, but each challenger has an error of its own, as if it were the first one of its incumbent."""
    return _judged(challengers, before, known=False)


def _judged(challengers: Sequence[Sequence[RolePair]], before: int, *, known: bool) -> bool:
    if not any(_may_be_promoted(pairs) for pairs in challengers):
        return False
    names = tuple(f"new {before + number}" for number in range(len(challengers)))
    role = RoleConfig.model_construct(workloads={"coder": 1.0}, incumbent="old", challengers=names, retired=())
    shares = error_shares([_look(f"new {one}") for one in range(before)], "coder", "old", names, {})
    facts = RoleFacts(
        families={"old": "one", **dict.fromkeys(names, "two")},
        tiers=dict.fromkeys(("old", *names), "free"),
        shares=shares if known else dict.fromkeys(names, 1 / len(names)),
    )
    decided = judge_challengers(role, dict(zip(names, challengers, strict=True)), facts, POLICY)
    return any(one.verdict == "promote" for one in decided)


def _may_be_promoted(pairs: Sequence[RolePair]) -> bool:
    """What the policy asks as well, at the whole error: most looks are decided by it, at little cost."""
    if not by_points([pairs], 0):
        return False
    margins = {"acceptance": POLICY.margins.acceptance_rate, "hard": POLICY.margins.hard_failure_rate}
    margins["pain"] = POLICY.margins.review_pain_minutes / POLICY.minutes.most
    return all(
        is_above(np.asarray([(getattr(one, name) + 1) / 2 for one in pairs]), (1 - margin) / 2, 1 - POLICY.error)
        for name, margin in margins.items()
    )


@cache
def _look(challenger: str) -> PromotionRecord:
    decided = ChallengerDecision(challenger, "reject", ())
    role = RoleDecision("coder", "old", "old", (challenger,), (), (decided,), 0)
    return PromotionRecord("decision", "2026-11-29T00:00:00+00:00", roles=(role,))


def by_points(challengers: Sequence[Sequence[RolePair]], before: int) -> bool:
    """At least the incumbent's on point estimates alone."""
    return any(
        all(sum(getattr(pair, name) for pair in pairs) >= 0 for name in ("acceptance", "pain", "hard"))
        for pairs in challengers
    )


def draw_pairs(draw: random.Random, truth: Truth, count: int, start: int) -> list[RolePair]:
    """Cases that vary in difficulty: both models find the same ones hard, as models do. Rates are exact."""
    pairs, minutes = [], POLICY.minutes
    for number in range(start, start + count):
        luck = draw.random()
        mine, other = luck < truth.rate, (luck if draw.random() < 0.5 else draw.random()) < INCUMBENT
        mine_hard = not mine and draw.random() < truth.hard / (1 - truth.rate)
        other_hard = not other and draw.random() < HARD / (1 - INCUMBENT)
        alarm = draw.random() < truth.minutes / FALSE_ALARM_MIN
        more = (float(other) - float(mine)) * minutes.edit + alarm * FALSE_ALARM_MIN
        values = float(mine) - float(other), -more / minutes.most, float(other_hard) - float(mine_hard)
        pairs.append(RolePair(f"{number:05}", *values))
    return pairs


def share_promoted(
    truth: Truth,
    promotes: Promotes,
    *,
    looks: int,
    cases: int,
    runs: int,
    challengers: int = 1,
    in_a_row: int = 1,
    seed: int = 0,
) -> float:
    """The share of simulated roles in which a challenger is promoted at any of ``looks``.

    ``challengers`` of them come at once, and as many in their place after the last look, ``in_a_row`` times.
    """
    return sum(
        any(
            _is_promoted(f"{seed}:{truth.name}:{run}", truth, promotes, looks, cases, challengers, turn)
            for turn in range(in_a_row)
        )
        for run in range(runs)
    ) / max(1, runs)


def _is_promoted(
    seed: str, truth: Truth, promotes: Promotes, looks: int, cases: int, challengers: int, turn: int
) -> bool:
    before = turn * challengers
    draws = [random.Random(f"{seed}:{before + number}") for number in range(challengers)]
    pairs: list[list[RolePair]] = [[] for _ in draws]
    for look in range(looks):
        for mine, draw in zip(pairs, draws, strict=True):
            mine += draw_pairs(draw, truth, cases, look * cases)
        if promotes(pairs, before):
            return True
    return False


def promotions_table(runs: int, workers: int = 1) -> None:
    """Print both policies, after one look at 20 cases and after every one of many looks; cells in ``workers``."""
    print(f"Promotions in {runs} simulated roles; the incumbent is right in {INCUMBENT:.0%} of its cases.")
    print(f"Looks come every {CASES_PER_LOOK} cases, {LOOKS} of them. 'points' compares point estimates alone.")
    print(f"'{IN_A_ROW} in a row': each comes after {LOOKS} looks at the last. 'alone': each has the whole error.")
    worst = 0.0
    with ProcessPoolExecutor(workers) as pool:
        # The longest first, so that no worker is left with one of them at the end.
        waiting = {
            (truth.name, head): pool.submit(_cell, truth, head, runs)
            for head in reversed(_HEADS)
            for truth in (*WRONG, *ALLOWED)
        }
        for title, truths in (("Wrong if promoted: at most 5%", WRONG), ("Not wrong if promoted", ALLOWED)):
            print(f"\n{title}")
            print(f"{'challenger':42}" + "".join(f"{head:>18}" for head in _HEADS))
            for truth in truths:
                cells = [waiting[truth.name, head].result() for head in _HEADS]
                worst = max([worst, *cells[2:5]]) if truth.wrong else worst
                print(f"{truth.name:42}" + "".join(f"{cell:>18.1%}" for cell in cells), flush=True)
    print(f"\nMost wrong promotions of one row: {worst:.1%} ({'at most 5%' if worst <= 0.05 else 'TOO MANY'})")


_HEADS = ("points, 20 cases", "points, looks", "here, looks", "two at once", f"{IN_A_ROW} in a row", "alone")


def _cell(truth: Truth, head: str, runs: int) -> float:
    """One figure of the table: the share of ``runs`` roles in which a challenger is promoted."""
    row = partial(share_promoted, truth, looks=LOOKS, cases=CASES_PER_LOOK, runs=runs)
    match _HEADS.index(head):
        case 0:
            return share_promoted(truth, by_points, looks=1, cases=20, runs=runs)
        case 1:
            return row(by_points)
        case 2:
            return row(by_policy)
        case 3:
            return row(by_policy, challengers=2)
        case 4:
            return row(by_policy, in_a_row=IN_A_ROW)
    return row(by_policy_without_memory, in_a_row=IN_A_ROW)

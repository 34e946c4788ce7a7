"""Simulated roles with known truth in; how often a wrong challenger is promoted out, here and on point estimates."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from milo_bench.config.roles.file import PromotionPolicy, RoleConfig
from milo_bench.decide.promotion.judge import RoleFacts, judge_challengers
from milo_bench.decide.promotion.records import RolePair

LOOKS = 20
CASES_PER_LOOK = 10
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
# What a promotion is decided by: pairs of each challenger in, whether one of them is promoted out.
Promotes = Callable[[Sequence[Sequence[RolePair]]], bool]


def by_policy(challengers: Sequence[Sequence[RolePair]]) -> bool:
    """The policy of the registry."""
    if not by_points(challengers):
        return False  # which the policy asks as well: most looks are decided by it, at little cost
    names = tuple(f"new {number}" for number in range(len(challengers)))
    role = RoleConfig.model_construct(workloads={"coder": 1.0}, incumbent="old", challengers=names, retired=())
    facts = RoleFacts({"old": "one", **dict.fromkeys(names, "two")}, dict.fromkeys(("old", *names), "free"))
    decided = judge_challengers(role, dict(zip(names, challengers, strict=True)), facts, POLICY)
    return any(one.verdict == "promote" for one in decided)


def by_points(challengers: Sequence[Sequence[RolePair]]) -> bool:
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
    truth: Truth, promotes: Promotes, *, looks: int, cases: int, runs: int, challengers: int = 1, seed: int = 0
) -> float:
    """The share of simulated roles in which one of the ``challengers`` is promoted at any of ``looks``."""
    promoted = 0
    for run in range(runs):
        draws = [random.Random(f"{seed}:{truth.name}:{run}:{number}") for number in range(challengers)]
        pairs: list[list[RolePair]] = [[] for _ in draws]
        for look in range(looks):
            for mine, draw in zip(pairs, draws, strict=True):
                mine += draw_pairs(draw, truth, cases, look * cases)
            if promotes(pairs):
                promoted += 1
                break
    return promoted / runs


def promotions_table(runs: int) -> None:
    """Print both policies, after one look at 20 cases and after every one of many looks."""
    print(f"Promotions in {runs} simulated roles; the incumbent is right in {INCUMBENT:.0%} of its cases.")
    print(f"Looks come every {CASES_PER_LOOK} cases, {LOOKS} of them. 'points' compares point estimates alone.")
    worst = 0.0
    for title, truths in (("Wrong if promoted: at most 5%", WRONG), ("Not wrong if promoted", ALLOWED)):
        print(f"\n{title}")
        print(f"{'challenger':42}{'points, 20 cases':>18}{'points, looks':>15}{'here, looks':>13}{'two of them':>13}")
        for truth in truths:
            once = share_promoted(truth, by_points, looks=1, cases=20, runs=runs)
            often = share_promoted(truth, by_points, looks=LOOKS, cases=CASES_PER_LOOK, runs=runs)
            here = [
                share_promoted(truth, by_policy, looks=LOOKS, cases=CASES_PER_LOOK, runs=runs, challengers=count)
                for count in (1, 2)
            ]
            worst = max([worst, *here]) if truth.wrong else worst
            print(f"{truth.name:42}{once:>18.1%}{often:>15.1%}{here[0]:>13.1%}{here[1]:>13.1%}")
    print(f"\nMost wrong promotions of one row: {worst:.1%} ({'at most 5%' if worst <= 0.05 else 'TOO MANY'})")

"""Simulated roles with known truth in; how often a wrong challenger is promoted out, here and on point estimates."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from milo_bench.config.roles.file import PromotionPolicy, RoleConfig
from milo_bench.decide.promotion.judge import RoleFacts, judge_challengers
from milo_bench.decide.promotion.records import RolePair

LOOKS = 20
CASES_PER_LOOK = 10
ROLE = RoleConfig(workloads={"coder": 1.0}, incumbent="old", challengers=("new",))
FACTS = RoleFacts({"old": "one", "new": "two"}, {"old": "free", "new": "free"})
POLICY = PromotionPolicy()
INCUMBENT = 0.6
# Name, true rate of the challenger, and whether promoting it is wrong: truly worse by more than the margin.
TRUTHS = (
    ("worse by 11 points", INCUMBENT - 0.11, True),
    ("worse by 20 points", INCUMBENT - 0.20, True),
    ("worse by 10 points", INCUMBENT - 0.10, False),
    ("equal", INCUMBENT, False),
    ("better by 10 points", INCUMBENT + 0.10, False),
    ("better by 20 points", INCUMBENT + 0.20, False),
)
Promotes = Callable[[Sequence[RolePair]], bool]


def by_policy(pairs: Sequence[RolePair]) -> bool:
    """The policy of the registry."""
    return judge_challengers(ROLE, {"new": pairs}, FACTS, POLICY)[0].verdict == "promote"


def by_points(pairs: Sequence[RolePair]) -> bool:
    """At least the incumbent's on point estimates alone."""
    return all(sum(getattr(pair, name) for pair in pairs) >= 0 for name in ("acceptance", "pain", "hard"))


def draw_pairs(draw: random.Random, rate: float, count: int, start: int) -> list[RolePair]:
    """Cases that vary in difficulty: both models find the same ones hard, as models do. Rates are exact."""
    pairs = []
    for number in range(start, start + count):
        luck = draw.random()
        mine, other = luck < rate, (luck if draw.random() < 0.5 else draw.random()) < INCUMBENT
        value = float(mine) - float(other)
        # Minutes: 2 for an accepted answer, 12 for another one, of at most 20. Hard failures are a part of the misses.
        hard = 0.0 if draw.random() < 0.7 else value
        pairs.append(RolePair(f"{number:05}", value, value * 10 / 20, hard))
    return pairs


def share_promoted(rate: float, promotes: Promotes, *, looks: int, cases: int, runs: int, seed: int = 0) -> float:
    """The share of simulated roles in which the challenger is promoted at any of ``looks``."""
    promoted = 0
    for run in range(runs):
        draw = random.Random(f"{seed}:{rate}:{run}")
        pairs: list[RolePair] = []
        for look in range(looks):
            pairs += draw_pairs(draw, rate, cases, look * cases)
            if promotes(pairs):
                promoted += 1
                break
    return promoted / runs


def promotions_table(runs: int) -> None:
    """Print both policies, after one look at 20 cases and after every one of many looks."""
    print(f"Promotions in {runs} simulated roles; the incumbent is right in {INCUMBENT:.0%} of its cases.")
    print(f"Looks come every {CASES_PER_LOOK} cases, {LOOKS} of them. 'points' compares point estimates alone.")
    print(f"{'challenger':22}{'points, 20 cases':>18}{'points, looks':>18}{'here, looks':>16}")
    for name, rate, wrong in TRUTHS:
        once = share_promoted(rate, by_points, looks=1, cases=20, runs=runs)
        often = share_promoted(rate, by_points, looks=LOOKS, cases=CASES_PER_LOOK, runs=runs)
        here = share_promoted(rate, by_policy, looks=LOOKS, cases=CASES_PER_LOOK, runs=runs)
        mark = "  wrong if promoted: at most 5%" if wrong else ""
        print(f"{name:22}{once:>18.1%}{often:>18.1%}{here:>16.1%}{mark}")

"""Who is promoted, who is not, and why: the policy of the registry, rule by rule."""

from __future__ import annotations

import random

import pytest

from milo_bench.config.roles.file import PromotionPolicy, RoleConfig
from milo_bench.decide.promotion.judge import RoleFacts, judge_challengers
from milo_bench.decide.promotion.pairs import make_pairs, merge_pairs
from milo_bench.decide.promotion.records import CostTier, RoleOutcome, RolePair, RoleVerdict

POLICY = PromotionPolicy()
ROLE = RoleConfig(workloads={"coder": 1.0}, incumbent="old", challengers=("new",))
TWO_FAMILIES = {"old": "one", "new": "two"}
FREE: dict[str, CostTier] = {"old": "free", "new": "free"}


def _pairs(better: int, same: int, worse: int) -> tuple[RolePair, ...]:
    values = [1.0] * better + [0.0] * same + [-1.0] * worse
    return tuple(RolePair(f"{n:04}", value, value / 2, value) for n, value in enumerate(values))


def _verdict(pairs: tuple[RolePair, ...], facts: RoleFacts | None = None, role: RoleConfig = ROLE) -> RoleVerdict:
    [decision] = judge_challengers(role, {"new": pairs}, facts or RoleFacts(TWO_FAMILIES, FREE), POLICY)
    return decision.verdict


def test_a_challenger_that_is_better_on_enough_cases_is_promoted() -> None:
    assert _verdict(_pairs(20, 10, 0)) == "promote"


def test_a_challenger_that_is_better_on_three_cases_is_held() -> None:
    [decision] = judge_challengers(ROLE, {"new": _pairs(3, 0, 0)}, RoleFacts(TWO_FAMILIES, FREE), POLICY)
    assert decision.verdict == "hold"
    assert decision.further is not None and 1 <= decision.further <= 20


def test_a_challenger_that_is_worse_is_rejected() -> None:
    assert _verdict(_pairs(0, 10, 25)) == "reject"


def test_an_equal_challenger_is_promoted_once_a_worse_one_is_excluded() -> None:
    assert _verdict(_pairs(0, 20, 0)) == "hold"
    assert _verdict(_pairs(0, 60, 0)) == "promote"


def test_a_challenger_that_is_behind_so_far_is_not_promoted_even_within_the_margin() -> None:
    assert _verdict(_pairs(0, 400, 2)) == "hold"


def test_one_family_is_rejected_whatever_the_other_figures_say() -> None:
    facts = RoleFacts({"old": "one", "new": "one"}, FREE)
    assert _verdict(_pairs(50, 0, 0), facts) == "reject"


def test_an_unknown_family_does_not_count_as_another_one() -> None:
    assert _verdict(_pairs(50, 0, 0), RoleFacts({"old": "one", "new": ""}, FREE)) == "reject"


def test_a_third_challenger_of_another_family_keeps_diversity() -> None:
    role = RoleConfig(workloads={"coder": 1.0}, incumbent="old", challengers=("new", "other"))
    facts = RoleFacts({"old": "one", "new": "one", "other": "two"}, {**FREE, "other": "free"})
    first, second = judge_challengers(role, {"new": _pairs(50, 0, 0), "other": ()}, facts, POLICY)
    assert (first.verdict, second.verdict) == ("promote", "hold")


@pytest.mark.parametrize(("rejections", "verdict"), [(0, "reject"), (2, "retire")])
def test_a_challenger_that_is_retired_in_the_same_look_keeps_no_diversity(
    rejections: int, verdict: RoleVerdict
) -> None:
    role = RoleConfig(workloads={"coder": 1.0}, incumbent="old", challengers=("new", "other"))
    facts = RoleFacts(
        {"old": "one", "new": "one", "other": "two"},
        {**FREE, "other": "free"},
        rejections={"other": 2, "new": rejections},
    )
    decided = judge_challengers(role, {"new": _pairs(50, 0, 0), "other": _pairs(0, 0, 50)}, facts, POLICY)
    assert [one.verdict for one in decided] == [verdict, "retire"]
    assert decided[0].reasons[0] == "the promotion would leave the role with only the family one"


@pytest.mark.parametrize(
    ("incumbent", "challenger", "verdict"),
    [
        ("free", "paid", "reject"),
        ("paid", "paid", "promote"),
        ("paid", "free", "promote"),
        ("free", "unknown", "reject"),
    ],
)
def test_a_paid_challenger_replaces_only_a_paid_incumbent(
    incumbent: CostTier, challenger: CostTier, verdict: RoleVerdict
) -> None:
    tiers: dict[str, CostTier] = {"old": incumbent, "new": challenger}
    assert _verdict(_pairs(50, 0, 0), RoleFacts(TWO_FAMILIES, tiers)) == verdict


def test_three_rejections_in_a_row_retire_a_challenger() -> None:
    rejected = RoleFacts(TWO_FAMILIES, FREE, rejections={"new": 2})
    assert _verdict(_pairs(0, 10, 25), rejected) == "retire"


def test_a_challenger_whose_target_is_gone_is_retired() -> None:
    assert _verdict(_pairs(50, 0, 0), RoleFacts(TWO_FAMILIES, FREE, gone=frozenset({"new"}))) == "retire"


def test_of_two_that_could_be_promoted_one_is() -> None:
    role = RoleConfig(workloads={"coder": 1.0}, incumbent="old", challengers=("good", "better"))
    facts = RoleFacts({"old": "one", "good": "two", "better": "three"}, dict.fromkeys(role.targets, "free"))
    decided = judge_challengers(role, {"good": _pairs(30, 10, 0), "better": _pairs(40, 0, 0)}, facts, POLICY)
    assert [one.verdict for one in decided] == ["hold", "promote"]


def test_cases_of_one_commit_are_one_pair_weighted_by_severity() -> None:
    role = RoleConfig(workloads={"light": 1.0, "heavy": 3.0}, incumbent="old", challengers=("new",))
    mine = {"a": _outcome("a", "light", True), "b": _outcome("b", "heavy", False)}
    other = {"a": _outcome("a", "light", False), "b": _outcome("b", "heavy", True), "c": _outcome("c", "light", True)}
    [pair] = make_pairs(mine, other, role, POLICY)
    assert (pair.cases, pair.acceptance) == (2, -0.5)


def test_a_case_that_is_run_again_is_no_new_evidence() -> None:
    first, again = RolePair("a", 0.0, 0.0, 0.0), RolePair("a", 1.0, 1.0, 1.0)
    assert merge_pairs([first], [again, RolePair("b", 1.0, 0.0, 0.0)])[0] == first


def test_looking_after_every_run_promotes_what_is_worse_in_at_most_one_of_twenty() -> None:
    draw = random.Random(1)
    promoted = 0
    for _ in range(60):
        pairs: list[RolePair] = []
        for look in range(8):
            for number in range(10):
                # Truly worse by 11 points, with most of its answers like the incumbent's.
                shared = draw.random() < 0.6
                mine, other = draw.random() < 0.49, draw.random() < 0.60
                value = float(mine) - float(other) if not shared else -1.0 if draw.random() < 0.11 else 0.0
                pairs.append(RolePair(f"{look}-{number}", value, value / 2, 0.0))
            if _verdict(tuple(pairs)) == "promote":
                promoted += 1
                break
    assert promoted <= 3


def _outcome(fixture: str, workload: str, accepted: bool) -> RoleOutcome:
    return RoleOutcome(fixture, workload, "commit", accepted, False, 2.0 if accepted else 12.0)

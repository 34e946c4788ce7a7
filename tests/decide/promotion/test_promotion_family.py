"""How all challengers that an incumbent ever has share the allowed error."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.config.roles.file import PromotionPolicy, RoleConfig
from milo_bench.decide.promotion.family import error_shares
from milo_bench.decide.promotion.judge import RoleFacts, judge_challengers
from milo_bench.decide.promotion.records import ChallengerDecision, CostTier, PromotionRecord, RoleDecision, RolePair


def _look(
    targets: Sequence[str], models: dict[str, str] | None = None, *, incumbent: str = "old", fresh: bool = False
) -> PromotionRecord:
    decided = tuple(ChallengerDecision(target, "hold", ()) for target in targets)
    role = RoleDecision("coder", incumbent, incumbent, tuple(targets), (), decided, 10)
    return PromotionRecord("decision", "2026-11-29T00:00:00+00:00", roles=(role,), models=models or {}, fresh=fresh)


def _shares(
    history: Sequence[PromotionRecord],
    targets: Sequence[str],
    models: dict[str, str] | None = None,
    *,
    fresh: bool = False,
) -> list[float]:
    found = error_shares(history, "coder", "old", targets, models or {}, fresh=fresh)
    return [found[target] for target in targets]


def test_the_first_challengers_share_half_of_the_error_and_later_ones_what_is_left() -> None:
    assert _shares([], ["a"]) == [1 / 2]
    assert _shares([], ["a", "b"]) == [1 / 4, 1 / 4]
    history = [_look(["a", "b"]), _look(["b", "c"])]
    assert _shares(history, ["b", "c", "d"]) == pytest.approx([1 / 4, 1 / 6, 1 / 12])


def test_looking_again_changes_no_share() -> None:
    history = [_look(["a"]), _look(["b"])]
    assert _shares([*history, *history, *history], ["b", "a"]) == pytest.approx([1 / 6, 1 / 2])


def test_another_model_behind_a_target_is_another_challenger() -> None:
    history = [_look(["a"], {"a": "x", "old": "o"})]
    assert _shares(history, ["a"], {"a": "x", "old": "o"}) == [1 / 2]
    assert _shares(history, ["a"], {"a": "y", "old": "o"}) == pytest.approx([1 / 6])
    assert _shares(history, ["a"], {"old": "o"}) == [1 / 2]  # not run again
    assert _shares(history, ["a"], {"a": "y", "old": "another"}) == [1 / 2]  # another incumbent


def test_a_challenger_that_was_listed_before_it_was_run_keeps_its_share() -> None:
    history = [_look(["a", "b"], {"a": "x", "old": "o"})]
    assert _shares(history, ["b"], {"b": "y", "old": "o"}) == [1 / 4]
    history.append(_look(["a", "b"], {"b": "y", "old": "o"}))
    assert _shares(history, ["b"], {"b": "z", "old": "o"}) == pytest.approx([1 / 6])


def test_another_incumbent_begins_anew_and_fresh_cases_are_another_chance() -> None:
    history = [_look(["a"]), _look(["old"], incumbent="a"), _look(["b"])]
    assert _shares(history, ["c"]) == pytest.approx([1 / 12])
    assert error_shares(history, "coder", "a", ["c"], {}) == {"c": pytest.approx(1 / 6)}
    assert error_shares(history, "draft", "old", ["c"], {}) == {"c": 1 / 2}
    assert _shares([_look(["a"])], ["a"], fresh=True) == pytest.approx([1 / 6])
    assert _shares([_look(["a"], fresh=True)], ["a"], fresh=True) == [1 / 2]


_TARGETS = st.lists(st.sampled_from("abcdef"), unique=True, max_size=4)
_MODELS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["x", "y"]), max_size=4)


@settings(max_examples=60)
@given(st.lists(st.tuples(_TARGETS, _MODELS, st.booleans()), max_size=8))
def test_the_errors_of_all_that_were_ever_compared_sum_to_no_more_than_is_allowed(
    looks: list[tuple[list[str], dict[str, str], bool]],
) -> None:
    history: list[PromotionRecord] = []
    spent: dict[tuple[str, str, bool], float] = {}
    for targets, models, fresh in looks:
        shares = error_shares(history, "coder", "old", targets, models, fresh=fresh)
        for target in targets:
            if target in models:  # compared: it has answers
                key = (target, models[target], fresh)
                assert spent.setdefault(key, shares[target]) == shares[target]
        history.append(_look(targets, models, fresh=fresh))
    assert sum(spent.values()) <= 1 + 1e-9


def test_a_late_challenger_needs_more_evidence_than_the_first() -> None:
    role = RoleConfig(workloads={"coder": 1.0}, incumbent="old", challengers=("new",))
    pairs = tuple(RolePair(f"{number:03}", 0.0, 0.0, 0.0) for number in range(50))
    tiers: dict[str, CostTier] = {"old": "free", "new": "free"}
    late = error_shares([_look([f"early {number}"]) for number in range(9)], "coder", "old", ["new"], {})
    verdicts = []
    for shares in ({}, late):
        facts = RoleFacts({"old": "one", "new": "two"}, tiers, shares=shares)
        [decided] = judge_challengers(role, {"new": pairs}, facts, PromotionPolicy())
        verdicts.append(decided.verdict)
    assert verdicts == ["promote", "hold"]

"""What earlier looks count for: rejections in a row on other commits, pairs of the same two models."""

from __future__ import annotations

from milo_bench.api.roles.promoting import model_of
from milo_bench.core.records import TargetRecord
from milo_bench.decide.promotion.records import ChallengerDecision, PromotionRecord, RoleDecision, RolePair, RoleVerdict
from milo_bench.roles.history import earlier_pairs, rejections_running


def _pairs(count: int) -> tuple[RolePair, ...]:
    return tuple(RolePair(f"{number:03}", -1.0, -0.5, 0.0) for number in range(count))


def _look(verdict: RoleVerdict, count: int, models: dict[str, str] | None = None) -> PromotionRecord:
    decided = RoleDecision("coder", "old", "old", ("new",), (), (ChallengerDecision("new", verdict, ()),), count)
    pairs = {"coder": {"new": _pairs(count)}}
    return PromotionRecord("decision", "2026-11-29T00:00:00+00:00", roles=(decided,), pairs=pairs, models=models or {})


def test_rejections_on_the_same_commits_are_one() -> None:
    again = [_look("reject", 20)] * 5
    assert rejections_running(again, "coder", "new", _pairs(20)) == 0
    assert rejections_running(again, "coder", "new", _pairs(25)) == 1
    assert rejections_running([*again, _look("reject", 25)], "coder", "new", _pairs(30)) == 2


def test_a_look_that_rejected_nothing_ends_the_row() -> None:
    history = [_look("reject", 10), _look("hold", 15), _look("reject", 20)]
    assert rejections_running(history, "coder", "new", _pairs(30)) == 1
    assert rejections_running(history, "draft", "new", _pairs(30)) == 0


def test_a_model_of_another_name_behind_a_target_starts_anew() -> None:
    first = TargetRecord("new", "openai", "parcel-7b")
    other = TargetRecord("new", "openai", "parcel-9b")
    assert model_of(first) != model_of(other)
    assert model_of(TargetRecord("new", "openai", "parcel-7b", model_digest="sha256:1")) == "sha256:1"
    history = [_look("hold", 12, {"new": model_of(first), "old": "sha256:2"})]
    for model, count in ((first, 12), (other, 0)):
        models = {"new": model_of(model), "old": "sha256:2"}
        assert len(earlier_pairs(history, "coder", "old", "new", models)) == count

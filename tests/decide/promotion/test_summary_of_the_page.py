"""The page of roles begins with who must go, how each challenger stands and what changed since the last run."""

from __future__ import annotations

from milo_bench.decide.promotion.records import ChallengerDecision, PromotionRecord, RoleDecision, RoleVerdict
from milo_bench.decide.promotion.wording import summary_sentences


def _look(**roles: tuple[str, str, dict[str, RoleVerdict]]) -> PromotionRecord:
    """A look: of each role the incumbent before and after it, and the verdict on each challenger."""
    decided = tuple(
        RoleDecision(
            name, after, before, tuple(verdicts), (), tuple(ChallengerDecision(*one, ()) for one in verdicts.items()), 9
        )
        for name, (before, after, verdicts) in roles.items()
    )
    return PromotionRecord("decision", "2026-11-30T00:00:00+00:00", roles=decided)


FIRST = _look(draft=("ash", "ash", {"oak": "hold"}), review=("elm", "elm", {"oak": "hold", "fir": "reject"}))
SECOND = _look(draft=("ash", "ash", {"oak": "hold"}), review=("elm", "oak", {"oak": "promote", "fir": "reject"}))


def test_nobody_must_go_after_the_first_run() -> None:
    assert summary_sentences(FIRST, None, {"draft": "ash", "review": "elm"}) == (
        "No incumbent must go.",
        "Challengers: 2 on hold, 1 rejected.",
        "This is the first run.",
    )


def test_who_must_go_is_named_with_the_one_that_takes_the_place() -> None:
    assert summary_sentences(SECOND, FIRST, {"draft": "ash", "review": "elm"}) == (
        "1 of 2 incumbents must go (review: elm → oak).",
        "Challengers: 1 promoted, 1 on hold, 1 rejected.",
        "Since the last run: review: oak hold → promote.",
    )


def test_who_went_already_need_not_go_again_and_a_role_that_is_gone_is_not_named() -> None:
    assert summary_sentences(SECOND, SECOND, {"review": "oak"}) == (
        "review: oak replaced elm.",
        "No incumbent must go.",
        "Challengers: 1 promoted, 1 rejected.",
        "No verdict changed since the last run.",
    )

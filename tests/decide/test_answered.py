"""What `gate` says of the model behind a name: the same, another because something known changed, or swapped."""

from __future__ import annotations

from msgspec.structs import replace

from milo_bench.core.records import Behaviour, Identity, Opening, TargetRecord
from milo_bench.decide.changes.answered import check_answered


def behaving(word: str) -> Behaviour:
    return Behaviour(1, ((Opening((word,)), Opening((word,))),) * 8)


TARGET = TargetRecord("local", "openai", "m", identity=Identity(cache="k=f16, v=f16"), behaviour=behaving("yes"))


def standing(now: TargetRecord) -> tuple[str, str]:
    (one,) = check_answered({"local": TARGET}, {"local": now})
    return one.standing, one.reason


def test_the_same_answers_have_held() -> None:
    assert standing(TARGET)[0] == "held"


def test_a_swap_that_nothing_tells_of_has_regressed() -> None:
    outcome, reason = standing(replace(TARGET, behaviour=behaving("no")))
    assert outcome == "regressed" and "another model answers behind this name: 8 of 8" in reason


def test_another_cache_is_the_reason_for_other_answers() -> None:
    now = replace(TARGET, behaviour=behaving("no"), identity=Identity(cache="k=q8_0, v=q8_0"))
    outcome, reason = standing(now)
    assert outcome == "held" and "because of another cache" in reason


def test_a_part_that_only_one_side_knows_explains_nothing() -> None:
    now = replace(TARGET, behaviour=behaving("no"), model_digest="sha256:11")
    assert standing(now)[0] == "regressed"


def test_runs_without_the_prompts_cannot_be_compared_and_fail_nothing() -> None:
    outcome, reason = standing(replace(TARGET, behaviour=Behaviour(problem="the prompts took more than 60 s")))
    assert outcome == "undecided" and "60 s" in reason

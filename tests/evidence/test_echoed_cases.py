"""Checks that an answer passes which only repeats the case are named: they prove nothing of a model."""

from __future__ import annotations

from typing import Any

from milo_bench.core.records import CheckSpec, Fixture, Workload
from milo_bench.evidence.null_model.echo import Echoed, echoed

CASES = ("The heating is cold.", "A parcel was lost.", "The invoice is paid twice.", "Nobody answers the phone.")


def found(count: int, *checks: CheckSpec, gold: str = "", texts: tuple[str, ...] = CASES) -> Echoed | None:
    """The first ``count`` cases expect a word of their own, the others ``gold``."""
    workload = Workload("qa", "p", "", "", checks)
    expected = [text.split()[1] if number < count else gold for number, text in enumerate(texts)]
    fixtures = [
        Fixture(f"f{number}", "qa", {"letter": text}, {"contains": word, "equals": word})
        for number, (text, word) in enumerate(zip(texts, expected, strict=True))
    ]
    return echoed(workload, fixtures)


def test_cases_that_pass_by_being_repeated_are_counted() -> None:
    contains = CheckSpec("contains", {})
    assert found(4, contains) == Echoed("qa", 4, 4, "f0")
    assert found(3, contains, gold="refund") == Echoed("qa", 3, 4, "f0")


def test_a_workload_that_such_answers_mostly_fail_is_not_named() -> None:
    any_ = CheckSpec("contains", {})
    assert found(2, any_, gold="refund") is None
    assert found(4, any_, CheckSpec("length", {"max_words": 1})) is None
    assert found(4, CheckSpec("equals", {})) is None
    assert found(2, any_, texts=CASES[:2]) is None


def test_checks_that_are_executed_elsewhere_say_nothing_here() -> None:
    params: dict[str, Any] = {}
    assert found(4, CheckSpec("no_such_check", params)) is None

"""An answer that a fixture got before is judged as then, and nothing that a check may read is left out of "as then"."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    CheckSpec,
    Failure,
    Fixture,
    Timings,
    ToolCall,
    Usage,
    Workload,
)
from milo_bench.evidence import remembered
from milo_bench.evidence.remembered import remembered_verdicts
from milo_bench.grade.engine import grade_attempt

CHECKS = (CheckSpec("label", {"labels": ["yes", "no"]}), CheckSpec("answer_present", {}))
WORKLOAD = Workload("w", "p.jinja", "x", "h", CHECKS)
FIXTURE = Fixture("f", "w", {"text": "x"}, {"label": "yes"})
FIRST = Attempt(AttemptKey("f", "t"), "", Timings(0, 0, 1), "yes", finish_reason="stop")
# What of an attempt no verdict may depend on: who gave the answer, when, how fast, at what cost, by which thoughts.
UNREAD: dict[str, Any] = {
    "key": AttemptKey("f", "other", 3),
    "request_hash": "h",
    "timings": Timings(5, 6, 70),
    "reasoning": "no",
    "usage": Usage(9, 9),
    "server_timings": {"a": 1.0},
    "waited_s": 3.0,
    "source": None,
    "shared_share": 0.5,
}
READ: dict[str, Any] = {
    "output": "no",
    "finish_reason": "length",
    "output_hash": "x",
    "tool_calls": (ToolCall("1", "f", "{}"),),
    "failure": Failure("reset", "gone"),
    "bypass": "human_review: asked",
    "prepared": {"events": ["e"]},
    "erased": "x",
}


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_known", {})


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[AttemptKey]:
    """The attempts that were judged by themselves."""
    found: list[AttemptKey] = []

    def grade(workload: Workload, fixture: Fixture, attempt: Attempt) -> Any:
        found.append(attempt.key)
        return grade_attempt(workload, fixture, attempt)

    monkeypatch.setattr(remembered, "grade_attempt", grade)
    return found


def test_every_field_of_an_attempt_is_either_compared_or_read_by_no_check() -> None:
    assert UNREAD.keys() | READ.keys() == set(Attempt.__struct_fields__)
    assert not UNREAD.keys() & READ.keys()


@pytest.mark.parametrize("field", sorted(UNREAD))
def test_an_equal_answer_has_the_verdicts_of_the_first_under_its_own_key(field: str, judged: list[AttemptKey]) -> None:
    first = remembered_verdicts(WORKLOAD, FIXTURE, FIRST)
    again = msgspec.structs.replace(FIRST, **{field: UNREAD[field]})
    assert remembered_verdicts(WORKLOAD, FIXTURE, again) == msgspec.structs.replace(first, key=again.key)
    assert remembered_verdicts(WORKLOAD, FIXTURE, again) == grade_attempt(WORKLOAD, FIXTURE, again)
    assert judged == [FIRST.key]


@pytest.mark.parametrize("field", sorted(READ))
def test_an_attempt_that_differs_in_what_a_check_may_read_is_judged_by_itself(
    field: str, judged: list[AttemptKey]
) -> None:
    remembered_verdicts(WORKLOAD, FIXTURE, FIRST)
    other = msgspec.structs.replace(FIRST, **{field: READ[field]})
    assert remembered_verdicts(WORKLOAD, FIXTURE, other) == grade_attempt(WORKLOAD, FIXTURE, other)
    assert len(judged) == 2


def test_another_fixture_with_the_same_answer_is_judged_by_itself() -> None:
    other = msgspec.structs.replace(FIXTURE, id="g", expect={"label": "no"})
    attempt = msgspec.structs.replace(FIRST, key=AttemptKey("g", "t"))
    assert remembered_verdicts(WORKLOAD, FIXTURE, FIRST).passed is True
    assert remembered_verdicts(WORKLOAD, other, attempt).passed is False


def test_a_contract_or_gold_of_another_log_is_no_answer_of_this_one() -> None:
    other = msgspec.structs.replace(WORKLOAD, checks=(CheckSpec("answer_present", {}),))
    gold = msgspec.structs.replace(FIXTURE, expect={"label": "no"})
    assert remembered_verdicts(WORKLOAD, FIXTURE, FIRST).passed is True
    assert remembered_verdicts(other, FIXTURE, FIRST) == grade_attempt(other, FIXTURE, FIRST)
    assert [one.check for one in remembered_verdicts(other, FIXTURE, FIRST).verdicts] == ["answer_present"]
    assert remembered_verdicts(WORKLOAD, gold, FIRST).passed is False


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch, judged: list[AttemptKey]) -> None:
    monkeypatch.setattr(remembered, "_KEPT", 3)
    for number in range(10):
        remembered_verdicts(WORKLOAD, FIXTURE, msgspec.structs.replace(FIRST, output=f"answer {number}"))
        assert len(remembered._known) <= 3
    long = msgspec.structs.replace(FIRST, output="yes " * 1000)
    remembered_verdicts(WORKLOAD, FIXTURE, long)
    remembered_verdicts(WORKLOAD, FIXTURE, long)
    assert len(judged) == 12

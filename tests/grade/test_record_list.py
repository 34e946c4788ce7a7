from __future__ import annotations

import json
from typing import Any

import pytest

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Graded, Timings, ToolCall, Workload
from milo_bench.grade.engine import grade_attempt, validate_checks
from milo_bench.grade.record_rows import RowRules, pair_rows

GOLD = [{"unit": "101", "make": "Volvo", "miles": 1200.5}, {"unit": "102", "make": "Mack", "miles": 90}]


def graded(check: str, expect: dict[str, Any], output: Any, calls: tuple[ToolCall, ...] = (), **params: Any) -> Graded:
    workload = Workload("w", "p", "{{ input.text }}", "", (CheckSpec(check, params),))
    validate_checks(workload)
    text = output if isinstance(output, str) else json.dumps(output)
    attempt = Attempt(AttemptKey("f", "m"), "", Timings(0, 0, 0), output=text, tool_calls=calls)
    return grade_attempt(workload, Fixture("f", "w", {"text": "x"}, expect), attempt)


def parts(found: Graded) -> dict[str, tuple[int | None, int | None]]:
    return {verdict.subject: (verdict.parts_held, verdict.parts) for verdict in found.verdicts}


def test_the_same_records_in_another_order_and_writing_are_exact() -> None:
    rows = [{"make": " mack", "unit": 102, "miles": "90.0"}, {"unit": "101", "make": "VOLVO", "miles": "1,200.50"}]
    found = graded("record_list", {"rows": GOLD}, rows)
    assert found.passed
    assert parts(found)["exact"] == (2, 2)


def test_missing_wrong_invented_and_repeated_records_are_counted_apart() -> None:
    rows = [GOLD[0], GOLD[0], {"unit": "777", "make": "Ford", "miles": 5}]
    found = graded("record_list", {"rows": GOLD}, rows, keys=["unit"])
    counts = parts(found)
    assert counts["found"] == (1, 2)
    assert counts["precision"] == (1, 3)
    assert counts["genuine"] == (2, 3)
    assert counts["unique"] == (2, 3)
    assert {v.category for v in found.verdicts if v.outcome == "fail"} == {"missing_rows", "wrong_rows", "extra_rows"}


def test_a_record_with_a_wrong_value_is_found_and_not_exact() -> None:
    rows = [GOLD[0], {**GOLD[1], "miles": 91}]
    found = graded("record_list", {"rows": GOLD}, rows, keys=["unit"])
    assert parts(found)["found"] == (2, 2)
    assert parts(found)["exact"] == (1, 2)
    assert any("miles: 91 for 90" in verdict.reason for verdict in found.verdicts)


def test_without_keys_rows_are_paired_by_their_values() -> None:
    pairing = pair_rows(GOLD, [{**GOLD[1], "miles": 91}, {"unit": "5", "make": "Kia", "miles": 1}], RowRules())
    assert (pairing.pairs, pairing.missing, pairing.invented) == ([(1, 0)], [0], [1])


def test_aliases_and_ignored_fields_do_not_count_as_differences() -> None:
    rows = [{**GOLD[0], "make": "V"}, {**GOLD[1], "miles": 7}]
    found = graded("record_list", {"rows": GOLD}, rows, aliases={"make": {"V": "Volvo"}}, ignore=["miles"])
    assert found.passed


def test_an_identifier_keeps_its_leading_zeros() -> None:
    found = graded("record_list", {"rows": [{"id": "007"}]}, [{"id": 7}])
    assert not found.passed


def test_an_answer_without_a_list_finds_no_record() -> None:
    found = graded("record_list", {"rows": GOLD}, "none found")
    assert parts(found)["found"] == (0, 2)
    assert found.passed is False


def test_the_share_that_passes_can_be_set() -> None:
    assert graded("record_list", {"rows": GOLD}, [GOLD[0]], least_recall=0.5, least_exact=0.5).passed
    with pytest.raises(ConfigError, match="least_recall outside 0 to 1"):
        graded("record_list", {"rows": GOLD}, [], least_recall=98)


CHOICES = ["Paris", "Rome", "A dog", "None of these"]


@pytest.mark.parametrize(
    ("output", "got"),
    [
        ("B", "B"), ("b", "B"), ("(B)", "B"), ("B.", "B"), ("**B**", "B"), ("Rome", "B"), ("B) Rome", "B"),
        ("ANSWER: B", "B"), ("Let me think. A is tempting.\n\nAnswer: B", "B"), ("The correct answer is (B).", "B"),
        (r"so \boxed{B}", "B"), ("Die Antwort ist B", "B"), ("La respuesta es: B", "B"),
        ("It is Rome, of course.", "B"),
        ("Answer: **B**", "B"), ("A dog", "C"), ("I think a dog barks", "C"), ("no idea", ""), ("E", ""),
        ("Answer: A, then on reflection the answer is B", "B"),
    ],
)  # fmt: skip
def test_a_choice_is_read_as_models_write_it(output: str, got: str) -> None:
    [verdict] = graded("multiple_choice", {"choice": "B", "choices": CHOICES}, output).verdicts
    assert verdict.got == got
    assert (verdict.outcome == "pass") == (got == "B")


@pytest.mark.parametrize("gold", ["B", "b", "(B)", 1, "1", "Rome"])
def test_the_correct_choice_may_be_a_letter_a_number_or_the_words(gold: Any) -> None:
    assert graded("multiple_choice", {"choice": gold, "choices": CHOICES}, "B").passed


def test_several_letters_are_right_only_if_several_are_wanted() -> None:
    assert graded("multiple_choice", {"choice": ["A", "C"], "choices": CHOICES}, "Answer: A, C").passed
    assert graded("multiple_choice", {"choice": "A", "choices": CHOICES}, "A) x\nC) y").passed is False


CALL = [{"name": "refund", "arguments": {"order": "A-1", "amount": 12.5}}]
SCHEMA = {
    "refund": {
        "type": "object",
        "properties": {"order": {"type": "string"}, "amount": {"type": "number", "maximum": 100}},
        "required": ["order", "amount"],
        "additionalProperties": False,
    }
}


@pytest.mark.parametrize(
    ("arguments", "category"),
    [
        ('{"order": "a-1", "amount": 12.50}', ""),
        ('{"order": "A-2", "amount": 12.5}', "wrong_arguments"),
        ('{"order": "A-1", "amount": 900}', "invalid_arguments"),
        ('{"order": "A-1"}', "invalid_arguments"),
        ('{"order": ', "malformed_call"),
    ],
)
def test_arguments_follow_the_schema_and_are_the_expected_ones(arguments: str, category: str) -> None:
    call = ToolCall("1", "refund", arguments)
    [verdict] = graded("tool_call", {"tool_calls": CALL}, "", (call,), tools=SCHEMA).verdicts
    assert verdict.category == category


def test_a_call_written_as_json_counts_and_another_tool_does_not() -> None:
    assert graded("tool_call", {"tool_calls": CALL}, CALL[0]).passed
    other = graded("tool_call", {"tool_calls": CALL}, {"name": "close", "arguments": {}})
    assert [verdict.category for verdict in other.verdicts] == ["wrong_tool"]
    assert [v.category for v in graded("tool_call", {"tool_calls": CALL}, "Done!").verdicts] == ["no_call"]


def test_a_further_call_is_wrong_unless_it_is_allowed() -> None:
    calls = tuple(ToolCall(str(n), "refund", '{"order": "A-1", "amount": 12.5}') for n in range(2))
    assert graded("tool_call", {"tool_calls": CALL}, "", calls).passed is False
    assert graded("tool_call", {"tool_calls": CALL}, "", calls, more=True).passed


def test_no_call_is_right_where_none_is_expected() -> None:
    assert graded("tool_call", {"tool_calls": []}, "I cannot do that.").passed

"""Every rule on texts is found by itself and attacked with what its own patterns repeat; none is left out."""

from __future__ import annotations

import re
from typing import Final

import pytest

from benchmarks.fuzz.every_rule import BY_HAND, NOT_A_TEXT, calls_of, functions, tried
from benchmarks.fuzz.pattern_attacks import attacks
from milo_bench.grade.sections import read_sections
from tests.growth.test_rules_on_texts import compared

FUNCTIONS: Final = functions()
CALLED: Final = {name: calls_of(name, function) for name, function in FUNCTIONS.items()}


def test_each_rule_has_a_call_or_a_reason_for_none() -> None:
    without = {name for name, called in CALLED.items() if called is None}
    assert without - NOT_A_TEXT == set(), "give it a call in BY_HAND"
    assert BY_HAND.keys() | NOT_A_TEXT <= FUNCTIONS.keys(), "these are gone"
    for name in CALLED.keys() - NOT_A_TEXT:
        for rule in CALLED[name] or ():
            tried(rule)("It was paid on 3 May.")


# A head, and what stands behind it for thousands of characters: each made a rule take minutes.
MENDED: Final = (
    ("guards.personal.data.find_personal_data", "passport", " "),
    ("guards.personal.data.find_personal_data", "policy no ", " "),
    ("guards.personal.data.find_personal_data", "telephone. ", " "),
    ("guards.personal.data.find_personal_data", "\n>kindest regards again", " "),
    ("guards.personal.data.find_personal_data", "A. van McA", "a-A"),
    ("guards.citations.is_claim", "on behalf of", " "),
    ("guards.citations.find_citations", "[ E-1111", " "),
    ("grade.answer.read_json_answer", "```", " "),
    ("grade.reading.choices.split_letters", "A", " "),
    ("grade.reading.choices.chosen_letters", "", " "),
    ("core.amounts.parse_amount", "US$", " "),
    ("guards.promises.find.find_promises", "We ", "will personally "),
    ("guards.promises.find.find_promises", "in ", "1,"),
    ("guards.promises.english.clauses.clauses_of", "We will pay", " "),
    ("guards.promises.english.clauses.clauses_of", "We will pay, but,", "\n"),
    ("guards.promises.english.clauses.normalised", "We will pay ", "“"),
    ("guards.certainty.unsupported_certainty", "", "It is clear that it is certain that "),
)


@pytest.mark.parametrize(("name", "head", "piece"), MENDED)
def test_a_head_before_thousands_of_spaces_or_hyphens_costs_in_proportion(name: str, head: str, piece: str) -> None:
    for rule in calls_of(name, FUNCTIONS[name]) or ():
        call = tried(rule)
        call("It was paid on 3 May.")  # what is compiled or loaded once is no part of it
        assert not compared(call, head + piece * 1_000 + "!x", head + piece * 4_000 + "!x", repr(head))


def test_a_name_of_a_section_with_many_spaces_is_read_as_with_one() -> None:
    (section,) = read_sections("Next steps:\n- call", [f"Next{' ' * 60}steps"])
    assert [item.text for item in section.items] == ["call"]
    assert read_sections(" " * 4_000, [" " * 500, ""]) == ()


def test_the_attacks_find_a_pattern_that_gives_back_what_it_took() -> None:
    slow = re.compile(r"passport\s*(?:no)?\s*(?:is)?\s*\d")
    quick = re.compile(r"passport\s*+(?:no)?\s*+(?:is)?\s*+\d")

    def search(pattern: re.Pattern[str]) -> str:
        tries = zip(attacks(pattern, 220), attacks(pattern, 880), strict=True)
        return next((found for short, long in tries if (found := compared(pattern.search, short, long, "spaces"))), "")

    assert search(slow) and not search(quick)

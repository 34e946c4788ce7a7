"""Names in every case of Polish are found without a title, and what only bears a person's name is not."""

from __future__ import annotations

import json

import pytest

from benchmarks.languages.rules import DATA
from milo_bench.guards.personal.data import find_personal_data
from milo_bench.guards.personal.given_names import is_form_of_given_name

ROWS = [json.loads(line) for line in (DATA.parent / "personal_cases_pl.jsonl").read_text("utf-8").splitlines()]


def persons(text: str) -> list[str]:
    return [text[one.start : one.end] for one in find_personal_data(text) if one.kind == "person"]


def test_forty_names_behind_nouns_verbs_and_prepositions_are_found_whole() -> None:
    named = [row for row in ROWS if row["name"]]
    assert len(named) == 40
    assert [row["text"] for row in named if persons(row["text"]) != [row["name"]]] == []


def test_of_forty_texts_without_a_person_two_are_flagged() -> None:
    """Jan in the genitive is a name of other countries too, and those have no cases."""
    flagged = [row["text"] for row in ROWS if not row["name"] and persons(row["text"])]
    assert flagged == ["Nagroda Jana Karskiego trafiła do szkoły.", "Szpital imienia Jana Pawła II przyjął pacjenta."]


@pytest.mark.parametrize("word", ["Piotrem", "Pawłowi", "Jacka", "Jerzego", "Marii", "Agnieszce", "Kindze", "Wandzie"])
def test_a_form_leads_back_to_the_name_in_the_list(word: str) -> None:
    assert is_form_of_given_name(word, "pl")
    assert not is_form_of_given_name(word, "de")


@pytest.mark.parametrize("word", ["Roku", "Wniosek", "Bank", "Komisji", "Maja", "", "A"])
def test_other_words_are_no_form_of_a_name(word: str) -> None:
    assert not is_form_of_given_name(word, "pl")


def test_a_form_alone_is_no_person() -> None:
    assert persons("Wniosek Piotra wpłynął wczoraj.") == []

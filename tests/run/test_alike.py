"""Fixtures that ask a model the same are one cluster, whatever else differs between them."""

from __future__ import annotations

from typing import Any

import pytest

from milo_bench.core.records import Fixture, Workload
from milo_bench.run.asked.alike import find_alike, name_alike, same_questions
from milo_bench.run.log_opening import text_policy
from milo_bench.stats.cases.columns import fixture_table

ASKS_TEXT = {"qa": (Workload("qa", "qa.jinja", "Answer: {{ input.text }}", "h", ()),)}
ASKS_ALL = {"qa": (Workload("qa", "qa.jinja", "Answer: {{ input | tojson }}", "h", ()),)}


def fixture(id: str, text: str = "", *, workload: str = "qa", group: str = "", gold: Any = "x", **more: Any) -> Fixture:
    return Fixture(
        id=id, workload=workload, hash=text + id, input={"text": text, **more}, expect={"label": gold}, group=group
    )


def clusters(*fixtures: Fixture, contracts: Any = ASKS_TEXT) -> list[int]:
    return find_alike(fixtures, contracts)


def test_case_spaces_stops_and_marks_that_nobody_sees_make_no_new_question() -> None:
    texts = ("Where is it?", "where  is it", "WHERE IS IT!!", "Where\u200b is\u00a0it", "\uff37here is it")
    assert clusters(*(fixture(str(n), text) for n, text in enumerate(texts)), fixture("z", "It is here")) == [0] * 5 + [
        5
    ]


def test_a_column_that_no_prompt_shows_makes_no_new_question() -> None:
    columns = [fixture(str(n), "Where is it?", received=f"2025-03-{n:02}", note="abc"[n % 3]) for n in range(1, 9)]
    assert set(clusters(*columns)) == {0}
    # Without a contract the whole input is the question.
    assert len(set(clusters(*columns, contracts=None))) == 3


def test_a_number_makes_a_new_question_only_where_the_answer_changes_with_it() -> None:
    tickets = [fixture(str(n), f"Order {n}00{n}: where is it?") for n in range(5)]
    assert set(clusters(*tickets)) == {0}
    echoed = [
        fixture(str(n), f"Order {n}00{n} of EUR {n},250.00", gold=[f"{n}00{n}", n * 1000 + 250.0]) for n in (2, 3)
    ]
    assert set(clusters(*echoed)) == {0}
    sums = [fixture(str(n), f"What is {n} times 7?", gold=str(n * 7)) for n in range(2, 6)]
    assert clusters(*sums) == [0, 1, 2, 3]
    labels = [fixture(str(n), f"Is the number {n} even?", gold="no" if n % 2 else "yes") for n in range(4)]
    assert clusters(*labels) == [0, 1, 0, 1]
    # A number that stands for a text which is not here is not a template.
    assert clusters(*(fixture(str(n), f"text {n}") for n in range(3))) == [0, 1, 2]


def test_a_name_makes_a_new_question_only_where_the_answer_changes_with_it() -> None:
    people = ("Anna Berg", "John Doe", "Maria dos Santos", "Li Wei")
    letters = [fixture(str(n), f"{name} asks when the fee will be refunded.") for n, name in enumerate(people)]
    assert len(set(clusters(*letters))) < len(people)
    assert clusters(letters[0], letters[1], letters[3]) == [0, 0, 0]
    echoed = [fixture(str(n), f"{one} asks when the fee is due.", gold=one) for n, one in enumerate(people[:2])]
    assert clusters(*echoed) == [0, 0]
    towns = {"France": "Paris", "Spain": "Madrid", "Italy": "Rome"}
    asked = [fixture(one, f"Which town is the capital of {one}?", gold=gold) for one, gold in towns.items()]
    assert clusters(*asked) == [0, 1, 2]
    # Where every noun has a capital letter, only what follows a form of address is a name.
    german = (
        "Frau Berg fragt nach der Rechnung.",
        "Herr Doe fragt nach der Rechnung.",
        "Frau Berg fragt nach dem Vertrag.",
    )
    assert clusters(*(fixture(str(n), text) for n, text in enumerate(german))) == [0, 0, 2]


def test_the_author_says_by_a_group_that_numbers_make_cases_but_not_that_copies_do() -> None:
    named = [fixture(str(n), f"Order {n}: where is it?", group=f"g{n}") for n in range(3)]
    assert clusters(*named) == [0, 1, 2]
    copies = [fixture(str(n), "Where is it?", group=f"g{n}") for n in range(3)]
    assert clusters(*copies) == [0, 0, 0]
    assert clusters(fixture("a", "x", group="g"), fixture("b", "y", group="g")) == [0, 0]


def test_ids_and_dates_that_a_prompt_shows_are_numbers_too() -> None:
    shown = [
        fixture(str(n), "Where is it?", number=f"T-{n}{n}", at=f"{n} {m} 2025") for n, m in enumerate(("May", "June"))
    ]
    assert clusters(*shown, contracts=ASKS_ALL) == [0, 0]


def test_signs_make_a_new_question_where_the_answer_changes_with_them() -> None:
    assert clusters(fixture("a", "3 + 1", gold="4"), fixture("b", "3 - 1", gold="2")) == [0, 1]
    assert clusters(fixture("a", ":)"), fixture("b", ":(", gold="y")) == [0, 1]


def test_other_texts_workloads_and_scripts_stay_apart() -> None:
    assert clusters(fixture("a", "x"), fixture("b", "x", workload="other"), fixture("c", "y")) == [0, 1, 2]
    assert clusters(fixture("a", "荷物はどこ"), fixture("b", "荷物はここ")) == [0, 1]


def test_what_cannot_be_rendered_is_compared_by_its_input() -> None:
    broken = {"qa": (Workload("qa", "qa.jinja", "{{ input.nothing.there }}", "h", ()),)}
    assert clusters(fixture("a", "x"), fixture("b", "x"), fixture("c", "y"), contracts=broken) == [0, 0, 2]


def test_texts_that_were_erased_or_not_stored_leave_their_clusters_behind() -> None:
    whole = [fixture("a", "Where is it?"), fixture("b", "where is it"), fixture("c", "It is here")]
    named = name_alike(whole, ASKS_TEXT)
    assert named == {"b": "a"}
    policy = text_policy("hashes", whole, ASKS_TEXT["qa"])
    stored = [policy.stored(one) for one in whole]
    assert all(isinstance(one, Fixture) and not one.input for one in stored)
    assert find_alike([one for one in stored if isinstance(one, Fixture)], ASKS_TEXT) == [0, 0, 2]
    gone = [Fixture(one.id, one.workload, hash=one.hash, erased="e") for one in whole]
    assert find_alike(gone, ASKS_TEXT, same_as=named) == [0, 0, 2]


@pytest.mark.parametrize("count", [2, 5])
def test_same_questions_are_named_once_for_each_workload(count: int) -> None:
    fixtures = [fixture(str(n), "Where is it?") for n in range(count)] + [fixture("z", "It is here")]
    (found,) = same_questions(fixtures, ASKS_TEXT)
    assert (found.same, found.of, found.example, found.first) == (count - 1, count + 1, "1", "0")
    assert not list(same_questions([fixture("a", "x", group="g"), fixture("b", "x", group="g")], ASKS_TEXT))


def test_a_table_of_fixtures_that_differ_has_no_clusters() -> None:
    assert fixture_table([fixture("a", "x"), fixture("b", "y")], contracts=ASKS_TEXT).group is None

"""Dates, amounts and texts as offices of several countries write them: the same value passes, its neighbour fails."""

from __future__ import annotations

import json
from typing import Any

import pytest

from milo_bench.core.reasoning import split_reasoning
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Workload
from milo_bench.grade.engine import grade_attempt
from milo_bench.guards.personal.data import find_personal_data
from milo_bench.guards.promises.find import find_promises
from milo_bench.guards.sentences import split_sentences
from milo_bench.guards.status import find_status_claims, read_vocabulary


def outcomes(
    check: str, answer: object, expect: dict[str, Any], *, locale: str = "", document: str = "", **params: Any
) -> set[str]:
    workload = Workload("w", "", "", "", (CheckSpec(check, params),), locale=locale)
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    attempt = Attempt(AttemptKey("f", "t"), "", Timings(0.0, 0.0, 1.0), output=text)
    graded = grade_attempt(workload, Fixture("f", "w", {"document": document}, expect), attempt)
    return {verdict.outcome for verdict in graded.verdicts}


def field(answer: object, gold: object, kind: str, locale: str = "") -> set[str]:
    return outcomes("exact_fields", {"v": answer}, {"fields": {"v": gold}}, locale=locale, kinds={"v": kind})


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("de-DE", "14. Juli 2026, 9 Uhr"),
        ("de-DE", "zum 14. Juli 2026"),
        ("nl-NL", "dinsdag 14 juli 2026 om 16 uur"),
        ("nl-NL", "di 14 juli 2026"),
        ("fr-FR", "14 juillet 2026 à 18 heures"),
        ("de-DE", "Di, 14. Juli 2026"),
    ],
)
def test_an_hour_or_a_weekday_beside_a_day_changes_nothing(locale: str, written: str) -> None:
    assert field(written, "2026-07-14", "date", locale) == {"pass"}


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("", "2026-07-14/.."),
        ("", "2026-07-14/..."),
        ("", "14 July 2026 – …"),
        ("pl-PL", "do 14 lipca 2026"),
        ("pl-PL", "do 14.07.2026"),
        ("", "do dnia 14 lipca 2026 r."),
        ("cs-CZ", "do 14. července 2026"),
    ],
)
def test_a_span_without_an_end_or_a_last_day_is_no_day(locale: str, written: str) -> None:
    assert field(written, "2026-07-14", "date", locale) == {"fail"}


@pytest.mark.parametrize(
    ("locale", "written", "number"),
    [
        ("", "(2,345.60) USD", -2345.6),
        ("", "(2,345.60 USD)", -2345.6),
        ("de-DE", "./. 75,00", -75),
        ("de-DE", "./. € 75,00", -75),
        ("", "3-3/4", 3.75),
        ("", "17 (seventeen)", 17),
        ("", "seventeen (17)", 17),
        ("de-DE", "siebzehn (17)", 17),
        ("de-DE", "anderthalb", 1.5),
        ("nl-NL", "anderhalve", 1.5),
        ("pl-PL", "półtora", 1.5),
        ("de-DE", "18 Euro 40", 18.4),
        ("fr-FR", "18 euros 40", 18.4),
        ("", "7000 U.S. dollars", 7000),
    ],
)
def test_an_amount_is_the_same_in_each_of_its_forms(locale: str, written: str, number: float) -> None:
    assert field(written, number, "number", locale) == {"pass"}
    assert field(written, number + 1, "number", locale) == {"fail"}


@pytest.mark.parametrize("written", ["17 (eighteen)", "17 (18)", "17 euros 5", "17 pieces 40", "3-3/2", "12 (net 30)"])
def test_what_says_two_numbers_is_neither(written: str) -> None:
    assert field(written, 17, "number") == {"fail"}


@pytest.mark.parametrize(
    ("locale", "source", "value", "outcome"),
    [
        ("de-DE", "Es sind 4.750 € offen.", 4750, "pass"),
        ("de-DE", "Es sind 4.750 € offen.", 4.75, "fail"),
        ("en-GB", "The rate is 4.750 a unit.", 4.75, "pass"),
        ("", "Es sind 4.750 € offen.", 4750, "pass"),
        ("", "Ihr Vertrag endet am 9. Mai 2026 und nicht früher.", "2026-05-09", "pass"),
        ("", "Ihr Vertrag endet am 9. Mai 2026 und nicht früher.", "2026-05-10", "fail"),
        ("fr-FR", "Le contrat finit le 9 août 2026 au soir.", "2026-08-09", "pass"),
        ("", "A balance of 3 640,25 EUR is open.", 3640.25, "pass"),
        ("", "A balance of 3 640,25 EUR is open.", 640.25, "fail"),
        ("", "Your number is 00815 with us.", "00815", "pass"),
        ("", "Your number is 00815 with us.", "0815", "fail"),
    ],
)
def test_a_quotation_supports_what_it_says_in_its_own_country(
    locale: str, source: str, value: object, outcome: str
) -> None:
    answer = {"v": value, "source_spans": {"v": source}}
    assert outcomes("source_spans", answer, {}, locale=locale, document=f"Hello,\n{source}\n") == {outcome}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("four hundred and twelve", "pass"),
        ("The total is four hundred and twelve.", "pass"),
        ("$4{,}120{,}000", "fail"),
        ("four hundred, or five hundred", "fail"),
        ("four hundred", "fail"),
        ("many", "fail"),
    ],
)
def test_a_number_in_words_is_a_number_where_no_figure_is(answer: str, outcome: str) -> None:
    assert outcomes("numeric", answer, {"number": 412}) == {outcome}


def test_a_comma_of_latex_parts_thousands() -> None:
    assert outcomes("numeric", r"The sum is $4{,}120$.", {"number": 4120}) == {"pass"}


@pytest.mark.parametrize("written", ["Zoë\u00a0O’Neil", "Zoë O\u2019Neil", "Zo\u00adë O'Neil", "Zoe\u0308\u202fO'Neil"])
def test_typography_makes_no_other_text(written: str) -> None:
    assert outcomes("contains", f"It was {written}.", {"contains": "Zoë O'Neil"}) == {"pass"}
    assert outcomes("equals", written, {"equals": "Zoë O'Neil"}) == {"pass"}
    assert outcomes("not_contains", f"It was {written}.", {"not_contains": "Zoë O'Neil"}) == {"fail"}
    assert outcomes("contains", f"It was {written}.", {"contains": "Zoe O'Neil"}) == {"fail"}


@pytest.mark.parametrize(
    "tag",
    [
        "thought_process",
        "internal_monologue",
        "chain_of_thought",
        "cot",
        "inner-monologue",
        "step_reasoning",
        "THINKING",
    ],
)
def test_thinking_is_no_answer_whatever_its_tag_is_called(tag: str) -> None:
    assert split_reasoning(f"<{tag}>Perhaps 3?</{tag}>\n4") == ("Perhaps 3?", "4")


def test_thinking_between_the_parts_of_an_answer_is_taken_out() -> None:
    text = "<think>First.</think>One. <think>Then?</think>Two."
    assert split_reasoning(text) == ("First.\nThen?", "One. Two.")


@pytest.mark.parametrize("text", ["<steps>1</steps>4", "One <think>aloud</think> two", "<rethinking>x</rethinking>"])
def test_a_tag_that_is_part_of_the_answer_stays(text: str) -> None:
    assert split_reasoning(text) == ("", text)


@pytest.mark.parametrize(
    "written",
    [
        "5555_5555_5555_4444",
        "5555/5555/5555/4444",
        "ref-5555555555554444",
        "ref-212-45-6789",
        "kim.park @ example.org",
        "+48 602 345 678",
        "+46 700 123 456",
    ],
)
def test_a_personal_number_is_found_whatever_parts_its_digits(written: str) -> None:
    text = f"It says {written} here"
    found = find_personal_data(text)
    assert any(text[one.start : one.end].lstrip("ref-") in written and one.end - one.start > 8 for one in found)


@pytest.mark.parametrize("text", ["It is 48 602 345 678 days", "Part 12/34/5678/9", "a @ b", "at 5 @ 3.20 each"])
def test_figures_that_are_nobodys_number_are_left(text: str) -> None:
    assert not find_personal_data(text)


@pytest.mark.parametrize(
    "text",
    [
        "Nobody can guarantee that you will be paid next week.",
        "No one here may promise that your claim will be approved.",
        "Until the papers are here, no refund will be issued.",
        "No compensation can be paid before the report is in.",
    ],
)
def test_a_promise_that_nobody_gives_is_none(text: str) -> None:
    assert not [one for one in find_promises(text) if one.kind != "possible_promise"]


@pytest.mark.parametrize(
    "text", ["I do not doubt that you will be paid by Tuesday.", "No payment is due, and you will be paid by Friday."]
)
def test_a_promise_without_doubt_is_one(text: str) -> None:
    assert find_promises(text)


STATUSES = read_vocabulary(["granted", "under review", "withdrawn"])


@pytest.mark.parametrize(
    ("text", "current"),
    [
        ("The permit was granted, then withdrawn.", {"withdrawn"}),
        ("The permit was granted and later withdrawn.", {"withdrawn"}),
        ("The permit is partly granted.", set()),
        ("The permit is as good as granted.", set()),
        ("The permit is granted.", {"granted"}),
    ],
)
def test_a_status_holds_until_the_next_and_only_as_a_whole(text: str, current: set[str]) -> None:
    claims = find_status_claims(text, STATUSES)
    assert {one.status for one in claims if one.stance in ("current", "change")} == current


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('She called "Halt! Go back." and drove off.', 1),
        ("She called “Halt! Go back.” and drove off.", 1),
        ("Er rief „Halt! Geh zurück.“ und fuhr davon.", 1),
        ('She said "It was late. It rained."', 2),
        ('She said "late". It rained.', 2),
        ('The 5" pipe broke. The 6" pipe held. it was new.', 2),
    ],
)
def test_a_sentence_goes_on_behind_the_quotation_in_it(text: str, count: int) -> None:
    assert len(split_sentences(text)) == count

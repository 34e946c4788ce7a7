"""Dates, facts and quotes found by rule, and the figures that are stated for them."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import dateparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.guards.dates import find_dates, normalise_date, same_date
from milo_bench.guards.facts import find_facts, unsupported_facts
from milo_bench.guards.facts.english import find_facts_english, ordinals
from milo_bench.guards.measured import figures_of, wilson_95
from milo_bench.guards.packs.read import languages_of
from milo_bench.guards.quotes import _made_comparable, find_quote
from milo_bench.guards.values.month_names import months_in

DATA = Path(__file__).parent.parent / "data"


def rows(name: str) -> list[dict[str, Any]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    assert "licence" in json.loads(lines[0])
    return [json.loads(line) for line in lines[1:]]


@pytest.mark.parametrize(
    "text",
    ["2025-03-14", "2025-03-14T09:30:00Z", "14/03/2025", "14.03.25", "14–03–2025", "14 / 03 / 2025", "14 March 2025",
     "14th of March, 2025", "March 14, 2025", "Mar. 14th 2025", "14-MAR-25", "14MAR2025", "Fri 14 Mar 2025",
     "Friday, March 14, 2025 at 9:30 am", "14/03/2025 8:13:39 PM", "(14/03/2025)", "Date: 14 Mar '25", "20250314",
     "l4/O3/2025", "the 14th day of March 2025"],
)  # fmt: skip
def test_one_day_in_many_forms_is_one_date(text: str) -> None:
    assert normalise_date(text) == "2025-03-14"


@pytest.mark.parametrize(
    "text",
    ["", "2025", "March 2025", "14 March", "31/02/2025", "2025-02-30", "12/28/2017", "yesterday", "lO/OO/2025",
     "14/03/2025 and 15/03/2025", "1/1/3000", "²/³/2025", "x" * 500, "\ud800"],
)  # fmt: skip
def test_what_is_no_one_full_date_is_none(text: str) -> None:
    assert normalise_date(text) is None


def test_order_years_and_languages_are_as_stated() -> None:
    assert normalise_date("03/04/2025") == "2025-04-03"
    assert normalise_date("03/04/2025", day_first=False) == "2025-03-04"
    assert normalise_date("2025-04-03", day_first=False) == "2025-04-03"
    assert (normalise_date("1/1/68"), normalise_date("1/1/69")) == ("2068-01-01", "1969-01-01")
    assert normalise_date("14 mars 2025") == "2025-03-14"
    assert normalise_date("14 მარტი 2025") is None
    assert normalise_date("14 მარტი 2025", languages=("ka",)) == "2025-03-14"
    assert normalise_date("14 mars 2025", languages=("fr",)) == "2025-03-14"


ABSOLUTE: Any = {"DATE_ORDER": "DMY", "PARSERS": ["absolute-time"]}
ABROAD = [(language, name, month) for language in languages_of("dates") for name, month in months_in(language).items()]


@pytest.mark.parametrize(("language", "name", "month"), ABROAD)
def test_the_name_of_a_month_is_of_one_month_in_all_languages(language: str, name: str, month: int) -> None:
    assert normalise_date(f"3 {name} 2024") == f"2024-{month:02d}-03"
    read = dateparser.parse(f"3 {name} 2024", languages=[language], settings=ABSOLUTE)
    assert read is None or read.date().isoformat() == f"2024-{month:02d}-03"


def test_dates_in_running_text_keep_their_places() -> None:
    text = "On 14 March 2025, by 3/4/25; in April 2024 or on May 3rd we may 5, v1.2.3."
    found = find_dates(text)
    assert [one.value for one in found] == ["2025-03-14", "2025-04-03", "2024-04", "--05-03"]
    assert all(text[one.start : one.end] == one.text for one in found)
    assert same_date("--03-14", "2025-03-14")
    assert not same_date("--03-14", "2025-03")


@pytest.mark.parametrize(
    ("said", "source", "supported"),
    [
        ("five business days", "within 5 business days", True),
        ("five business days", "within 5 days", False),
        ("two weeks", "14 days", True),
        ("$1,200", "1200.00 USD", True),
        ("£1,200", "$1,200", False),
        ("5%", "5 per cent", True),
        ("at 2:30 pm", "14:30", True),
        ("on 14 March", "2025-03-14", True),
        ("on 15 March", "2025-03-14", False),
        ("case 84291", "Case 84291", True),
        ("case 84292", "Case 84291", False),
        ("to Anna Petrov's file", "PETROV, Anna", True),
        ("to Maria Petrov", "Anna Petrov", False),
    ],
)
def test_the_same_fact_in_other_words_is_the_same_fact(said: str, source: str, supported: bool) -> None:
    text = f"It was given {said}."
    assert find_facts(text)
    assert (unsupported_facts(text, [source]) == ()) is supported


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("over-\npayment", "over-\npayment"),
        ("the overpayment on 14 March", "the  over-\npayment on 14 March"),
        ('"final"', "“final”"),
        ("the overpaymemt on 14 March", "the  over-\npayment on 14 March"),
        ("the overpayment on 15 March", None),
        ("the overpayment on 4 March", None),
        ("8429", None),
        ("nnual", None),
        ("", None),
        (" ", None),
    ],
)
def test_a_quote_is_found_despite_line_breaks_and_never_with_other_digits(quote: str, found: str | None) -> None:
    source = "About the  over-\npayment on 14 March. Ref 84291, annual, “final”."
    place = find_quote(quote, source)
    assert (source[place.start : place.end] if place else None) == found


@given(st.text(st.sampled_from("a1 \n\t-‐\u00ad\u200bﬁ…’é中"), max_size=30))
def test_a_text_made_comparable_knows_where_each_character_came_from(text: str) -> None:
    index = _made_comparable(text)
    places = [index.origin(at) for at in range(len(index.text))]
    assert places == sorted(places)
    for at, mark in zip(places, index.text, strict=True):
        plain = unicodedata.normalize("NFKC", text[at]).translate({ord("‐"): "-", ord("’"): "'"})
        assert mark in plain or (mark == " " and (text[at].isspace() or text[at] == "\u200b"))


@pytest.mark.parametrize("quote", ["a-" + "\n" * 100_000, "a-\n" * 30_000, "a\u00ad" + " " * 100_000 + "1"])
def test_a_quote_of_line_breaks_without_end_is_soon_judged(quote: str) -> None:
    assert find_quote(quote, "About the overpayment on 14 March.") is None


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_crashes_the_finders(one: str, other: str) -> None:
    normalise_date(one)
    unsupported_facts(one, [other])
    for fact in find_facts(one):
        assert one[fact.start : fact.end] == fact.text
    place = find_quote(one, other)
    assert place is None or 0 <= place.start < place.end <= len(other)


def test_stated_figures_of_unsupported_facts_follow_from_the_slice() -> None:
    slice_rows = rows("summedits_slice.jsonl")
    flagged = {row["id"]: bool(unsupported_facts(row["summary"], [row["source"]])) for row in slice_rows}
    broken = [row["id"] for row in slice_rows if not row["consistent"]]
    hits = sum(flagged[one] for one in broken)
    stated = figures_of("unsupported_facts_summaries")
    assert stated.n == len(slice_rows)
    assert stated.recall_interval == wilson_95(hits, len(broken))
    assert stated.precision_interval == wilson_95(hits, sum(flagged.values()))


def test_stated_figures_of_date_normalising_follow_from_the_slice() -> None:
    slice_rows = rows("receipt_dates_slice.jsonl")
    read = [(normalise_date(row["date"]), row["day"]) for row in slice_rows]
    right = sum(got == day for got, day in read)
    stated = figures_of("normalise_date")
    assert stated.recall_interval == wilson_95(right, len(read))
    assert stated.precision_interval == wilson_95(right, sum(got is not None for got, _ in read))


@pytest.mark.parametrize(
    "text",
    [
        "28-30 September 2025",
        "28–30 September 2025",
        "Sept 28-30, 2025",
        "September 28 - 30, 2025",
        "28/29 September 2025",
        "28th and 29th September 2025",
        "28 September to 3 October 2025",
        "from 28 September 2025",
        "after 28 September 2025",
        "28 September 2025 onwards",
        "28 Sep 2025 -",
        "> 2025-09-28",
        "≥ 28.09.2025",
        "about 28 September 2025",
        "28 September 2025?",
        "ab 28. September 2025",
        "depuis le 28 septembre 2025",
    ],
)
def test_a_span_of_days_an_open_end_or_a_guess_is_not_one_date(text: str) -> None:
    assert normalise_date(text, languages=("en", "de", "fr")) is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("It takes fıve days.", {"5 day"}),  # a pattern that ignores case takes the dotless i for an i
        ("It costs 5 mİllion dollars.", {"USD 5000000"}),
        ("It costs 5 Uſd.", {"USD 5"}),
        ("It is 12 basıs points.", {"0.12%"}),
    ],
)
def test_letters_that_ignore_case_as_others_do_are_read_as_these(text: str, values: set[str]) -> None:
    assert {fact.value for fact in find_facts_english(text)} >= values


def test_an_ordinal_in_letters_of_another_alphabet_is_read() -> None:
    assert ordinals("the fırst of May") == {"1"}

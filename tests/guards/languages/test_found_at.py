"""A pattern tried only where a match can begin finds what it finds in the whole text."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from milo_bench.guards.facts.english import find_facts_english
from milo_bench.guards.values.found_at import digits_in, in_small_letters, matches_at, starts_in

_PIECES = (
    "7",
    "42",
    ",",
    ".",
    " ",
    "\n",
    "-",
    "x",
    "nine",
    "NINE",
    "n\u0131ne",
    "\u212aey",
    "key",
    "\u0130",
    "\u0663",
    "ß",
    "_",
)
_WORDS = re.compile("nine|key")
_AMOUNT = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)?|\b(?:nine|key)\b", re.IGNORECASE)


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_what_is_found_at_places_is_what_a_search_of_the_whole_text_finds(text: str) -> None:
    small = in_small_letters(text)
    places = sorted({*digits_in(small), *starts_in(_WORDS, small)})
    assert [match.span() for match in matches_at(_AMOUNT, text, places)] == [
        match.span() for match in _AMOUNT.finditer(text)
    ]


@given(st.text())
def test_small_letters_keep_their_places(text: str) -> None:
    assert len(in_small_letters(text)) == len(text)


def test_amounts_are_found_whatever_letters_begin_them() -> None:
    text = "Pay US$1,200 or TWENTY euros in \u017feven days; 3.5 per cent, 25 bps, £4k and two hundred and five notes."
    found = [(fact.kind, fact.value) for fact in find_facts_english(text)]
    assert ("money", "USD 1200") in found
    assert ("money", "EUR 20") in found
    assert ("duration", "7 day") in found
    assert ("percent", "3.5%") in found
    assert ("percent", "0.25%") in found
    assert ("money", "GBP 4000") in found
    assert ("number", "205") in found

"""Certainty that the source does not carry is found; denials, open statements and reported speech are not."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from milo_bench.guards import certainty
from milo_bench.guards.certainty import unsupported_certainty

GAP: Final = "\0"
SOURCE = "The pipe may have frozen. The claimant says it burst at night. A plumber will look at it on Monday."
CARRIED = "The plumber confirmed that frost caused the burst. The doctor diagnosed a sprain."


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("The pipe definitely froze [L1].", ["certainty"]),
        ("There is no doubt that frost is to blame.", ["certainty"]),
        ("It has been confirmed that the pipe froze.", ["confirmation"]),
        ("The report confirms that the pipe froze.", ["confirmation"]),
        ("The damage was caused by frost.", ["cause"]),
        ("The burst was clearly due to frost.", ["cause"]),
        ("She was diagnosed with a sprain.", ["diagnosis"]),
        ("The pipe may have frozen.", []),
        ("It has not been confirmed that the pipe froze.", []),
        ("Whether the damage was caused by frost is open.", []),
        ("The claimant says that the damage was caused by frost.", []),
        ("A plumber will look at it on Monday.", []),
    ],
)
def test_what_is_surer_than_the_source_is_found(text: str, kinds: list[str]) -> None:
    found = unsupported_certainty(text, [SOURCE])
    assert [one.kind for one in found] == kinds
    assert all(text[one.start : one.end] == one.text for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "It has been confirmed that frost was the cause.",
        "The burst was caused by frost.",
        "He was diagnosed with a sprain.",
    ],
)
def test_what_the_source_carries_is_no_finding(text: str) -> None:
    assert unsupported_certainty(text, [CARRIED]) == ()


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Der Brand wurde durch einen Kurzschluss verursacht.", ["cause"]),
        ("Ob der Brand durch einen Kurzschluss verursacht wurde, ist offen.", []),
        ("Le vol est prouvé.", ["confirmation"]),
        ("Selon la locataire, le vol est prouvé.", []),
        ("Thank you. Sin duda fue el vecino.", ["certainty"]),
    ],
)
def test_what_is_surer_than_the_source_is_found_in_other_languages(text: str, kinds: list[str]) -> None:
    found = unsupported_certainty(text, ["Unfall, accident, accidente: nothing is known."])
    assert [one.kind for one in found] == kinds
    assert all(text[one.start : one.end] == one.text for one in found)


def texts_of(pattern: Any) -> set[str]:
    """What a parsed pattern finds, in lower case, with a gap where it may find various things."""
    found = {""}
    for kind, of in pattern:
        match str(kind):
            case "LITERAL":
                ways = {chr(of).lower()}
            case "AT" | "ASSERT" | "ASSERT_NOT":
                ways = {""}
            case "SUBPATTERN":
                ways = texts_of(of[-1])
            case "BRANCH":
                ways = set().union(*map(texts_of, of[1]))
            case "MAX_REPEAT" | "MIN_REPEAT":
                once = texts_of(of[2]) if of[1] == 1 else {f"{GAP}{way}{GAP}" for way in texts_of(of[2])}
                ways = once if of[0] else {"", *once}
            case _:
                ways = {GAP}
        found = {f"{before}{way}" for before in found for way in ways}
    return found


@pytest.mark.parametrize("kind", [kind for kind, _ in certainty._FINDERS])
def test_whatever_is_found_has_one_of_the_stems_that_are_looked_for_first(kind: str) -> None:
    finder = dict(certainty._FINDERS)[kind]  # type: ignore[index]
    texts = texts_of(re._parser.parse(finder.pattern, finder.flags))  # type: ignore[attr-defined]
    assert texts
    assert [text for text in texts if not any(stem in text for stem in certainty._STEMS)] == []

"""Certainty that the source does not carry is found; denials, open statements and reported speech are not."""

from __future__ import annotations

import pytest

from milo_bench.guards.certainty import unsupported_certainty

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

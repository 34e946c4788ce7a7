"""Citations: what is one, what only looks like one, and which sentences need one."""

from __future__ import annotations

import pytest

from milo_bench.guards.citations import (
    cited_sentences,
    find_citations,
    find_malformed_citations,
    is_claim,
    without_citations,
)
from milo_bench.guards.citing.lines import find_line_citations


def test_several_ids_in_one_bracket_are_several_citations() -> None:
    text = "It was sent [E-0412, E-0413; E-0414 and E-0415]."
    assert [c.event_id for c in find_citations(text)] == ["E-0412", "E-0413", "E-0414", "E-0415"]
    assert {text[c.start : c.end] for c in find_citations(text)} == {"[E-0412, E-0413; E-0414 and E-0415]"}


@pytest.mark.parametrize(
    "between",
    [
        " et ",
        " und ",
        ", sowie ",
        " y ",
        " e ",
        " en ",
        " oraz ",
        " à ",
        "、",
        " / ",
        "と",
        ", and ",
        " & ",
        "–",
        " + ",
    ],
)
@pytest.mark.parametrize("hyphen", ["-", "\u2010", "\u2011", "\u2013", "\u2212"])
def test_ids_are_parted_as_any_language_does_and_written_with_any_hyphen(between: str, hyphen: str) -> None:
    text = f"It came [E{hyphen}0412{between}E{hyphen}0413]. It went [E{hyphen}0414]."
    assert [c.event_id for c in find_citations(text)] == ["E-0412", "E-0413", "E-0414"]
    assert [one.event_ids for one in cited_sentences(text)] == [("E-0412", "E-0413"), ("E-0414",)]


@pytest.mark.parametrize(
    "text", ["[E-412]", "[E-04121]", "see E-0412", "[not E-0412]", "(E-0412 is missing)", "[e_0412]"]
)
def test_what_only_looks_like_a_citation_is_none_and_is_named(text: str) -> None:
    assert find_citations(text) == ()
    assert len(find_malformed_citations(f"It was sent {text}.")) == 1


@pytest.mark.parametrize(
    "text",
    [
        *("[see E-0701 and E-0702]", "[E-0701, 0702]", "(E-0701; E-0702)", "[Events E-0701, E-0702]"),
        *("(cf. E-0701, see also E-0702)", "[E-0701–0702]", "[E-0701 through 0702]", "[source: E-0701 / E-0702.]"),
        *("[`E-0701`, **E-0702**]", "[e-0701, e-0702]", "(vgl. E-0701 und 0702)", "[voir E-0701 et E-0702]"),
    ],
)
def test_a_citation_is_read_as_a_reader_would_follow_it(text: str) -> None:
    for answer in (f"The bus pass came {text}. It works.", f"The bus pass came. {text} It works."):
        first, second = cited_sentences(answer)
        assert (first.event_ids, first.claim) == (("E-0701", "E-0702"), True)
        assert (second.event_ids, second.claim) == ((), True)
        assert without_citations(f"It came {text}.") == "It came."


def test_without_citations_leaves_the_sentence_readable() -> None:
    assert without_citations("It was sent [E-0412]. It came. [E-0413]") == "It was sent. It came."


@pytest.mark.parametrize(
    "text",
    [
        "The form was received on 14 March 2025.",
        "Your claim is open.",
        "We are still waiting for your medical report.",
        "Current status: awaiting documents",
        "Please note that your claim was approved.",
        "Please send the report that we requested on 3 May.",
        "Thank you for sending the report.",
        "Thank you for your email of 14 March 2025.",
        "We are pleased to inform you that the claim was approved.",
        "Therefore the claimant is eligible",
        "- Decision issued",
        "The next update is expected within five business days after document receipt.",
        "Dear Ms Hale, your claim was denied because the form that you sent was late.",
    ],
)
def test_statements_about_the_case_need_a_citation(text: str) -> None:
    assert is_claim(text)


@pytest.mark.parametrize(
    "text",
    [
        "Dear Ms O'Neil,",
        "Kind regards,",
        "Yours sincerely",
        "Case Services Team",
        "Template: T-12",
        "ESCALATE: high risk",
        "# Summary",
        "Next steps:",
        "Could you send us the form?",
        "Please reply to this message with a copy of the report.",
        "If you have any questions, please contact us.",
        "You can reach us by phone.",
        "Thank you for your patience.",
        "Thank you for contacting us about your case.",
        "We apologise for any inconvenience.",
        "I hope this message finds you well.",
        "The record does not show a decision date.",
        "[E-0412]",
        "",
        "---",
    ],
)
def test_courtesies_headings_questions_and_requests_need_none(text: str) -> None:
    assert not is_claim(text)


def test_policy_language_given_to_the_writer_needs_no_citation() -> None:
    policy = "You must reply within 30 days. This letter is not a decision."
    assert is_claim("You must reply within 30 days.")
    assert not is_claim("You must  reply within 30 days.", exempt=[policy])
    assert not is_claim("This letter is not a decision.", exempt=[policy])
    assert is_claim("You should reply within 30 days.", exempt=[policy])


def test_each_sentence_carries_its_own_ids_once() -> None:
    found = cited_sentences("It came [E-0001, E-0001]. It left.\n\nRegards,")
    assert [(s.event_ids, s.claim) for s in found] == [(("E-0001",), True), ((), True), ((), False)]


def test_a_list_of_citations_is_read_however_it_is_punctuated() -> None:
    wanted = ["E-0401", "E-0402", "E-0403"]
    for text in (
        "[E-0401, E-0402, and E-0403]",
        "[E-0401, E-0402 & E-0403]",
        "[E-0401; E-0402; E-0403]",
        "[E-0401 and E-0402 and E-0403]",
        "[E‑0401, E‐0402, or E-0403]",
    ):
        assert [citation.event_id for citation in find_citations(text)] == wanted


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("[L1-L3]", [1, 2, 3]),
        ("[L1 to L3]", [1, 2, 3]),
        ("[L1\u2011L3]", [1, 2, 3]),
        ("[L1]–[L3]", [1, 2, 3]),
        ("[L1, L2, and L4]", [1, 2, 4]),
        ("[L1][L2]", [1, 2]),
        ("【L7】", [7]),
        ("(see L7)", [7]),
        ("[L7, 9 and 11]", [7, 9, 11]),
        ("[lines L7–9]", [7, 8, 9]),
        ("[not L7]", []),
        ("[1][2]", []),
    ],
)
def test_lines_are_cited_in_lists_and_ranges(text: str, numbers: list[int]) -> None:
    assert [number for one in find_line_citations(text) for number in one.numbers] == numbers


@pytest.mark.parametrize("text", ["[E-0401–E-0403]", "[E-0401 to E-0403]", "[E-0401 & E-0403]", "【E-0401, E-0403】"])
def test_the_ends_of_a_range_of_events_are_cited(text: str) -> None:
    assert [one.event_id for one in find_citations(text)] == ["E-0401", "E-0403"]


def test_the_names_of_a_table_s_columns_need_no_citation() -> None:
    text = (
        "| Date | What happened |\n|---|---|\n| 3 March | The form was received [E-0401]. |\n| 4 March | It was paid. |"
    )
    assert [
        (one.sentence.text[:10], one.claim) for one in cited_sentences(text) if one.claim and not one.event_ids
    ] == [("| 4 March ", True)]

"""The failure gallery: hostile texts, odd spans, counts from figures."""

from __future__ import annotations

import random
import re
from html.parser import HTMLParser
from importlib.resources import files

import msgspec
import pytest
from markupsafe import Markup

from milo_bench.core.records import Span
from milo_bench.core.text import one_line, visible
from milo_bench.decide.records import Decision, Ref, ShownStatement
from milo_bench.guards.citing.statements import CitedSource
from milo_bench.report.pages.claims import Claims
from milo_bench.report.pages.gallery import answers_with_evidence, gallery
from milo_bench.report.pages.marked import mark_spans
from tests.report.sample_decision import sample_decision


def shown(decision: Decision, workload: str = "") -> str:
    claims = Claims(decision)
    return str(gallery(decision, lambda ref: Markup(claims.text((ref,))), workload=workload))


def with_example(**changes: object) -> Decision:
    decision = sample_decision()
    example = msgspec.structs.replace(decision.examples[0], **changes)
    return msgspec.structs.replace(decision, examples=(example,))


class Tags(HTMLParser):
    """Counts what a browser would see as elements, and what as text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.names: list[str] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_causes_stand_with_their_counts_the_most_frequent_first() -> None:
    words = Tags(shown(sample_decision())).words
    places = [words.index(cause) for cause in ("wrong label", "implied review", "missed escalation")]
    assert places == sorted(places)


def test_every_count_goes_through_the_function_that_shows_figures() -> None:
    decision = sample_decision()
    asked: list[Ref] = []

    def note(ref: Ref) -> Markup:
        asked.append(ref)
        return Markup("FIGURE")

    page = str(gallery(decision, note))
    assert {ref.figure for ref in asked} == {
        id for share in decision.errors for id in (share.attempts, share.rate) if decision.figures[share.attempts].value
    }
    cells = re.findall(r"<td>(.*?)</td>", page)
    assert cells
    assert set(cells) == {"FIGURE"}


def test_input_stands_before_output_and_what_offends_is_marked_with_its_reason() -> None:
    page = shown(sample_decision())
    assert page.index("Input") < page.index("Output")
    assert "<mark>solicitor will write to the regulator</mark>" in page
    assert '<span class="mark-label">keyword</span>' in page
    assert "An escalation was answered as routine." in page


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "</div></details><img src=x onerror=alert(1)>",
        "{{ 7 * 7 }}{% for x in y %}",
        "&lt;already&gt; &amp; <![CDATA[ ]]> <!-- ",
        "a\x00b\x1b[31m\x7f\u0085",
        "x" * 100_000,
        "\ud800 lone",
    ],
)
def test_a_hostile_text_adds_no_element_and_shows_as_it_is(text: str) -> None:
    plain = Tags(shown(with_example(input="x", output="y", reason="r", expected="", got="", spans=())))
    hostile = Tags(shown(with_example(input=text, output=text, reason=text[:600], expected="", got="", spans=())))
    assert [name for name in hostile.names if name != "span"] == [name for name in plain.names if name != "span"]
    assert visible(text)[:40] in hostile.words
    assert len(hostile.words) < 40_000


def test_controls_that_turn_text_around_are_written_out() -> None:
    page = shown(with_example(output="safe \u202etxt.exe\u202c \u2066x\u2069 \u200b\ufeff\U000e0041", spans=()))
    assert "⟦U+202E⟧txt.exe⟦U+202C⟧" in page
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\U000e0000-\U000e007f]", page)


def test_a_case_of_a_hashed_log_is_named_and_not_shown() -> None:
    page = shown(with_example(text="hashes", input="", output="", reason="", expected="", got="", spans=()))
    assert "The log stores hashes" in page
    assert "Input" not in Tags(page).words


@pytest.mark.parametrize("seed", range(150))
def test_any_spans_whatever_mark_characters_and_change_none(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choice("ab <&\"'\n\u202e🙂") for _ in range(rng.randint(0, 80)))
    spans = [Span("output", rng.randint(-20, 100), rng.randint(-20, 120)) for _ in range(rng.randint(0, 8))]
    seen = Tags(str(mark_spans(text, spans)))
    assert seen.words == visible(text)
    covered = {at for span in spans for at in range(max(0, span.start), min(len(text), span.end))}
    inside = "".join(re.findall(r"<mark>(.*?)</mark>", str(mark_spans(text, spans)), re.S))
    assert Tags(inside).words == visible("".join(text[at] for at in sorted(covered)))


def test_overlapping_spans_become_one_mark_with_all_of_their_labels() -> None:
    page = str(mark_spans("abcdef", [Span("output", 0, 3, "one"), Span("output", 2, 5, "two")]))
    assert page == '<mark>abcde</mark><span class="mark-label">one, two</span>f'


def test_a_workload_can_be_shown_alone_and_nothing_wrong_is_an_empty_fragment() -> None:
    decision = sample_decision()
    assert "handoff/" not in shown(decision, "escalation")
    assert shown(msgspec.structs.replace(decision, errors=(), examples=())) == ""


def test_an_example_of_a_cause_that_nobody_counted_is_shown_all_the_same() -> None:
    decision = msgspec.structs.replace(sample_decision(), errors=())
    assert "solicitor" in shown(decision)


def test_the_style_fetches_nothing() -> None:
    assert not re.search(
        r"url\(|@import|https?:", (files("milo_bench.report") / "static" / "gallery.css").read_text(encoding="utf-8")
    )


def test_a_label_is_one_bounded_line() -> None:
    assert one_line("a\n\u202eb" + "c" * 500, 20) == "a ⟦U+202E⟧bcccccccc…"


def test_an_answer_that_cites_is_shown_beside_its_evidence_and_nothing_in_it_acts() -> None:
    hostile = "<script>x()</script> [E-0304]"
    cited = (
        ShownStatement(hostile, (Span("output", 0, 8, "name"),), (CitedSource("E-0304", "<b>on hold</b>"),), False),
        ShownStatement("It was closed.", (), (), True),
        ShownStatement("Dear Ada,", (), (CitedSource("E-0999", ""),), False),
    )
    page = shown(with_example(cited=cited, text="full"))
    tags = Tags(page)
    assert "script" not in tags.names and "b" not in tags.names
    assert "no citation" in tags.words and "not in the input" in tags.words
    assert "<b>on hold</b>" in tags.words

    decision = sample_decision()
    example = msgspec.structs.replace(decision.examples[0], cited=cited * 4)
    answers = msgspec.structs.replace(decision, shown_answers=(example,))
    brief = str(answers_with_evidence(answers, lambda name: f"the {name}", brief=True))
    assert brief.count("<tr>") < str(answers_with_evidence(answers, lambda name: name)).count("<tr>")
    assert "its first sentences" in brief
    assert answers_with_evidence(decision, lambda name: name) == ""


def test_an_answer_that_counts_for_two_uses_is_shown_and_counted_once() -> None:
    decision = sample_decision()
    example = decision.examples[0]
    share = next(one for one in decision.errors if one.candidate == example.candidate)
    uses = [msgspec.structs.replace(example.candidate, workload=f"desk:{use}") for use in ("preview", "final")]
    titles = {"desk": "Desk notes", "desk:preview": "Notes to preview", "desk:final": "Final notes"}
    other = msgspec.structs.replace(example, id="x9", candidate=uses[1], key="another/answer")
    twice = msgspec.structs.replace(
        decision,
        workload_titles=titles,
        errors=tuple(msgspec.structs.replace(share, candidate=use) for use in uses),
        examples=(*(msgspec.structs.replace(example, id=f"x{n}", candidate=use) for n, use in enumerate(uses)), other),
    )
    page = shown(twice)
    assert page.count(f'<span class="key">{one_line(example.key, 120)}</span>') == 1
    assert page.count("Desk notes on ") == 2, "the row of its counts, and the answer"
    assert page.count("Final notes on ") == 1, "of one use alone"

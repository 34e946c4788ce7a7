"""Texts of other scripts on pages and in the terminal: nothing cut, marks in place, each line in its own direction."""

from __future__ import annotations

import io
from importlib import resources

import pytest
from rich.cells import cell_len
from rich.text import Text

from milo_bench.core.records import Span
from milo_bench.report.pages.marked import is_right_to_left, mark_spans, values_isolated
from milo_bench.report.pages.text_language import text_language
from milo_bench.report.terminal.console import END_OF_ISOLATE, ISOLATE, VisibleConsole
from milo_bench.report.terminal.lines import in_lines

JAPANESE = "ご返金は明日までに必ず保証いたします。お客様の注文番号については、倉庫で確認中です。お待ちください。"
ARABIC = "سنعيد إليك المبلغ كاملا غدا، شكرا لصبرك وتفهمك"
GERMAN = "Die Rechtsschutzversicherungsgesellschaftsangestellte sagte etwas anderes."


def shown(text: Text, width: int) -> list[str]:
    console = VisibleConsole(file=io.StringIO(), width=width, no_color=True)
    console.print(in_lines(text, width, console))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_line_of_japanese_is_broken_where_it_is_full_and_nothing_is_cut() -> None:
    lines = shown(Text(JAPANESE), 30)
    assert "".join(lines) == JAPANESE
    assert all(cell_len(line) <= 30 for line in lines)


def test_a_long_german_word_is_broken_and_not_cut() -> None:
    lines = shown(Text(GERMAN), 20)
    assert "".join(lines).replace(" ", "") == GERMAN.replace(" ", "")
    assert all(cell_len(line) <= 20 for line in lines)


def test_each_line_of_arabic_is_isolated_so_that_what_stands_around_it_keeps_its_place() -> None:
    lines = shown(Text(ARABIC), 24)
    assert len(lines) > 1
    assert all(line.startswith(ISOLATE) and line.rstrip().endswith(END_OF_ISOLATE) for line in lines)
    assert " ".join(line.strip(ISOLATE + END_OF_ISOLATE + " ") for line in lines) == ARABIC


def test_an_isolate_in_a_text_of_a_model_is_shown_and_not_sent() -> None:
    assert not any(ISOLATE in line for line in shown(Text(f"plain {ISOLATE}text"), 40))


def test_a_mark_stays_on_its_words_when_lines_are_broken() -> None:
    text = Text(JAPANESE)
    at = JAPANESE.index("保証")
    text.stylize("reverse", at, at + 2)
    console = VisibleConsole(file=io.StringIO(), width=30)
    made = in_lines(text, 16, console)
    assert [made.plain[span.start : span.end] for span in made.spans if span.style == "reverse"] == ["保証"]


def test_a_text_of_another_language_has_its_code_and_an_english_one_none() -> None:
    assert text_language(JAPANESE) == "ja"
    assert text_language(ARABIC) == "ar"
    assert text_language("Die Erstattung wird geprüft, und wir schreiben Ihnen, sobald es etwas Neues gibt.") == "de"
    assert text_language("We looked at the claim and will write to you about it.") == ""
    assert text_language("") == ""


@pytest.mark.parametrize("width", [10, 11, 16, 21, 30])
def test_no_line_of_japanese_begins_with_a_mark_that_ends_something(width: int) -> None:
    mixed = f"{JAPANESE}The insurer asked for photos, and so on.終わり。"
    lines = shown(Text(mixed), width)
    assert not any(line.startswith(("。", "、", "」")) for line in lines)
    assert "".join(lines).replace(" ", "") == mixed.replace(" ", "")
    assert all(cell_len(line) <= width for line in lines)


def test_a_label_beside_a_mark_keeps_out_of_the_order_of_the_text_around_it() -> None:
    css = resources.files("milo_bench.report").joinpath("static/gallery.css").read_text("utf-8")
    rule = next(line for line in css.splitlines() if line.startswith(".gallery .mark-label"))
    assert "unicode-bidi: isolate" in rule


def test_a_value_from_right_to_left_is_kept_apart_from_its_key() -> None:
    text = f"n: 12\ndocument: {ARABIC} (CO-7)."
    assert is_right_to_left(text)
    shown_values = values_isolated(mark_spans(text, [Span("input", text.index("CO-7"), text.index("CO-7") + 4, "id")]))
    assert f"document: <bdi>{ARABIC} (<mark>CO-7</mark>" in shown_values
    assert shown_values.endswith(").</bdi>")


def test_a_mark_over_two_lines_is_left_as_it_is() -> None:
    text = f"first: {ARABIC}\nsecond: {ARABIC}"
    shown_values = str(values_isolated(mark_spans(text, [Span("input", 7, len(text) - 4)])))
    assert shown_values.count("<bdi>") == shown_values.count("</bdi>") == 0


def test_words_that_no_language_has_do_not_decide_the_language_of_a_text() -> None:
    assert text_language("Vielen Dank für Ihr Schreiben. Qwertz zuiopü asdfg hjklö yxcvb nmqwe rtzui.") == "de"

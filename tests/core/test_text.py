"""Text of others is shown as it is: nothing in it hides, reorders, acts on a terminal or runs in a spreadsheet."""

from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from milo_bench.core.text import cell, file_lines, one_line, shorten, visible, visible_in_place
from milo_bench.report.terminal.console import VisibleConsole

SRC = Path(__file__).parents[2] / "src" / "milo_bench"
HIDING = {
    "an escape sequence": ("\x1b[31mred", "⟦U+001B⟧[31mred"),
    "a C1 control": ("\x9b31m", "⟦U+009B⟧31m"),
    "a bell and a backspace": ("a\x07\x08b", "a⟦U+0007⟧⟦U+0008⟧b"),
    "a carriage return that writes over a line": ("fail\rpass", "fail⟦U+000D⟧pass"),
    "a right-to-left override": ("exe.\u202egpj", "exe.⟦U+202E⟧gpj"),
    "an isolate": ("\u2066x\u2069", "⟦U+2066⟧x⟦U+2069⟧"),
    "a zero-width space": ("pa\u200bss", "pa⟦U+200B⟧ss"),
    "a byte-order mark": ("\ufeffx", "⟦U+FEFF⟧x"),
    "a tag character": ("\U000e0041", "⟦U+E0041⟧"),
    "half a surrogate pair": ("a\ud800", "a⟦U+D800⟧"),
    "a line separator": ("a\u2028b", "a⟦U+2028⟧b"),
    "a null": ("a\0b", "a⟦U+0000⟧b"),
}
KEPT = ("naïve", "case 12\n\tline", "سلام می\u200cکنم", "👩\u200d👩\u200d👧", "日本語", "1\u00a0234", "“quoted” – …")


@pytest.mark.parametrize(("text", "shown"), HIDING.values(), ids=HIDING)
def test_what_hides_or_acts_is_named(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("text", KEPT)
def test_what_people_write_stays(text: str) -> None:
    assert visible(text) == text
    assert visible_in_place(text) == text


def test_line_breaks_stay_only_where_they_are_meant_to() -> None:
    assert visible("a\nb\tc", keep="") == "a⟦U+000A⟧b⟦U+0009⟧c"
    assert one_line("a\n  b\tc ") == "a b c"


@given(st.text())
def test_nothing_that_is_shown_can_act(text: str) -> None:
    for shown in (visible(text), visible_in_place(text), one_line(text)):
        for char in shown:
            assert char in "\n\t\u200c\u200d" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl")
    assert visible(visible(text)) == visible(text)


@given(st.text())
def test_offsets_hold_where_text_is_marked(text: str) -> None:
    assert len(visible_in_place(text)) == len(text)


@given(st.text(), st.integers(1, 80))
def test_a_text_is_cut_to_its_width_and_says_so(text: str, most: int) -> None:
    assert len(one_line(text, most)) <= most
    assert "\n" not in one_line(text, most)
    short = shorten(text, most)
    assert len(short) <= most
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "|", "＝"])
def test_a_cell_is_never_a_formula(start: str) -> None:
    assert cell(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"
    assert cell("plain = text") == "plain = text"


def test_a_console_shows_controls_in_names_cells_and_titles_and_keeps_its_own_colours() -> None:
    out = io.StringIO()
    console = VisibleConsole(file=out, force_terminal=True, color_system="standard", width=80)
    evil = "\x1b]0;owned\x07\u202egpj\x9b2J"
    table = Table(title=Text(evil))
    table.add_column(evil)
    table.add_row(Text(evil, style="red"))
    console.print(table)
    console.print(evil, markup=False, highlight=False)
    printed = out.getvalue()
    assert "�]0;owned�gpj�2J" in printed  # rich drops the bell
    assert "\x1b[31m" in printed  # the style that we asked for
    assert not re.search(r"\x1b\]|[\x07\x9b\u202e]", printed)


def test_nothing_else_in_the_program_decides_what_is_printable() -> None:
    # A key that cannot be a header, a model's name that cannot be one: refused, not shown.
    refuse = {"targets/http/target.py", "targets/discover.py", "cli/commands/keys/add.py", "gateway/wire/replies.py"}
    found = {
        place
        for source in SRC.rglob("*.py")
        if "isprintable" in source.read_text(encoding="utf-8")
        and (place := source.relative_to(SRC).as_posix()) not in refuse
    }
    assert found == {"core/text.py"}


def test_every_console_is_one_that_shows_controls() -> None:
    found = {
        source.relative_to(SRC).as_posix()
        for source in SRC.rglob("*.py")
        if re.search(r"(?<!Visible)Console\(", source.read_text(encoding="utf-8"))
    }
    assert found <= {"report/terminal/console.py"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_a_file_are_those_that_git_counts(end: str) -> None:
    written = ["a\x0cb", "c\u2028d\x85e", "", "last\x1c"]
    text = end.join(written)
    assert file_lines(text) == written
    assert file_lines(text + end) == written
    assert "".join(file_lines(text + end, keep_ends=True)) == text + end
    assert file_lines("") == []

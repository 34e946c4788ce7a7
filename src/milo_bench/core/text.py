"""Text of models, fixtures and logs in, the same text made safe to show out: nothing in it hides, reorders or acts."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_JOINERS = "\u200c\u200d"  # Persian words and emoji need them; they reorder nothing
MOST_SAID = 2_000  # characters of an error or a hint: what it names may be as long as a file
# Letters that type sets as one, for ``str.translate``.
LIGATURES: Final = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
# What a spreadsheet takes for the start of a formula, full-width forms included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def visible(text: str, *, keep: str = "\n\t") -> str:
    """``text`` with control characters, bidi controls, zero widths and lone surrogates as ``⟦U+202E⟧``.

    What ``keep`` lists stays. (Pictures of control characters are in few fonts.)
    """
    plain = text
    for mark in "" if text.isprintable() else keep:
        plain = plain.replace(mark, "")
    if plain.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else _shown(char) for char in text)


_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # fillers and the empty Braille cell: printable, unseen


def says_nothing(text: str) -> bool:
    """Whether ``text`` has no character that a person sees: white space, zero widths and fillers alone."""
    for char in text:  # noqa: SIM110  # a generator costs more than the few characters that are looked at
        if char.isprintable() and not char.isspace() and char not in _BLANK_LETTERS:
            return False
    return True


def visible_in_place(text: str) -> str:
    """As ``visible``, one character for each of ``text``, so that the offsets of its spans hold."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" or _harmless(char) else "�" for char in text)


def one_line(text: str, most: int | None = 60) -> str:
    """``visible`` text without line breaks, at most ``most`` characters long: a label, a heading, a cell."""
    line = " ".join(visible(text if most is None else text[: most * 4]).split())
    return line if most is None else shorten(line, most)


def shorten(text: str, most: int) -> str:
    """``text`` in at most ``most`` characters; a text that was cut ends in ``…``."""
    return text if len(text) <= most else text[: most - 1] + "…"


def shorten_middle(text: str, most: int) -> str:
    """``text`` in at most ``most`` characters; of one that was cut, both ends are there."""
    if len(text) <= most:
        return text
    kept = (most - 3) // 2
    return f"{text[:kept]} … {text[-kept:]}"


def cell(text: str) -> str:
    """``text`` as a spreadsheet shows it: one that could start a formula gets an apostrophe in front."""
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def _harmless(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) == "Zs"


def table_cell(text: str) -> str:
    """``text`` as a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def _shown(char: str) -> str:
    return char if _harmless(char) else f"⟦U+{ord(char):04X}⟧"


def file_lines(text: str, *, keep_ends: bool = False) -> list[str]:
    """The lines of a file or diff as git and Python's parser count them: LF or CRLF ends one, and nothing else.

    ``str.splitlines`` ends a line at a form feed and at U+2028 too, so every number behind one would be wrong.
    """
    lines = _LINE_WITH_END.findall(text)
    return lines if keep_ends else [line.removesuffix("\n").removesuffix("\r") for line in lines]


_LINE_WITH_END: Final = re.compile(r"[^\n]*\n|[^\n]+")

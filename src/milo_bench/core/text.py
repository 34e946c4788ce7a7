"""Text of models, fixtures and logs in, the same text with everything that hides or reorders made visible out."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"  # Persian words and emoji need them; they reorder nothing


def visible(text: str) -> str:
    """``text`` with control characters, bidi controls, zero widths and lone surrogates as ``⟦U+202E⟧``.

    Line feeds and tabs stay. (Pictures of control characters are in few fonts.)
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else _shown(char) for char in text)


def one_line(text: str, most: int = 60) -> str:
    """``visible`` text without line breaks, at most ``most`` characters long: a label of a chart or a heading."""
    line = " ".join(visible(text[: most * 4]).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _shown(char: str) -> str:
    if char in _JOINERS or unicodedata.category(char) == "Zs":
        return char
    return f"⟦U+{ord(char):04X}⟧"

"""A pattern, a text and the places where a match can begin in, its matches out: those that a search of all of it finds.

A pattern that begins with a look behind is tried at every character of a text. Most characters begin nothing: to find
those that may, and to try only them, takes a fraction of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

StartPlaces: TypeAlias = Sequence[int]  # in order

_DIGIT: Final = re.compile(r"\d")
# What a pattern that ignores case takes for an ASCII letter, and 'lower' leaves as it is or makes two of.
_SMALL: Final = {"\u017f": "s", "\u0131": "i", "\u0130": "i"}


def in_small_letters(text: str) -> str:
    """``text`` in small letters, each in its place: what a pattern finds that ignores case is plain ASCII here."""
    if not text.isascii():
        for mark, plain in _SMALL.items():
            text = text.replace(mark, plain)
    return text.lower()


def digits_in(text: str) -> Iterator[int]:
    """Where a digit is in ``text``."""
    return (match.start() for match in _DIGIT.finditer(text))


def starts_in(pattern: re.Pattern[str], text: str) -> Iterator[int]:
    """Where a match of ``pattern`` begins in ``text``."""
    return (match.start() for match in pattern.finditer(text))


def matches_at(pattern: re.Pattern[str], text: str, places: StartPlaces) -> Iterator[re.Match[str]]:
    """The matches of ``pattern``, which matches no empty text, that begin at ``places`` and do not overlap, in order.

    They are those of ``finditer`` if each match that there can be begins at one of ``places``.
    """
    end = 0
    for place in places:
        if place >= end and (match := pattern.match(text, place)):
            end = match.end()
            yield match

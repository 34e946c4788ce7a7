"""A text in, what it has in common with others of its template out: its words without names and numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

_LEAST_WORDS: Final = 4
_NOUNS_TOO: Final = 0.25  # of the words within sentences: where more have a capital letter, it is no sign of a name

_WORD = re.compile(r"[^\W_]+")
_ADDRESSED = re.compile(r"\b(?:Herrn?|Frau|Familie|Firma|Dr\.?|Prof\.?)(?: [A-ZÄÖÜ][^\W\d_]+){1,3}")
_WITHIN = re.compile(r"(?<=[\w,] )[^\W_]+")


def shape(text: str) -> list[str]:
    """The words of ``text`` without what one case has and another of its template has not.

    Where nouns have a capital letter too, as in German, only what follows a form of address is a name.
    """
    names = frozenset(names_in(text))
    words = []
    for word in _WORD.findall(text):
        if any(letter.isdigit() for letter in word):
            words.append("0")
        elif word in names:
            words.append("A")  # a name, as far as can be told, or a first word that its template has too
        else:
            words.append(word)
    return [word for place, word in enumerate(words) if word not in ("0", "A") or words[place - 1 : place] != [word]]


def names_in(text: str) -> Iterator[str]:
    """The words of ``text`` that its shape takes for names."""
    within = _WITHIN.findall(text)
    if sum(word[0].isupper() for word in within) <= _NOUNS_TOO * len(within):
        yield from (word for word in _WORD.findall(text) if word[0].isupper())
    else:
        yield from (word.rstrip(".") for match in _ADDRESSED.finditer(text) for word in match[0].split())


def says_something(words: Sequence[str]) -> bool:
    """Whether a shape has words enough of its own to be a template."""
    return sum(count for word, count in Counter(words).items() if word not in ("0", "A")) >= _LEAST_WORDS

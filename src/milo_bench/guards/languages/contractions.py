"""English contractions in, the words that they stand for out: "we've" is "we have", "don't" is "do not"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple


class Expansion(NamedTuple):
    """``text[start:end]`` stands for ``words``."""

    start: int
    end: int
    words: str


# "'s" is left alone after a name: "Kim's" may be "of Kim".
_ONE: Final = "|".join(rf"(?<=\b{word})" for word in ("it", "he", "she", "that", "what", "there"))
_CONTRACTION: Final = re.compile(
    r"(?P<will_not>\bwon['’]t\b)|(?P<cannot>\bca(?:n['’]|n no)t\b)|(?P<shall_not>\bshan['’]t\b)|(?P<not>n['’]t\b)"
    r"|(?P<will>['’]ll\b)|(?P<are>['’]re\b)|(?P<have>['’]ve\b)|(?P<am>(?<=\bi)['’]m\b)"
    rf"|(?P<has>(?:{_ONE})['’]s(?= been\b))|(?P<is>(?:{_ONE})['’]s\b)",
    re.IGNORECASE,
)
_WHOLE: Final = {"will_not": "will not", "cannot": "cannot", "shall_not": "shall not"}


def find_contractions(text: str) -> Iterator[Expansion]:
    """The contractions of ``text``, in order; "won't", "can't", "shan't" whole, of others the end."""
    for match in _CONTRACTION.finditer(text):
        kind = str(match.lastgroup)
        yield Expansion(match.start(), match.end(), _WHOLE.get(kind, f" {kind}"))


def without_contractions(text: str) -> str:
    """``text`` with every contraction as its words."""
    for found in reversed(list(find_contractions(text))):
        text = text[: found.start] + found.words + text[found.end :]
    return text

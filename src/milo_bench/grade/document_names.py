"""A text and a document's names in, whether and where the text speaks of that document out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

# Articles and the like, which a name has in one sentence and not in the next: "informe de la clínica"
_SMALL_WORDS = (
    "a an and at by for from in of on or our the their to with your s",
    "le la les un une des du de et au aux",
    "el los las del al y",
    "der das dem ein eine einer einen und zum zur",
)
_SMALL = frozenset(word for words in _SMALL_WORDS for word in words.split())
_ELIDED = re.compile(r"\b(?:[cdjlmnst]|qu)['’](?=\w)")  # "l'analyse" names the same paper as "analyse"


class NamedDocument(NamedTuple):
    """A document of the gold, with every name that an answer may give it."""

    name: str
    names: tuple[str, ...]
    lines: tuple[int, ...]
    state: str

    def spoken_of(self, text: str) -> bool:
        """Whether one of its names stands in ``text``: all its words close together, in any order."""
        words = _words(text)
        return any(_near(words, _words(name)) for name in self.names)


def read_documents(data: Any) -> tuple[NamedDocument, ...]:
    """The documents of a fixture's ``expect`` list; anything else in it is left out."""
    found = []
    for entry in data if isinstance(data, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            name = entry["name"]
            aliases = [alias for alias in entry.get("aliases", ()) if isinstance(alias, str)]
            lines = tuple(line for line in entry.get("lines", ()) if isinstance(line, int))
            found.append(NamedDocument(name, (name, *aliases), lines, str(entry.get("state", ""))))
    return tuple(found)


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    """Content words in a plain form: lower case, no possessive, no plural, no elided article."""
    plain = re.sub(r"['’]s?\b", "", _ELIDED.sub("", text.casefold()))
    return tuple(_singular(word) for word in re.findall(r"[^\W_]+", plain) if word not in _SMALL)


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def _near(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether every wanted word stands within a window of ``words`` two words longer than they are."""
    if not wanted:
        return False
    width = len(wanted) + 2
    need = set(wanted)
    return any(need <= set(words[at : at + width]) for at in range(max(1, len(words) - len(wanted) + 1)))

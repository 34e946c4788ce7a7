"""Tags in, what they are compared by and whether they say that a text is sensitive out, however they are spelt."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

SENSITIVE: Final = "sensitive"
_DENIED: Final = frozenset(("not", "non", "no", "case", "time", "price", "cost", "insensitive"))
# What people tag texts with that must not leave. The bench knows one word for it, so each of these is an error.
_OTHER_WORDS: Final = frozenset(
    (
        *("classified", "confidential", "private", "restricted", "secret", "pii", "phi", "gdpr", "hipaa"),
        *("vertraulich", "sensibel", "geheim", "privat", "vertrouwelijk", "poufne", "poufny", "tajne"),
        *("confidentiel", "sensible", "prive", "confidencial", "secreto", "privado"),
        *("confidenziale", "sensibile", "riservato", "segreto", "privato", "reservado", "sensivel"),
    )
)
_CLASSES: Final = frozenset(("sensitivity", "confidentiality", "classification", "privacy"))
_NEAR: Final = 2  # letters that a slip of the hand, or a look-alike of another alphabet, changes
_LONG: Final = 8  # letters from which on one that differs is a slip rather than another word
_NOT_LETTERS: Final = re.compile(r"[\W_]+")


@lru_cache(maxsize=4096)
def plain_tag(tag: str) -> str:
    """``tag`` as tags are compared: without case, outer space, accents, marks that nobody sees, forms of width."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", tag).casefold())
    seen = "".join(char for char in plain if unicodedata.category(char) not in ("Mn", "Cf", "Cc") or char in "\t\n\r")
    return " ".join(seen.split())


def plain_tags(tags: Iterable[str]) -> frozenset[str]:
    return frozenset(map(plain_tag, tags))


def says_sensitive(tags: Iterable[str]) -> bool:
    """Whether one of ``tags`` is the word that keeps a text from hosted models."""
    return any(plain_tag(tag) == SENSITIVE for tag in tags)


def unknown_sensitivity(tag: str) -> bool:
    """Whether ``tag`` seems to say that a text is sensitive in a word that keeps it from nothing: ``sensitve``,
    ``confidential``, ``sensitivity:high``. ``not sensitive`` and ``topic:private-insurance`` say nothing of the kind.
    """
    plain = plain_tag(tag)
    if plain == SENSITIVE:
        return False
    words = _NOT_LETTERS.sub(" ", plain).split()
    if not words or not _DENIED.isdisjoint(words):
        return False
    together = "".join(words)
    return SENSITIVE in words or words[0] in _CLASSES or together in _OTHER_WORDS or _is_slip(together)


def slip_of(tag: str, known: Iterable[str]) -> str:
    """The one of ``known`` that ``tag`` seems to mean, with other marks (``legal-hold``) or a slip of one letter.

    "" where it is one of them, or means none. Tags that differ in a number are different.
    """
    plain, listed = plain_tag(tag), list(known)
    if plain in plain_tags(listed):
        return ""
    letters = _letters(plain)
    return next((one for one in listed if letters and _is_alike(letters, _letters(plain_tag(one)))), "")


def _letters(plain: str) -> str:
    return _NOT_LETTERS.sub("", plain)


def _is_alike(letters: str, others: str) -> bool:
    if letters == others:
        return True
    if min(len(letters), len(others)) < _LONG or abs(len(letters) - len(others)) > 1:
        return False
    if [mark for mark in letters if mark.isdigit()] != [mark for mark in others if mark.isdigit()]:
        return False
    from rapidfuzz.distance import OSA

    return OSA.distance(letters, others, score_cutoff=1) <= 1


def _is_slip(word: str) -> bool:
    missing = Counter(SENSITIVE) - Counter(word)
    if abs(len(word) - len(SENSITIVE)) > _NEAR or missing.total() > _NEAR:  # as no slip of so few letters is
        return False
    from rapidfuzz.distance import OSA

    return OSA.distance(word, SENSITIVE, score_cutoff=_NEAR) <= _NEAR

"""A quote and a source in, where the quote really stands in the source out, or None.

Exact first, once white space, line-end hyphenation, dashes and quotation marks are made alike;
then by ``partial_ratio_alignment`` (rapidfuzz), which forgives misread letters. Digits are never
forgiven: a quote with one digit changed is not in the source.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from rapidfuzz import fuzz

from milo_bench.core.records import Frozen

MIN_SCORE: Final = 0.9
MIN_FUZZY_CHARS: Final = 8  # a shorter quote has too few letters to forgive one
MAX_FUZZY_CHARS: Final = 2_000

_SAME = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹣－", "-") | dict.fromkeys("‘’‚‛′`´", "'") | dict.fromkeys("“”„‟″«»", '"') | {"…": "..."}
)
_LINE_HYPHEN = re.compile(r"(?<=[^\W\d])(?:[-‐]\s*\n\s*|\u00ad\s*)(?=[^\W\d])")
_SPACE = re.compile(r"[\s\u200b\ufeff]+")
_DIGITS = re.compile(r"\d")
_UNSPACED_SCRIPTS_FROM: Final = "\u2e80"  # from here on scripts write words without spaces between


class QuoteMatch(NamedTuple):
    """Characters ``start`` to ``end`` of the source; ``score`` is 1.0 for an exact match."""

    start: int
    end: int
    score: float


class _Index(Frozen, frozen=True):
    """A text made comparable; ``offsets[i]`` is where its character i came from in the text."""

    text: str
    offsets: tuple[int, ...]


def find_quote(quote: str, source: str, *, min_score: float = MIN_SCORE) -> QuoteMatch | None:
    """Where ``quote`` stands in ``source``, or None. Offsets are into ``source`` as given.

    An exact match begins and ends at word edges ("ann" is not in "annual"). ``min_score`` 0..1
    bounds the inexact search; 1 switches it off.
    """
    start = _at_word_edges(quote, source)
    if start >= 0 and not quote.isspace():
        return QuoteMatch(start, start + len(quote), 1.0)
    wanted = _index.__wrapped__(quote).text.strip()
    if not wanted:
        return None
    index = _index(source)
    start = _at_word_edges(wanted, index.text)
    if start >= 0:
        return _match(index, start, start + len(wanted), 1.0)
    if min_score >= 1 or not MIN_FUZZY_CHARS <= len(wanted) <= min(MAX_FUZZY_CHARS, len(index.text)):
        return None
    return _nearest(wanted, index, min_score)


def _nearest(wanted: str, index: _Index, min_score: float) -> QuoteMatch | None:
    found = fuzz.partial_ratio_alignment(wanted, index.text, score_cutoff=100 * min_score)
    if found is None:
        return None
    start, end = found.dest_start, found.dest_end
    # The window is as long as the quote; a dropped or doubled letter leaves its last number half inside.
    while end < len(index.text) and index.text[end].isdigit() and index.text[end - 1].isdigit():
        end += 1
    while start > 0 and index.text[start - 1].isdigit() and index.text[start].isdigit():
        start -= 1
    if _DIGITS.findall(wanted) != _DIGITS.findall(index.text[start:end]):
        return None
    return _match(index, start, end, found.score / 100)


def _match(index: _Index, start: int, end: int, score: float) -> QuoteMatch:
    return QuoteMatch(index.offsets[start], index.offsets[end - 1] + 1, score)


def _at_word_edges(wanted: str, text: str) -> int:
    """The first place of ``wanted`` in ``text`` that cuts no word or number in two, or -1."""
    if not wanted:
        return -1
    start = text.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if not (_joined(text, start) or _joined(text, end)):
            return start
        start = text.find(wanted, start + 1)
    return -1


def _joined(text: str, at: int) -> bool:
    """Whether a word or number goes on across position ``at``."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if before >= _UNSPACED_SCRIPTS_FROM or after >= _UNSPACED_SCRIPTS_FROM:
        return False
    return before.isalnum() and after.isalnum()


@lru_cache(maxsize=512)
def _index(text: str) -> _Index:
    """White space runs as one space, line-end hyphens gone, one kind of dash and quote, ligatures spelt out."""
    pieces: list[str] = []
    offsets: list[int] = []
    dropped = {at for match in _LINE_HYPHEN.finditer(text) for at in range(*match.span())}
    spaces = {match.start(): match.end() for match in _SPACE.finditer(text)}
    skip_to = 0
    for at, mark in enumerate(text):
        if at < skip_to or at in dropped:
            continue
        if at in spaces:
            skip_to = spaces[at]
            pieces.append(" ")
            offsets.append(at)
            continue
        plain = mark if mark.isascii() else unicodedata.normalize("NFKC", mark).translate(_SAME)
        if mark == "`":
            plain = "'"
        pieces.append(plain)
        offsets.extend([at] * len(plain))
    return _Index("".join(pieces), tuple(offsets))

"""A quote and a source in, where the quote really stands in the source out, or None.

Exact first, once white space, line-end hyphenation, dashes and quotation marks are made alike;
then by ``partial_ratio_alignment`` (rapidfuzz), which forgives misread letters. Digits are never
forgiven: a quote with one digit changed is not in the source.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import Final, NamedTuple

from milo_bench.core.text import LIGATURES

MIN_SCORE: Final = 0.9
MIN_FUZZY_CHARS: Final = 8  # a shorter quote has too few letters to forgive one
MAX_FUZZY_CHARS: Final = 2_000

_SAME = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹣－", "-") | dict.fromkeys("‘’‚‛′`´", "'") | dict.fromkeys("“”„‟″«»", '"') | {"…": "..."}
)
# Where a text differs from its comparable form. The first set is all that can begin a difference: the
# search skips to it at once, and what it took is looked back on. Possessive, so that no text is slow.
_UNLIKE = re.compile(
    r"""[^!-,.-_a-~](?:
        (?P<blank> (?<=[\s\u200b\ufeff]) (?: [\s\u200b\ufeff]++ | (?<![ ]) ) )    # not one plain space
      | (?P<hyphen> (?<=[^\W\d][-‐]) [^\S\n]*+ \n \s*+ (?=[^\W\d])            # at a line end, in a word
                  | (?<=[^\W\d]\u00ad) \s*+ (?=[^\W\d]) )
      | (?<=[^\x00-_a-\x7f])                                                   # any other mark
    )""",
    re.VERBOSE,
)
_DIGITS = re.compile(r"\d")
_UNSPACED_SCRIPTS_FROM: Final = "\u2e80"  # from here on scripts write words without spaces between


_UNSEEN = str.maketrans(dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""))


class QuoteMatch(NamedTuple):
    """Characters ``start`` to ``end`` of the source; ``score`` is 1.0 for an exact match."""

    start: int
    end: int
    score: float


class _Index(NamedTuple):
    """A text made comparable, in stretches that run alongside the source, character by character.

    The stretch from ``starts[i]`` on stands in the source from ``origins[i]`` on.
    """

    text: str
    starts: list[int]
    origins: list[int]

    def origin(self, at: int) -> int:
        """Where character ``at`` of ``text`` came from in the source."""
        stretch = bisect_right(self.starts, at) - 1
        return self.origins[stretch] + at - self.starts[stretch]


def plain_typography(text: str) -> str:
    """``text`` with one kind of dash and of quotation mark, ligatures spelt out, and without marks that nobody sees."""
    return text if text.isascii() else text.translate(_UNSEEN).translate(LIGATURES).translate(_SAME)


def find_quote(quote: str, source: str, *, min_score: float = MIN_SCORE) -> QuoteMatch | None:
    """Where ``quote`` stands in ``source``, or None. Offsets are into ``source`` as given.

    An exact match begins and ends at word edges ("ann" is not in "annual"). ``min_score`` 0..1
    bounds the inexact search; 1 switches it off.
    """
    start = _at_word_edges(quote, source)
    if start >= 0 and not quote.isspace():
        return QuoteMatch(start, start + len(quote), 1.0)
    wanted = _made_comparable(quote).text.strip()
    if not wanted:
        return None
    index = _index(source)
    start = _at_word_edges(wanted, index.text)
    if start >= 0:
        return _with_accents(source, _match(index, start, start + len(wanted), 1.0))
    if min_score >= 1 or not MIN_FUZZY_CHARS <= len(wanted) <= min(MAX_FUZZY_CHARS, len(index.text)):
        return None
    found = _nearest(wanted, index, min_score)
    return None if found is None else _with_accents(source, found)


def _with_accents(source: str, match: QuoteMatch) -> QuoteMatch:
    """The match with the accents that are written apart behind its last letter."""
    end = match.end
    while end < len(source) and unicodedata.combining(source[end]):
        end += 1
    return match._replace(end=end)


def _nearest(wanted: str, index: _Index, min_score: float) -> QuoteMatch | None:
    from rapidfuzz import fuzz  # only a quote that is not there word for word needs it

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
    return QuoteMatch(index.origin(start), index.origin(end - 1) + 1, score)


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
def _index(source: str) -> _Index:
    return _made_comparable(source)


def _made_comparable(text: str) -> _Index:
    """White space runs as one space, line-end hyphens gone, one kind of dash and quote, ligatures spelt out."""
    pieces: list[str] = []
    starts, origins = [0], [0]
    length = done = 0
    for match in _UNLIKE.finditer(text):
        begin, end = match.span()
        kind = match.lastgroup
        plain = " " if kind == "blank" else "" if kind == "hyphen" else _plain(match[0])
        before = text[done:begin]
        if plain and unicodedata.combining(plain[0]):
            base = before[-1:] or "".join(pieces[-2:])[-1:]
            joined = unicodedata.normalize("NFC", base + plain)
            if base and len(joined) == 1:  # an accent written apart: one letter, where its base is
                if not before:
                    pieces[-2:] = ["".join(pieces[-2:])[:-1]]
                before, plain = before[:-1] + joined, ""
        pieces += (before, plain)
        length += begin - done  # also where a letter was joined: it takes the place of its base
        done = end
        if len(plain) == end - begin:
            length += 1
            continue
        for _ in plain:  # each letter of a ligature comes from the one mark
            starts.append(length)
            origins.append(begin)
            length += 1
        starts.append(length)
        origins.append(end)
    pieces.append(text[done:])
    return _Index("".join(pieces), starts, origins)


@lru_cache(maxsize=4_096)
def _plain(mark: str) -> str:
    return unicodedata.normalize("NFKC", mark).translate(_SAME)

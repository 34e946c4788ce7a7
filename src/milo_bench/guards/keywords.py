"""A note in, the words in it that send it to a person whatever a model says out; it rather rings too often than misses.

A rail in front of a classifier: any hit means human review. So no denial takes a hit away. "No lawyer is
involved", a quoted clause and a closed case ring as well; a person clears them in seconds, and a rule
that read denials would one day read "he did not threaten to sue, he has sued" as harmless. Negation
only ever adds: "will not accept", "refuses to pay", "never paid" are payment disputes because of it.
Only a thing that died ("the battery is dead") does not ring: it hurt no person.
The words are data, a file for each language (``guards/packs/keywords``); a slip of the pen in a long word rings too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import Final

from milo_bench.core.keyword_sets import KEYWORD_SETS, KeywordSet
from milo_bench.core.once import once
from milo_bench.core.records import Frozen
from milo_bench.guards.languages.marks import unmarked
from milo_bench.guards.languages.recognise import NONE, recognise
from milo_bench.guards.packs.read import languages_of, read_pack
from milo_bench.guards.packs.read import words as words_of

KEYWORDS_VERSION = "8"

_WHOLE_WORD: Final = re.compile(
    r"[^\W\d_]{7,}"
)  # of an entry, or of a note: long enough that one slip is no other word


class KeywordHit(Frozen, frozen=True):
    """Words at ``start`` to ``end`` of the note that belong to ``keyword_set``."""

    keyword_set: KeywordSet
    start: int
    end: int
    text: str


@once
def keywords(language: str) -> dict[KeywordSet, tuple[str, ...]]:
    """The entries of each keyword set in one language: patterns over one or a few words, at word edges, in any case.

    ``_`` stands for white space, line breaks included; ``…`` for up to 40 characters within a sentence.
    """
    pack = read_pack("keywords", language)
    return {name: tuple(pack.get(name, ())) for name in KEYWORD_SETS}


@once
def _patterns(language: str) -> tuple[tuple[KeywordSet, re.Pattern[str]], ...]:
    made = []
    for name, entries in keywords(language).items():
        joined = "|".join(f"(?:{entry})" for entry in entries) or "(?!)"
        source = joined.replace("_?", r"[\s-]?").replace("_", r"\s+").replace("…", r"[^.!?\n]{0,40}?\b")
        made.append((name, re.compile(rf"(?<!\w)(?:{source})(?!\w)", re.IGNORECASE)))
    return tuple(made)


@once
def _things(language: str) -> re.Pattern[str]:
    """A clause of which the subject is a thing, up to the word that says that it is dead; and "dead battery".

    Only small words may be between, and nothing before but an article and one word: in "the man on the phone is dead"
    the phone is not the subject.
    """
    pack = read_pack("keywords", language)
    parts = ("things", "links", "dead", "articles", "small", "joins", "before", "behind")
    if not pack.get("things"):
        return re.compile("(?!)")
    thing, link, dead, article, small, join, before, behind = (
        "(?:" + "|".join(pack.get(part, ["(?!)"])) + ")" for part in parts
    )
    begins = rf"(?:^|[.!?,;:\n]\s*|(?<!\w){join}\s+)"
    named = rf"(?:{article}(?:\s+|(?<='))(?:\w+\s+)?)?{thing}\s+"
    ended = rf"(?:{small}\s+){{0,3}}{dead}"
    turned = rf"(?<!\w){link}\s+{article}\s+(?:\w+\s+)?{thing}\s+{ended}"  # "leider ist der Akku tot"
    beside = rf"(?<!\w)(?:{before}\s+{thing}|{thing}\s+{behind})"
    return re.compile(rf"(?:{begins}{named}(?:{link}\s+){{0,2}}{ended}|{turned}|{beside})(?!\w)", re.IGNORECASE)


def _within(span: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)


@once
def _long_words(language: str) -> dict[str, KeywordSet]:
    return {
        entry.casefold(): name
        for name, entries in keywords(language).items()
        for entry in entries
        if _WHOLE_WORD.fullmatch(entry.removesuffix("?"))
        for entry in {entry.removesuffix("s?"), entry.removesuffix("?")}
        if len(entry) >= 7
    }


def keyword_risk(text: str, *, expected: str = "") -> tuple[KeywordHit, ...]:
    """Every hit of every keyword set, in the order of the text; empty means that the rail lets the note pass.

    Each sentence is read with the words of its language, and one whose language is not recognised with those of all.
    ``expected`` is the language of notes that are too short to recognise.
    """
    plain = unmarked(text)
    read = plain.text.replace("’", "'").replace("‘", "'").replace("\u00a0", " ")
    known = languages_of("keywords")
    parts = recognise(plain.text, expected=expected)
    starts = [part.start for part in parts]
    present = {part.language for part in parts} & set(known) or {expected if expected in known else "en"}
    everywhere = any(part.language not in (NONE, *known) for part in parts)
    hits: dict[tuple[int, int, KeywordSet], KeywordHit] = {}
    for language in known if everywhere else sorted(present):
        for name, start, end in _hits(read, language):
            part = parts[max(0, bisect_right(starts, start) - 1)] if parts else None
            if part is None or part.language not in known or part.language == language:
                first, last = plain.at(start, end)
                hits[first, last, name] = KeywordHit(name, first, last, text[first:last])
    return tuple(sorted(hits.values(), key=lambda hit: (hit.start, hit.keyword_set)))


def unread_by_keywords(text: str, *, expected: str = "") -> bool:
    """Whether some of ``text`` is in a language for which there are no keywords."""
    known = languages_of("keywords")
    return any(part.language not in (NONE, *known) for part in recognise(text, expected=expected))


def _hits(text: str, language: str) -> list[tuple[KeywordSet, int, int]]:
    found = [(name, *match.span()) for name, pattern in _patterns(language) for match in pattern.finditer(text)]
    covered = {place for _, start, end in found for place in range(start, end)}
    if found and (things := [match.span() for match in _things(language).finditer(text)]):
        found = [one for one in found if one[0] != "injury" or not _within(one[1:], things)]
    for match in _WHOLE_WORD.finditer(text):
        if match.start() in covered:
            continue
        meant = _meant_by(match[0].casefold(), language)
        if meant is not None and len(match[0][0].casefold()) == 1:
            found.append((meant, *match.span()))
    return found


@lru_cache(maxsize=1 << 14)  # notes are of the same few thousand words
def _meant_by(word: str, language: str) -> KeywordSet | None:
    """The keyword set of the long keyword that ``word``, in lower case, is with at most one slip of the pen."""
    if word in words_of("keywords", language, "no_slips"):
        return None
    from rapidfuzz import process  # only what reads notes needs it
    from rapidfuzz.distance import OSA

    known = _long_words(language)
    near = process.extractOne(word, known.keys(), scorer=OSA.distance, score_cutoff=1)
    return known[near[0]] if near is not None and near[0][0] == word[0] else None

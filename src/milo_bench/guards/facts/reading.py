"""Text in, its facts out, each sentence by the rules of its own language; which language reads which part of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from msgspec import structs

from milo_bench.guards.facts.abroad import find_facts_abroad
from milo_bench.guards.facts.english import find_facts_english
from milo_bench.guards.facts.fact import Fact
from milo_bench.guards.languages.marks import Unmarked, unmarked
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.packs.read import languages_of
from milo_bench.guards.sentences import languages_told_in

ENGLISH: Final = "en"
_TOLD_BY: Final = 2 * 4000  # characters that tell the language of a text
_STATEMENT: Final = 500  # characters: what an answer says at a time
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def find_facts(text: str, *, day_first: bool = True, language: str = "") -> tuple[Fact, ...]:
    """The facts of ``text`` in order, none inside another, each sentence by the rules of its own language.

    ``language`` (ISO 639-1) is that of texts whose words tell none. Zero-width characters and digits of other scripts
    hide nothing.
    """
    return (_facts_of_short if len(text) <= _STATEMENT else _facts_of)(text, day_first, language)


def _facts_of(text: str, day_first: bool, language: str) -> tuple[Fact, ...]:
    plain = unmarked(text)
    found = [
        fact
        for told, start, end in read_languages(plain.text, language)
        for fact in _facts_within(plain.text, start, end, told, day_first)
    ]
    if plain.places is None:
        return tuple(found)
    return tuple(_placed(fact, text, plain) for fact in found)


# Each rule about facts reads an answer's statements, and models say the same of a case.
_facts_of_short = lru_cache(maxsize=1 << 13)(_facts_of)


def _facts_within(text: str, start: int, end: int, language: str, day_first: bool) -> Iterator[Fact]:
    part = text[start:end]
    if language == ENGLISH:
        found = find_facts_english(part, day_first=day_first)
    else:
        found = find_facts_abroad(part, language=language, day_first=day_first)
    if not start:
        yield from found
        return
    for fact in found:
        yield structs.replace(fact, start=fact.start + start, end=fact.end + start)


def _placed(fact: Fact, text: str, plain: Unmarked) -> Fact:
    start, end = plain.at(fact.start, fact.end)
    return structs.replace(fact, text=text[start:end], start=start, end=end)


def language_of_facts(text: str, otherwise: str = ENGLISH) -> str:
    """The language of most of ``text``: that of its small words or its script, ``otherwise`` where none is told.

    Only languages with a file in ``packs/facts`` are told; all others are read as ``otherwise``.
    """
    return language_of_texts((text,), otherwise)


def language_of_texts(texts: Sequence[str], otherwise: str = ENGLISH) -> str:
    """``language_of_facts`` of ``texts``, each on a line of its own."""
    left, kana, han = _TOLD_BY, False, False
    for text in texts:
        if left <= 0:
            break
        if not text.isascii():
            start = text[:left]
            han, kana = han or bool(_HAN.search(start)), kana or bool(_KANA.search(start))
        left -= len(text) + 1
    if han:
        return "ja" if kana else "zh"
    told = languages_told_in(texts)
    if otherwise != ENGLISH and otherwise in told:
        return otherwise  # a short line speaks for several languages about as well
    for language in told:
        if language == ENGLISH or language in languages_of("facts"):
            return language
    return otherwise


@lru_cache(maxsize=1 << 15)
def read_languages(text: str, otherwise: str = ENGLISH) -> tuple[tuple[str, int, int], ...]:
    """Which language's rules read which part of ``text``, in order, from its beginning to its end.

    A sentence in a language without rules, or in none, is read as the one before it; all are read as ``otherwise``
    where none is told.
    """
    otherwise = otherwise or ENGLISH
    told = [
        (part.language, part.start)
        for part in recognise(text, expected=language_of_facts(text, otherwise))
        if part.language == ENGLISH or part.language in languages_of("facts")
    ]
    changes = [(language, at) for i, (language, at) in enumerate(told) if not i or told[i - 1][0] != language]
    if not changes:
        return ((language_of_facts(text, otherwise), 0, len(text)),)
    ends = [at for _, at in changes[1:]] + [len(text)]
    return tuple(
        (language, at if i else 0, end) for i, ((language, at), end) in enumerate(zip(changes, ends, strict=True))
    )

"""Text in another language than English in, where names stand in it out; nouns of German are none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from milo_bench.core.once import once
from milo_bench.guards.packs.read import read_pack, words
from milo_bench.guards.personal.given_names import is_given_name
from milo_bench.guards.values.month_names import months_in

_UPPER = "A-ZÀ-ÖØ-Þ" + "".join(mark for mark in map(chr, range(0x100, 0x180)) if mark.isupper())
_CAPITAL = rf"(?:[{_UPPER}][\w'’]*)(?:-\w+)*"
_PARTICLE = r"(?:(?:de|del|della|di|da|do|dos|das|von|van|der|den|ter|la|las|los|le|du|des|y|e)[ \t]){0,2}"
_RUN = re.compile(rf"(?<![\w�@]){_CAPITAL}(?:[ \t]{_PARTICLE}{_CAPITAL}){{0,5}}")
_TOKEN = re.compile(_CAPITAL)
_ELIDED = re.compile(r"(?:[LlDdSsNnJjMmTtCc]|[Qq]u|[Dd]ell|[Dd]all|[Nn]ell|[Aa]ll|[Ss]ull)['’]")
_OPENS = re.compile(r"(?:^|[.!?:;•*>\"“„«‘(\[|\n\t–—-])[\s\"“„«‘'(\[*>¿¡#-]*$")
_ABBREVIATION: Final = 5  # letters of a word in capitals that names nobody: MWST, PIN


def find_names_abroad(text: str, language: str) -> Iterator[tuple[int, int]]:
    """The places of names, in order."""
    capitals = bool(read_pack("facts", language).get("nouns_have_capitals"))
    for match in _RUN.finditer(text):
        tokens = [(match.start() + one.start(), match.start() + one.end()) for one in _TOKEN.finditer(match[0])]
        opens = bool(_OPENS.search(text[max(0, match.start() - 12) : match.start()]))
        opens = opens and _plain(_word_before(text, match.start())) not in words("facts", language, "titles")
        tokens = [_without_article(text, token) for token in tokens[opens and not capitals :]]
        named = _among_nouns(text, tokens, language) if capitals else _among_others(text, tokens, language)
        if named:
            yield named[0][0], named[-1][1]


def _among_others(text: str, tokens: list[tuple[int, int]], language: str) -> list[tuple[int, int]]:
    """The tokens of a run that name something where only names have capitals."""
    while tokens and _ordinary(text[slice(*tokens[0])], language):
        tokens = tokens[1:]
    while tokens and _ordinary(text[slice(*tokens[-1])], language):
        tokens = tokens[:-1]
    return tokens


def _among_nouns(text: str, tokens: list[tuple[int, int]], language: str) -> list[tuple[int, int]]:
    """The tokens of a run that name something where nouns have capitals too: behind a title or a given name, or a
    place that is known."""
    for at, token in enumerate(tokens):
        word = text[slice(*token)]
        before = text[slice(*tokens[at - 1])] if at else _word_before(text, token[0])
        if _plain(before) in words("facts", language, "titles") and not _ordinary(word, language):
            return tokens[at:]
        if is_given_name(word, language) and at + 1 < len(tokens):
            return tokens[at:]
    return [token for token in tokens if _plain(text[slice(*token)]) in words("facts", language, "places")][:1]


def _word_before(text: str, start: int) -> str:
    found = _BEFORE.search(text[max(0, start - 24) : start])
    return found[1] if found else ""


_BEFORE = re.compile(r"(\w+)\.?[ \t]$")


def _without_article(text: str, token: tuple[int, int]) -> tuple[int, int]:
    """The token without a French or Italian article written to it: "L'Oréal" stays as its own word."""
    elided = _ELIDED.match(text, token[0], token[1])
    return (elided.end(), token[1]) if elided and elided.end() < token[1] else token


@lru_cache(maxsize=8192)
def _ordinary(word: str, language: str) -> bool:
    """Whether a word with a capital names nobody: a title, a month, a small word, an abbreviation."""
    plain = _plain(word)
    if word.isupper() and len(word) <= _ABBREVIATION:
        return True
    return plain in _no_names(language) or plain in months_in(language)


@once
def _no_names(language: str) -> frozenset[str]:
    found = {
        word.strip(".'’") for name in ("not_names", "titles", "ordinary") for word in words("facts", language, name)
    }
    found |= words("sentences", language, "starters") | words("dates", language, "weekdays")
    return frozenset(word.casefold() for word in found)


def _plain(word: str) -> str:
    return word.strip("'’.-").casefold()


def same_name(word: str, known: frozenset[str], language: str) -> bool:
    """Whether ``word`` of a name stands among ``known`` words, in any of the forms that its language gives names."""
    if word in known:
        return True
    endings = words("facts", language, "name_endings")
    if not endings:
        return False
    stems = {_stem(word, ending) for ending in ("", *endings) if word.endswith(ending)}
    return any(stem in _stems(known, language) for stem in stems if len(stem) >= _SHORTEST_STEM)


def languages_with_name(word: str, known: frozenset[str], plain: frozenset[str], languages: Iterable[str]) -> set[str]:
    """Those of ``languages`` in which ``same_name`` finds ``word`` among ``known``; ``plain`` are they without accents.

    A language is asked only where ``plain`` has a stem of the word with an ending: to make all stems takes far longer.
    """
    found = set()
    for language in languages:
        endings = ("", *words("facts", language, "name_endings"))
        stems = {_stem(word, ending) for ending in endings if word.endswith(ending)}
        near = any(f"{stem}{_stem(ending, '')}" in plain for stem in stems for ending in endings)
        if near and same_name(word, known, language):
            found.add(language)
    return found


def without_accents(known: Iterable[str]) -> frozenset[str]:
    return frozenset(word if word.isascii() else _stem(word, "") for word in known)


_SHORTEST_STEM: Final = 2


@lru_cache(maxsize=256)
def _stems(known: frozenset[str], language: str) -> frozenset[str]:
    endings = ("", *words("facts", language, "name_endings"))
    # Without "in", which makes no "Ines", and without the "ins" that is known with it as with any word.
    small = {f"{word}{end}" for word in _no_names(language) if len(word) == _SHORTEST_STEM for end in ("", "s")}
    return frozenset(_stem(word, ending) for word in known - small for ending in endings if word.endswith(ending))


@lru_cache(maxsize=65_536)
def _stem(word: str, ending: str) -> str:
    kept = word[: len(word) - len(ending)] if ending else word
    folded = "".join(mark for mark in unicodedata.normalize("NFD", kept) if not unicodedata.combining(mark))
    return folded.replace("ł", "l")

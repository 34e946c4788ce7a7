"""Text of a language in, the numbers that it writes in words out, by the number words of ``packs/facts``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple

from milo_bench.core.once import once
from milo_bench.guards.packs.read import read_pack, words

_TOKEN = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+){0,4}")
_LONGEST: Final = 60  # letters of one number word
_HUNDRED, _THOUSAND = 100, 1000


class NumberWords(NamedTuple):
    """``value`` in words at ``start`` to ``end``; ``doubtful``: the word has other meanings, as ordinals have too."""

    value: int
    start: int
    end: int
    doubtful: bool = False


def find_number_words(text: str, language: str) -> Iterator[NumberWords]:
    """The numbers in words, in order: "vierundzwanzig", "soixante-dix", "dwadzieścia cztery"."""
    joiner = str(read_pack("facts", language).get("joiner", ""))
    between = re.compile(rf"[\s\u00a0-]+(?:{re.escape(joiner)}[\s\u00a0]+)?" if joiner else r"[\s\u00a0-]+", re.I)
    parts: list[int] = []
    start = end = 0
    article: NumberWords | None = None  # "one" and "a" are numbers before "hundred" and "thousand"
    for match in _TOKEN.finditer(text):
        word = match[0].casefold()
        if parts and word == joiner:
            continue
        read = _read(word, language)
        if article is not None:
            if read and read[0] in (_HUNDRED, _THOUSAND) and between.fullmatch(text, article.end, match.start()):
                parts, start, end = [article.value], article.start, article.end
            else:
                yield article
            article = None
        doubtful = None if read else _doubtful(language).get(word)
        if doubtful is not None and doubtful < 10 and parts:
            read = (doubtful,) if between.fullmatch(text, end, match.start()) and _adds(parts, (doubtful,)) else ()
        goes_on = bool(parts and read and between.fullmatch(text, end, match.start()) and _adds(parts, read))
        if parts and not goes_on:
            yield NumberWords(_sum(parts), start, end)
            parts = []
        if read:
            start = start if goes_on else match.start()
            parts = [*parts, *read]
            end = match.end()
        elif doubtful is not None:
            said = NumberWords(doubtful, *match.span(), doubtful=True)
            if doubtful == 1:
                article = said
            else:
                yield said
    if article is not None:
        yield article
    if parts:
        yield NumberWords(_sum(parts), start, end)


def _adds(parts: list[int], read: tuple[int, ...]) -> bool:
    """Whether two words are one number: "twenty four" is, "two three" is not."""
    last, first = parts[-1], read[0]
    if first in (_HUNDRED, _THOUSAND):
        return last < first
    return (
        last >= _HUNDRED > first
        or (20 <= last < _HUNDRED and last % 10 == 0 and first < 20)
        or (last >= _THOUSAND and first < _THOUSAND)
    )


def _sum(parts: list[int]) -> int:
    total, current = 0, 0
    for part in parts:
        if part == _THOUSAND:
            total += max(current, 1) * part
            current = 0
        elif part == _HUNDRED and 0 < current < _HUNDRED:  # "twaalfhonderd" is 1200
            current *= part
        else:
            current += part
    return total + current


@lru_cache(maxsize=8192)
def _read(word: str, language: str) -> tuple[int, ...]:
    """The numbers that a word is made of, () where it is none."""
    known = _numbers(language)
    if word in known:
        return (known[word],)
    if len(word) > _LONGEST:
        return ()
    if not read_pack("facts", language).get("glued"):
        return _joined_by_hyphens(word.replace("‐", "-"), language)
    return _taken_apart(word, language)


def _joined_by_hyphens(word: str, language: str) -> tuple[int, ...]:
    """The numbers that are joined, the longest first: "quatre-vingt-douze" is 80 and 12. () where a piece is none."""
    known = _numbers(language)
    joiner = str(read_pack("facts", language).get("joiner", ""))
    pieces = word.split("-")
    values: list[int] = []
    while len(pieces) > 1 or values:
        if not pieces:
            return tuple(values)
        size = next((size for size in range(len(pieces), 0, -1) if "-".join(pieces[:size]) in known), 0)
        if size:
            values.append(known["-".join(pieces[:size])])
        elif (one := _doubtful(language).get(pieces[0])) is not None and values and one < 10:
            values.append(one)
        elif pieces[0] != joiner:
            return ()
        pieces = pieces[max(size, 1) :]
    return ()


def _taken_apart(word: str, language: str) -> tuple[int, ...]:
    """The shortest way to make ``word`` of number words written together, () where there is none."""
    ways: list[tuple[int, ...] | None] = [None] * (len(word) + 1)
    ways[0] = ()
    for at, way in enumerate(ways):
        if way is None:
            continue
        for piece, value in _pieces(language).items():
            if word.startswith(piece, at) and at + len(piece) <= len(word):
                longer = (*way, value)
                known = ways[at + len(piece)]
                if known is None or len(longer) < len(known):
                    ways[at + len(piece)] = longer
    made = tuple(value for value in ways[-1] or () if value)
    return made if len(made) > 1 or (made and made[0] >= _HUNDRED) else ()


@once
def _numbers(language: str) -> dict[str, int]:
    return _table(read_pack("facts", language).get("numbers", {}))


@once
def _doubtful(language: str) -> dict[str, int]:
    return _table(read_pack("facts", language).get("doubtful", {}))


@once
def _pieces(language: str) -> dict[str, int]:
    return _numbers(language) | _table(read_pack("facts", language).get("parts", {}))


def _table(rows: dict[str, Any]) -> dict[str, int]:
    return {word.casefold(): int(value) for value, said in rows.items() for word in str(said).split()}


def number_words(language: str) -> dict[str, int]:
    """Words, in lower case, that are numbers by themselves: also those with other meanings, if they are more than 1."""
    return _numbers(language) | {word: value for word, value in _doubtful(language).items() if value != 1}


def words_for_one(language: str) -> frozenset[str]:
    """Words for 1 that have other meanings."""
    return frozenset(word for word, value in _doubtful(language).items() if value == 1)


def parts_of_number_words(language: str) -> dict[str, int]:
    """What number words are made of, where they are written together; else nothing."""
    return _pieces(language) if read_pack("facts", language).get("glued") else {}


def halves(language: str) -> frozenset[str]:
    """The words for a half: "halbe" million."""
    return words("facts", language, "half")

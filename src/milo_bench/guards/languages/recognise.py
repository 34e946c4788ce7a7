"""Text in, the language of each of its sentences out, "" where it has none, ``und`` where none can be told.

Frequent words decide where they are clear; else py3langid's n-grams are asked as well, among the languages of the
script. Numbers, codes, addresses and names have no language. A sentence that is open goes with the rest of the text.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from milo_bench.core.once import once
from milo_bench.core.records import Frozen
from milo_bench.guards.languages.evidence import (
    SCRIPT_LANGUAGE,
    SCRIPT_LANGUAGES,
    frequent_words,
    likelihoods,
    logarithm,
    weights,
    words_of,
)
from milo_bench.guards.languages.marks import unmarked
from milo_bench.guards.sentences import split_sentences

UNKNOWN: Final = "und"  # ISO 639-2: words whose language cannot be told
NONE: Final = ""  # no words of any language: numbers, codes, names

# Of a sentence's words by their number, how far ahead (natural logarithm) the best language must be.
_MARGIN: Final = {1: 9.0, 2: 3.0, 3: 2.0, 4: 1.0}
_LEAST_MARGIN: Final = 0.5
_WORD_WEIGHT: Final = 2.0  # of a frequent word, in the same measure
_EXPECTED: Final = 1.0  # for the language that is expected
_FAR: Final = {2: 4.0}  # the expected language is out of the question where it is this far behind
_LEAST_FAR: Final = 2.0
_NEAR: Final = 2.0  # a stretch that cannot be told may be of a language that is so far behind the best
_READ_CHARS: Final = 300  # of one sentence, for the n-grams

# Citations, addresses, code, placeholders, whatever has a digit or an underscore in it.
_MAIL: Final = r"[^\s@]{1,80}@\S+|"
_NO_WORDS: Final = (
    rf"https?://\S+|www\.\S+|{_MAIL}`[^`\n]*`|\[[A-Z]{{1,3}}[-‐‑–−]?\d[^\]\n]*\]|<[^<>\n]{{1,80}}>|\{{[^{{}}\n]{{0,80}}\}}"
    r"|[^\s\u3040-\u9fff]{0,80}[\d_/\\=#][^\s\u3040-\u9fff]*|\b[A-Z]{1,2}\.|(?<![^\W\d_])[A-Z]{2,5}(?![^\W\d_])(?=.*[a-z])"
)
_WITHOUT_MAIL: Final = re.compile(_NO_WORDS.replace(_MAIL, ""))  # to look for an address takes half of the time
# One of these is in each of them: to look for it takes a fraction of the pattern.
_HAS_NO_WORDS: Final = re.compile(r"[\d_/\\=#@`\[<{]|[A-Z][A-Z.]|www\.")
_CLAUSE: Final = re.compile(r"[,;:()\[\]\"“”„«»–—]+|\s-\s")
_TOKEN: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LEAST_CLAUSE: Final = 3  # words
_LOWER_CASE: Final = re.compile(r"(?<![^\W\d_'’-])[^\W\d_A-Z]+(?![\w'’-])")
_ORDINARY: Final = re.compile(r"(?<![\w'’.-])[^\W\d_A-ZÀ-ÖØ-Þ]{3,}(?![\w'’-])|^\s*[^\W\d_]{4,}[.!]\s*$")
_LEAST_STRANGE: Final = 4  # words in lower case
_STRANGE: Final = 5  # and fewer than one in so many is frequent in the language that is expected


class LanguagePart(Frozen, frozen=True, omit_defaults=False):
    """``source[start:end]`` is of ``language``: ISO 639-1, "" for none, ``und`` for one that cannot be told."""

    start: int
    end: int
    language: str


class _Read(NamedTuple):
    """One stretch: its language, its number of letters, and how far behind the best the languages near it are."""

    start: int
    end: int
    language: str
    letters: int
    behind: dict[str, float]


def recognise(text: str, *, expected: str = "en") -> tuple[LanguagePart, ...]:
    """The stretches of ``text`` with their language, in order: sentences, or clauses of two languages within one.

    ``expected`` is the language of which an answer is taken to be as long as nothing speaks against it.
    """
    return _recognised(text, expected or "en")


# The checks of one answer ask for its language one after the other; a case is read with each answer to it.
@lru_cache(maxsize=4096)
def _recognised(text: str, expected: str) -> tuple[LanguagePart, ...]:
    plain = unmarked(text)
    read = [
        one if not start else one._replace(start=one.start + start, end=one.end + start)
        for start, end in _stretches(plain.text)
        for one in _judged(plain.text[start:end], expected)
    ]
    main = _main(read)
    found = []
    for one in read:
        language = one.language
        if (
            main
            and language not in (NONE, main)
            and one.behind.get(main, math.inf) <= (_NEAR if language == UNKNOWN else 1.0)
        ):
            language = main  # as likely as what it was taken for, and the rest of the text is of it
        start, end = plain.at(one.start, one.end)
        found.append(LanguagePart(start, end, language))
    return tuple(found)


def main_language(parts: Iterable[LanguagePart]) -> str:
    """The language of most of the text, by characters; "" where no part has one."""
    sizes: Counter[str] = Counter()
    for part in parts:
        if part.language != NONE:
            sizes[part.language] += part.end - part.start
    return sizes.most_common(1)[0][0] if sizes else NONE


def _main(read: list[_Read]) -> str:
    sizes: Counter[str] = Counter()
    for one in read:
        if one.language not in (NONE, UNKNOWN):
            sizes[one.language] += one.letters
    return sizes.most_common(1)[0][0] if sizes else NONE


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    for sentence in split_sentences(text):
        yield sentence.start, sentence.end


@lru_cache(maxsize=1 << 16)  # the lines of a case come again with each answer to it, and with each model
def _judged(sentence: str, expected: str) -> tuple[_Read, ...]:
    """The sentence as one stretch, or cut where clauses are clearly of different languages."""
    clauses = []
    at = 0
    for mark in _CLAUSE.finditer(sentence):
        clauses.append((at, mark.start()))
        at = mark.end()
    clauses.append((at, len(sentence)))
    if len(clauses) > 1:
        clear = [(first, last, _clear(sentence[first:last])) for first, last in clauses]
        if len({language for _, _, language in clear if language}) > 1:
            return tuple(_cut(sentence, clear, expected))
    return (_language_of(sentence, 0, len(sentence), expected),)


def _cut(text: str, clear: list[tuple[int, int, str]], expected: str) -> Iterator[_Read]:
    begins, current, last_end = 0, "", 0
    for first, last, language in clear:
        if language and current and language != current:
            yield _language_of(text, begins, last_end, expected)
            begins = first
        current = language or current
        last_end = last
    yield _language_of(text, begins, len(text), expected)


def _words_alone(text: str) -> str:
    """``text`` without what has no language: citations, addresses, code, numbers, abbreviations in capitals."""
    if not _HAS_NO_WORDS.search(text):
        return text
    return (_with_mail() if "@" in text else _WITHOUT_MAIL).sub(" ", text)


@once
def _with_mail() -> re.Pattern[str]:
    return re.compile(_NO_WORDS)


@lru_cache(maxsize=1 << 14)
def _clear(clause: str) -> str:
    """The language of a clause by its frequent words alone; "" where they leave room for doubt."""
    words = words_of(_words_alone(clause))
    if len(words) < _LEAST_CLAUSE:
        return NONE
    ranked = weights(words)
    if not ranked or ranked[0][1] < 2 or (len(ranked) > 1 and ranked[1][1] * 2 > ranked[0][1]):
        return NONE
    return ranked[0][0]


def _language_of(text: str, start: int, end: int, expected: str) -> _Read:
    return _Read(start, end, *_language_of_words(_words_alone(text[start:end]), expected))


@lru_cache(maxsize=1 << 14)  # without figures and codes, many lines of a record are the same
def _language_of_words(source: str, expected: str) -> tuple[str, int, dict[str, float]]:
    """The language of ``source``, its number of letters, and how far behind the best the languages near it are."""
    letters = sum(map(str.isalpha, source))
    if not letters:
        return NONE, 0, {}
    script = _script(source)
    if script in SCRIPT_LANGUAGE:
        return SCRIPT_LANGUAGE[script], letters, {}
    if script == "CJK" and re.search("[\u3040-\u30ff]", source):
        return "ja", letters, {}
    if script not in SCRIPT_LANGUAGES:
        return UNKNOWN, letters, {}
    if script != "LATIN":
        return next(iter(likelihoods(source[:_READ_CHARS], script))), letters, {}
    language, near = _latin(source, expected)
    if language == NONE and expected != "en" and _ORDINARY.search(source):
        language = expected  # too short to recognise, and not a name alone
    if language == UNKNOWN and source.isupper():
        language = NONE  # an address or a heading: capitals hide which words are names
    if language not in (NONE, expected) and near:
        language = _unless_names(source, language, expected)
    return language, letters, near


def _script(text: str) -> str:
    """The script of most letters, by their Unicode names."""
    if text.isascii():
        return "LATIN"
    counts: Counter[str] = Counter()
    for mark in text:
        if mark.isalpha():
            counts["LATIN" if mark < "\u0250" else unicodedata.name(mark, "?").split()[0]] += 1
    return counts.most_common(1)[0][0] if counts else "LATIN"


def _latin(source: str, expected: str) -> tuple[str, dict[str, float]]:
    """The language of Latin text, and how far behind the best the languages near it are; none where words decide."""
    words = words_of(source)
    ranked = weights(words)
    borne_out = dict(ranked)
    second = ranked[1][1] if len(ranked) > 1 else 0.0
    least = 2 if ranked and ranked[0][0] == expected else 3
    if ranked and ranked[0][1] >= least and ranked[0][1] >= 3 * second and ranked[0][1] * 4 >= len(words):
        return ranked[0][0], {}
    if len(words) < 2 and not (ranked and ranked[0][1] >= 1 and ranked[0][0] == expected):
        return (NONE if len(source.strip()) < 30 else UNKNOWN), {}
    likely = likelihoods(source[:_READ_CHARS].casefold() if source.isupper() else source[:_READ_CHARS], "LATIN")
    raised = {
        language: logarithm(likely[language])
        + _WORD_WEIGHT * borne_out.get(language, 0.0)
        + (_EXPECTED if language == expected else 0.0)
        for language in (*borne_out, expected)
        if language in likely
    }
    (best, top), (_, next_best) = _two_best(likely, raised)
    near = _those_near(likely, raised, top)
    if top - next_best >= _MARGIN.get(len(words), _LEAST_MARGIN):
        return best, near
    far = expected in raised and top - raised[expected] > _FAR.get(len(words), _LEAST_FAR)
    known = sum(expected in frequent_words().get(word, ()) for word in words)
    strange = known * _STRANGE < len(words) and len(_LOWER_CASE.findall(source)) >= _LEAST_STRANGE
    return (UNKNOWN if (far and len(words) > 1) or strange else NONE), near


def _two_best(likely: dict[str, float], raised: dict[str, float]) -> list[tuple[str, float]]:
    """The first two of ``raised`` and of what is only ``likely``; the likelier first where they are level."""
    found: list[tuple[str, float]] = []
    others = 2
    for language, share in likely.items():
        if language in raised:
            found.append((language, raised[language]))
        elif others:
            found.append((language, logarithm(share)))
            others -= 1
    return sorted(found, key=lambda pair: -pair[1])[:2]


def _those_near(likely: dict[str, float], raised: dict[str, float], top: float) -> dict[str, float]:
    near = {language: top - score for language, score in raised.items() if top - score <= _NEAR}
    for language, share in likely.items():
        if language not in raised:
            behind = top - logarithm(share)
            if behind > _NEAR:
                break  # as are all that follow
            near[language] = behind
    return near


def _unless_names(source: str, language: str, expected: str) -> str:
    """``language``, unless only names (words with a capital that no list of frequent words has) speak for it."""
    if source.isupper():
        return language
    known = frequent_words()
    words = _TOKEN.findall(source)
    kept = [
        word
        for place, word in enumerate(words)
        if not word[0].isupper()
        or word.casefold() in known
        or (place == 0 and len(words) > 1 and not words[1][0].isupper())  # the capital of a sentence's first word
    ]
    if len(kept) == len(words):
        return language
    if not kept:
        return NONE
    left = " ".join(kept)
    again, _ = _latin(left, expected)
    if again == NONE:
        likely = likelihoods(left, "LATIN")
        best = likely.get(language, max(likely.values()))
        behind = logarithm(best) - logarithm(likely.get(expected, best))
        return language if behind > _FAR[2] else NONE
    return language if again in (language, UNKNOWN) else again

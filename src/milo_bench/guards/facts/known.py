"""Text and its sources in, the facts of the text that no source states out.

Two mentions are the same fact where their values agree: "five" and "5", "$1,200" and "1200.00 USD", "5%" and "5 per
cent", "14 March" and "2025-03-14", "2:30 pm" and "14:30"; so in other languages: "03.03.2025" and "3. März 2025", "1250
Euro" and "1.250,00 €", "zwei Wochen" and "14 Tage". A bare number agrees with an amount of money of that value; amounts
in two named currencies never agree. A length of time agrees with its like only: "5 business days" is not "5 days". A
name agrees with a source where every word of it stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import structs

from milo_bench.core.amounts import lone_mark
from milo_bench.core.records import Frozen
from milo_bench.guards.dates import same_date
from milo_bench.guards.facts.abroad import doubtful_numbers, durations_named_abroad, find_facts_abroad, shares_named
from milo_bench.guards.facts.english import durations_named, find_facts_english, ordinals, plain_number
from milo_bench.guards.facts.fact import Fact, FactKind
from milo_bench.guards.facts.implied import (
    accounts_without_spaces,
    days_that_ranges_begin,
    lengths_named,
    other_units,
    quarters_named,
    years_of_spans,
)
from milo_bench.guards.facts.names_abroad import same_name
from milo_bench.guards.languages.marks import Unmarked, unmarked
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.names import words_of
from milo_bench.guards.packs.read import languages_of
from milo_bench.guards.sentences import languages_told

FACTS_VERSION: Final = "7"
_TOLD_BY: Final = 4000  # characters
_SHORT: Final = 200
_LONG: Final = 2000
_STATEMENT: Final = 500
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
ENGLISH: Final = "en"


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


def unsupported_facts(
    text: str, sources: Sequence[str], *, day_first: bool = True, language: str = "", expected: str = ""
) -> tuple[Fact, ...]:
    """The facts of ``text`` that stand in none of ``sources``. Absence here proves nothing about the rest.

    ``expected`` is the language (ISO 639-1) of texts whose words tell none.
    """
    known, language = _known_for(text, sources, day_first, language, expected)
    found = find_facts(text, day_first=day_first, language=language)
    return tuple(fact for fact in found if not (known.supports(fact) or _supported_otherwise(fact, known)))


def _supported_otherwise(fact: Fact, known: _Known) -> bool:
    """Whether an amount with one mark ("1,250") is in the sources when the mark is read the other way."""
    if fact.kind not in ("money", "number") or not lone_mark(fact.text):
        return False
    code, _, amount = fact.value.rpartition(" ")
    other = (Decimal(amount) * size for size in (Decimal(1000), Decimal("0.001")))
    return any(known.supports(structs.replace(fact, value=f"{code} {plain_number(one)}".strip())) for one in other)


def supports(fact: Fact, sources: Sequence[str], *, day_first: bool = True) -> bool:
    """Whether one of ``sources`` states ``fact``."""
    return _known_for(fact.text, sources, day_first, "")[0].supports(fact)


def language_of_facts(text: str, otherwise: str = ENGLISH) -> str:
    """The language of most of ``text``: that of its small words or its script, ``otherwise`` where none is told.

    Only languages with a file in ``packs/facts`` are told; all others are read as ``otherwise``.
    """
    start = text[: 2 * _TOLD_BY]
    if not start.isascii() and _HAN.search(start):
        return "ja" if _KANA.search(start) else "zh"
    told = languages_told(start)
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


def _known_for(
    text: str, sources: Sequence[str], day_first: bool, language: str, expected: str = ""
) -> tuple[_Known, str]:
    otherwise = expected if expected in languages_of("facts") else ENGLISH
    read = language or language_of_facts(_beginning((text, *sources)), otherwise)
    return _known(tuple(sources), day_first, read), read


def _beginning(texts: Iterable[str]) -> str:
    """What tells the language of ``texts``: a packet is a hundred texts, and the first of them are enough."""
    left = 2 * _TOLD_BY
    first = []
    for text in texts:
        if left <= 0:
            break
        first.append(text[:left])
        left -= len(text) + 1
    return "\n".join(first)


class _Known(Frozen, frozen=True):
    """What a set of sources states, in comparable form."""

    dates: frozenset[str]
    times: frozenset[str]
    money: frozenset[str]
    percents: frozenset[str]
    durations: frozenset[str]
    numbers: frozenset[str]  # bare, and the amounts inside money, percentages and durations
    ids: frozenset[str]
    words: frozenset[str]
    languages: frozenset[str]  # of the sources, other than English
    digits: str  # every digit run of the sources, parted by spaces

    def supports(self, fact: Fact) -> bool:
        value = fact.value
        match fact.kind:
            case "date":
                return any(same_date(value, date) for date in self.dates)
            case "time":
                return any(_same_time(value, time) for time in self.times)
            case "money":
                _, amount = value.split(" ", 1)
                return value in self.money or (
                    amount in self.numbers and not any(one.endswith(f" {amount}") for one in self.money)
                )
            case "percent":
                return value in self.percents or (value[:-1] in self.numbers and not self.percents)
            case "duration":
                return value in self.durations
            case "number":
                return value in self.numbers or f" {value} " in self.digits
            case "id":
                return value in self.ids or value in self.words or f" {value} " in self.digits
            case "name":
                return all(self._has_name(word) for word in value.split())

    def _has_name(self, word: str) -> bool:
        return word in self.words or any(same_name(word, self.words, language) for language in self.languages)


class _Said(NamedTuple):
    """What one source states: its facts, and what else a number, a date or a length in it stands for."""

    facts: tuple[Fact, ...]
    shares: frozenset[str]
    named: frozenset[str]
    begun: frozenset[str]
    doubtful: frozenset[str]
    languages: frozenset[str]  # other than English


def _said_by(source: str, day_first: bool, language: str) -> _Said:
    shares: set[str] = set()
    named: set[str] = set()
    begun: set[str] = set()
    doubtful: set[str] = set()
    languages: set[str] = set()
    plain = unmarked(source).text
    for told, start, end in read_languages(plain, language):
        part = plain[start:end]
        shares |= shares_named(part, told)
        named |= lengths_named(part, told)
        begun.update(days_that_ranges_begin(part, day_first=day_first, language=told))
        if told != ENGLISH:
            languages.add(told)
            doubtful |= set(doubtful_numbers(part, told))
            named |= durations_named_abroad(part, told)
        else:
            doubtful |= ordinals(part)
    facts = _facts_of(source, day_first, language)
    return _Said(facts, *map(frozenset, (shares, named, begun, doubtful, languages)))


# A record's short texts, its keys above all, come again with every case and model; a packet with each variant of it.
_said_by_short = lru_cache(maxsize=1 << 15)(_said_by)
_said_by_long = lru_cache(maxsize=512)(_said_by)


def _known(sources: tuple[str, ...], day_first: bool, language: str) -> _Known:
    long = sum(map(len, sources)) > _LONG
    return (_known_of_long if long else _known_of_short)(sources, day_first, language)


def _stated_by(sources: tuple[str, ...], day_first: bool, language: str) -> _Known:
    by_kind: dict[FactKind, set[str]] = {}
    languages: set[str] = set()
    doubtful: set[str] = set()
    named: set[str] = set()
    shares: set[str] = set()
    begun: set[str] = set()
    for source in dict.fromkeys(sources):
        said = (_said_by_short if len(source) <= _SHORT else _said_by_long)(source, day_first, language)
        for fact in said.facts:
            by_kind.setdefault(fact.kind, set()).add(fact.value)
        languages |= said.languages
        doubtful |= said.doubtful
        named |= said.named
        shares |= said.shares
        begun |= said.begun
    money = by_kind.get("money", set())
    percents = by_kind.get("percent", set())
    text = unmarked("\n".join(sources)).text
    durations = by_kind.get("duration", set())
    numbers = by_kind.get("number", set()) | {one.split(" ", 1)[1] for one in money} | {one[:-1] for one in percents}
    numbers |= {one.split(" ", 1)[0] for one in durations} | doubtful
    numbers |= {*years_of_spans(text), *other_units(text, {ENGLISH, *languages})}
    ids = by_kind.get("id", set()) | {*accounts_without_spaces(text), *quarters_named(text)}
    return _Known(
        dates=frozenset(by_kind.get("date", set()) | begun),
        times=frozenset(by_kind.get("time", ())),
        money=frozenset(money),
        percents=frozenset(percents | shares),
        durations=frozenset(durations | durations_named(text) | named),
        numbers=frozenset(numbers),
        ids=frozenset(ids),
        words=words_of(text),
        languages=frozenset(languages),
        digits=f" {' '.join(re.findall(r'[0-9]+', text))} ",
    )


# A packet is read once for all answers to it, whatever many short sources were read in between.
_known_of_long = lru_cache(maxsize=1024)(_stated_by)
_known_of_short = lru_cache(maxsize=4096)(_stated_by)


def _same_time(one: str, other: str) -> bool:
    if one == other:
        return True
    if not (one.endswith("?") or other.endswith("?")) or one[3:5] != other[3:5]:
        return False
    return int(one[:2]) % 12 == int(other[:2]) % 12

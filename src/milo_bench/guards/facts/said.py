"""A source in, what it states out: its facts, and what else a number, a date or a length in it stands for."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from milo_bench.guards.facts.abroad import doubtful_numbers, durations_named_abroad, shares_named
from milo_bench.guards.facts.english import ordinals
from milo_bench.guards.facts.fact import Fact
from milo_bench.guards.facts.implied import days_that_ranges_begin, lengths_named
from milo_bench.guards.facts.reading import ENGLISH, find_facts, read_languages
from milo_bench.guards.languages.marks import unmarked

_SHORT: Final = 1000  # characters


class Said(NamedTuple):
    """Values of facts (``Fact.value``) by their kind, in the forms that they are looked up in.

    ``shares``: percentages in words. ``numbers``: bare ones, the amounts in money, percentages and lengths of time, and
    what words with other meanings may stand for. ``languages``: those of the texts, other than English.
    """

    dates: set[str]
    times: set[str]
    money: set[str]
    percents: set[str]
    shares: set[str]
    durations: set[str]
    numbers: set[str]
    ids: set[str]
    languages: set[str]

    @staticmethod
    def nothing() -> Said:
        """No text read yet."""
        return Said(*(set() for _ in Said._fields))

    def add(self, other: Said) -> None:
        """What ``other`` says is said here too."""
        for mine, more in zip(self, other, strict=True):
            mine |= more


def _said_by(source: str, day_first: bool, language: str) -> Said:
    said = Said.nothing()
    plain = unmarked(source).text
    for told, start, end in read_languages(plain, language):
        part = plain[start:end]
        said.shares.update(shares_named(part, told))
        said.durations.update(lengths_named(part, told))
        said.dates.update(days_that_ranges_begin(part, day_first=day_first, language=told))
        if told != ENGLISH:
            said.languages.add(told)
            said.numbers.update(doubtful_numbers(part, told))
            said.durations.update(durations_named_abroad(part, told))
        else:
            said.numbers.update(ordinals(part))
    for fact in find_facts(source, day_first=day_first, language=language):
        _note(fact, said)
    return said


def _note(fact: Fact, said: Said) -> None:
    match fact.kind:
        case "date":
            said.dates.add(fact.value)
        case "time":
            said.times.add(fact.value)
        case "money":
            said.money.add(fact.value)
            said.numbers.add(fact.value.split(" ", 1)[1])
        case "percent":
            said.percents.add(fact.value)
            said.numbers.add(fact.value[:-1])
        case "duration":
            said.durations.add(fact.value)
            said.numbers.add(fact.value.split(" ", 1)[0])
        case "number":
            said.numbers.add(fact.value)
        case "id":
            said.ids.add(fact.value)
        case "name":
            pass  # looked up by its words


# A packet's lines come again where answers cite them, a record's short texts with every case and model.
_said_by_short = lru_cache(maxsize=1 << 14)(_said_by)
_said_by_long = lru_cache(maxsize=512)(_said_by)


def said_by(source: str, *, day_first: bool, language: str) -> Said:
    """What ``source`` states; not to be changed. ``language`` (ISO 639-1) is that of texts whose words tell none."""
    return (_said_by_short if len(source) <= _SHORT else _said_by_long)(source, day_first, language)

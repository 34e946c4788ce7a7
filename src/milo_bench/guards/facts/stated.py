"""Sources in, whether they state a fact out. A text is read when a fact is asked for that it may state.

An answer states ten facts of a packet with five hundred lines, so most lines are looked at for their digits and number
words alone. What is said of a fact is what reading every text would say of it (``read_all``).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Final

from milo_bench.guards.dates import same_date
from milo_bench.guards.facts.english import durations_named
from milo_bench.guards.facts.fact import Fact
from milo_bench.guards.facts.implied import accounts_without_spaces, other_units, quarters_named, years_of_spans
from milo_bench.guards.facts.marked import (
    UNUSUAL,
    Marks,
    May,
    amount_may_stand,
    anywhere,
    date_may_stand,
    digits_may_stand,
    is_told_of,
    length_may_stand,
    marks_of,
    share_may_stand,
    time_may_stand,
)
from milo_bench.guards.facts.names_abroad import languages_with_name, without_accents
from milo_bench.guards.facts.reading import ENGLISH, read_languages
from milo_bench.guards.facts.said import Said, said_by
from milo_bench.guards.languages.marks import unmarked
from milo_bench.guards.names import may_be_word, stands_alone, words_of
from milo_bench.guards.packs.read import languages_of

# A packet's numbered line is a text of its own, as it is where an answer cites it.
_LABEL: Final = re.compile(r"^\[(L\d{1,6})\] ?", re.MULTILINE)
_DIGITS: Final = re.compile(r"[0-9]+")
_MOST_ASKED: Final = 4096  # facts whose answers are kept
_MARKED_ID: Final = re.compile(r"@|://|^www\.")  # an address, which may have no digit


class Stated:
    """What ``sources`` state, for facts of a text of ``language`` (ISO 639-1)."""

    def __init__(self, sources: Sequence[str], *, day_first: bool, language: str) -> None:
        self._sources = tuple(sources)
        self._day_first = day_first
        self._language = language
        self._labels: set[str] = set()
        self._unread: dict[str, Marks] = {
            text: marks_of(text) if is_told_of(language) else UNUSUAL
            for source in dict.fromkeys(sources)
            for text in self._texts_of(source)
        }
        self._said = Said.nothing()
        self._answers: dict[tuple[str, str], bool] = {}
        self._one_at_a_time = threading.RLock()

    def supports(self, fact: Fact) -> bool:
        """Whether the sources state ``fact``."""
        asked = (fact.kind, fact.value)
        known = self._answers.get(asked)
        if known is None:
            with self._one_at_a_time:
                if len(self._answers) >= _MOST_ASKED:
                    self._answers.clear()
                known = self._answers[asked] = self._states(fact)
        return known

    def read_all(self) -> Said:
        """What all of the sources say."""
        with self._one_at_a_time:
            self._read(anywhere)
        return self._said

    def _texts_of(self, source: str) -> Iterator[str]:
        start = 0
        for label in _LABEL.finditer(source) if "[L" in source else ():
            self._labels.add(label[1])
            yield source[start : label.start()].rstrip("\n")
            start = label.end()
        yield source[start:].rstrip("\n") if start else source

    def _states(self, fact: Fact) -> bool:
        value, said = fact.value, self._said
        match fact.kind:
            case "date":
                return any(
                    self._read(may, lambda: any(same_date(value, one) for one in said.dates))
                    for may in date_may_stand(value)
                )
            case "time":
                return self._read(time_may_stand(value), lambda: any(_same_time(value, one) for one in said.times))
            case "money":
                return self._states_money(value)
            case "percent":
                return self._states_percent(value)
            case "duration":
                return value in self._durations or self._read(length_may_stand(value), lambda: value in said.durations)
            case "number":
                return f" {value} " in self._digits or self._has_number(value)
            case "id":
                return self._states_id(value)
            case "name":
                return self._states_name(value)

    def _states_money(self, value: str) -> bool:
        _, amount = value.split(" ", 1)
        if self._read(amount_may_stand(amount), lambda: value in self._said.money):
            return True
        return self._has_number(amount) and not any(one.endswith(f" {amount}") for one in self._said.money)

    def _states_percent(self, value: str) -> bool:
        said = self._said
        if self._read(share_may_stand(value), lambda: value in said.percents or value in said.shares):
            return True
        if not self._has_number(value[:-1]):
            return False
        self.read_all()
        return not (said.percents or said.shares)

    def _states_id(self, value: str) -> bool:
        if value in self._labels or self._has_word(value) or f" {value} " in self._digits:
            return True
        may = anywhere if _MARKED_ID.search(value) else digits_may_stand(value)
        return self._read(may, lambda: value in self._said.ids) or value in self._ids

    def _has_number(self, value: str) -> bool:
        if self._read(amount_may_stand(value), lambda: value in self._said.numbers) or value in self._years:
            return True
        if value not in self._measures_by_any:
            return False
        return value in other_units(self._text, {ENGLISH, *self._languages})

    def _states_name(self, value: str) -> bool:
        abroad = [language for language in languages_of("facts") if language != ENGLISH]
        near = [
            languages_with_name(word, self._words, self._plain_words, abroad)
            for word in value.split()
            if not self._has_word(word)
        ]
        return all(near) and all(not languages.isdisjoint(self._languages) for languages in near)

    def _has_word(self, word: str) -> bool:
        """Whether ``word`` is among the words of the sources. They are told apart where it does not stand alone."""
        return may_be_word(word) and (stands_alone(word, self._text) or word in self._words)

    def _read(self, may: May, holds: Callable[[], bool] = lambda: False) -> bool:
        """Whether ``holds``, once each text is read that ``may`` make it so; the rest stays unread where one does."""
        if holds():
            return True
        for text in [text for text, marks in self._unread.items() if marks.unusual or may(marks)]:
            self._said.add(said_by(text, day_first=self._day_first, language=self._language))
            del self._unread[text]
            if holds():
                return True
        return False

    @cached_property
    def _languages(self) -> set[str]:
        """Those of all texts, other than English."""
        unread = (read_languages(unmarked(text).text, self._language) for text in self._unread)
        told = {language for parts in unread for language, _, _ in parts if language != ENGLISH}
        return told | self._said.languages

    @cached_property
    def _text(self) -> str:
        return unmarked("\n".join(self._sources)).text

    @cached_property
    def _words(self) -> frozenset[str]:
        return words_of(self._text)

    @cached_property
    def _plain_words(self) -> frozenset[str]:
        return without_accents(self._words)

    @cached_property
    def _digits(self) -> str:
        return f" {' '.join(_DIGITS.findall(self._text))} "

    @cached_property
    def _durations(self) -> set[str]:
        return durations_named(self._text)

    @cached_property
    def _ids(self) -> set[str]:
        return {*accounts_without_spaces(self._text), *quarters_named(self._text)}

    @cached_property
    def _years(self) -> set[str]:
        return set(years_of_spans(self._text))

    @cached_property
    def _measures_by_any(self) -> set[str]:
        """Figures of measures in a larger or smaller unit, whichever mark begins decimals."""
        return set(other_units(self._text, (ENGLISH, "de")))


def _same_time(one: str, other: str) -> bool:
    if one == other:
        return True
    if not (one.endswith("?") or other.endswith("?")) or one[3:5] != other[3:5]:
        return False
    return int(one[:2]) % 12 == int(other[:2]) % 12

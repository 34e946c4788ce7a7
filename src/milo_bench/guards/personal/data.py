"""Text in, the personal data in it out; and a redactor that puts the same placeholder for the same value every time."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final, get_args

from milo_bench.core.records import Frozen
from milo_bench.guards.dates import find_dates, normalise_date
from milo_bench.guards.languages.marks import unmarked
from milo_bench.guards.personal.abroad import find_births_abroad, languages_of_text
from milo_bench.guards.personal.names import find_names, name_parts
from milo_bench.guards.personal.numbers_abroad import find_numbers, regions_of
from milo_bench.guards.personal.patterns import PersonalKind, PersonalSpan, find_forms, plain_separators
from milo_bench.guards.personal.places import find_places

KINDS: Final[tuple[PersonalKind, ...]] = get_args(PersonalKind)
_PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(kind.upper() for kind in KINDS)})_\d+\]")
PERSONAL_VERSION: Final = "9"
_DIGEST: Final = re.compile(
    r"(?<!\w)(?=\d*[a-f])(?:[\da-f]{128}|[\da-f]{64}|[\da-f]{40}|[\da-f]{32}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})(?!\w)",
    re.IGNORECASE,
)
_SHORTEST_VALUE = 5
WINDOW_CHARS: Final = 6000


class PersonalDatum(Frozen, frozen=True, omit_defaults=False):
    """One stretch ``text[start:end]`` that is personal data; ``score`` 0..1 is how sure the rule ``why`` is."""

    kind: PersonalKind
    start: int
    end: int
    text: str
    score: float
    why: str


def find_personal_data(text: str, *, known: Iterable[str] = ()) -> tuple[PersonalDatum, ...]:
    """Personal data in ``text`` by position, without overlaps; placeholders of a redactor are none.

    ``known`` are names of persons that are certain, say from a field of the same record. Where
    two readings overlap the longer one wins, then the surer one. Zero-width characters, full-width digits and
    look-alikes of other scripts hide nothing.
    """
    plain = unmarked(text)
    if plain.places is None:
        return _found_in(text, tuple(known))
    placed = ((datum, *plain.at(datum.start, datum.end)) for datum in _found_in(plain.text, tuple(known)))
    return tuple(
        PersonalDatum(datum.kind, start, end, text[start:end], datum.score, datum.why) for datum, start, end in placed
    )


def _found_in(text: str, names: tuple[str, ...]) -> tuple[PersonalDatum, ...]:
    windows = list(_windows(text))
    languages = {window: languages_of_text(text[slice(*window)]) for window in windows}
    if len(windows) > 1:
        people = (datum.text for window in windows for datum in _people(text[slice(*window)], names, languages[window]))
        names = tuple(dict.fromkeys((*names, *people)))
    found = [
        item._replace(start=item.start + window[0], end=item.end + window[0])
        for window in windows
        for item in _outside_digests(text[slice(*window)], _in_window(text[slice(*window)], names, languages[window]))
    ]
    return _settled(text, found)


def _people(window: str, names: tuple[str, ...], languages: tuple[str, ...]) -> Iterator[PersonalDatum]:
    return (datum for datum in _settled(window, tuple(find_names(window, names, languages))))


def _outside_digests(window: str, found: Iterator[PersonalSpan]) -> Iterator[PersonalSpan]:
    """What is found, but for figures within a SHA, an MD5 or a UUID: sixteen of them may be those of a card."""
    digests = [match.span() for match in _DIGEST.finditer(window)]
    for item in found:
        if not any(start <= item.start and item.end <= end for start, end in digests):
            yield item


def _in_window(window: str, names: tuple[str, ...], languages: tuple[str, ...]) -> Iterator[PersonalSpan]:
    plain = plain_separators(window)
    yield from find_forms(window, regions_of(languages))
    yield from find_names(window, names, languages)
    yield from find_births_abroad(plain, languages)
    yield from find_places(plain, languages)
    yield from find_numbers(plain, languages)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of at most ``WINDOW_CHARS``, cut at a line or a word: no text makes a pattern slow."""
    start = 0
    while len(text) - start > WINDOW_CHARS:
        cut = max(text.rfind(mark, start + WINDOW_CHARS // 2, start + WINDOW_CHARS) for mark in ("\n\n", "\n", ". "))
        if cut < 0:
            cut = text.rfind(" ", start + 1, start + WINDOW_CHARS)
        end = cut + 1 if cut > 0 else start + WINDOW_CHARS
        yield start, end
        start = end
    yield start, len(text)


def _settled(text: str, found: Iterable[PersonalSpan]) -> tuple[PersonalDatum, ...]:
    taken = [match.span() for match in _PLACEHOLDER.finditer(text)]  # in order, without overlaps
    settled: list[PersonalDatum] = []
    # A checksum or a label weighs more than the length of a looser reading around it.
    for item in sorted(found, key=lambda f: (-(f.score >= 0.95), -(f.end - f.start), -f.score, f.start)):
        place = bisect_right(taken, (item.start, item.start))
        free = (place == 0 or taken[place - 1][1] <= item.start) and (
            place == len(taken) or taken[place][0] >= item.end
        )
        if item.end > item.start and free:
            taken.insert(place, (item.start, item.end))
            settled.append(PersonalDatum(*item[:3], text[item.start : item.end], item.score, item.why))
    return tuple(sorted(settled, key=lambda datum: datum.start))


class Replacement(Frozen, frozen=True):
    """``start`` to ``end`` of the original became ``placeholder``."""

    start: int
    end: int
    placeholder: str
    kind: PersonalKind


class Redacted(Frozen, frozen=True, dict=True):
    """A redacted text and what was replaced in the original, by position."""

    text: str
    replaced: tuple[Replacement, ...]

    @cached_property
    def _starts(self) -> list[int]:
        return [item.start for item in self.replaced]

    def move(self, start: int, end: int) -> tuple[int, int]:
        """Where ``start`` to ``end`` of the original stands now; a cut placeholder is taken whole."""
        return self._moved(start, to_end=False), self._moved(end, to_end=True)

    def _moved(self, position: int, *, to_end: bool) -> int:
        shift = 0
        last = bisect_right(self._starts, position)
        for item in self.replaced[:last]:
            if position >= item.end:
                shift += len(item.placeholder) - (item.end - item.start)
            elif position > item.start:
                return item.start + shift + (len(item.placeholder) if to_end else 0)
        return position + shift


class Redactor:
    """Replaces personal data by ``[PERSON_1]``, ``[EMAIL_1]`` …; text around it never changes.

    A value has one placeholder for as long as the redactor lives, so a suite keeps its links
    between fixtures. Which short form belongs to which full name ("Ms Lopez", "Maria") is
    settled within one fixture: call ``begin`` before each. ``keep`` names kinds that stay.
    """

    def __init__(
        self, *, known: Iterable[str] = (), keep: Collection[PersonalKind] = (), day_first: bool = True
    ) -> None:
        self._always = tuple(known)
        self._keep = frozenset(keep)
        self._day_first = day_first
        self._numbers: dict[tuple[PersonalKind, str], int] = {}
        self._issued: Counter[PersonalKind] = Counter()
        self._counts: Counter[str] = Counter()
        self.begin()

    def begin(self, known: tuple[str, ...] = ()) -> None:
        """A new fixture starts. ``known`` are names of persons that its fields give."""
        self._names: dict[str, None] = dict.fromkeys((*self._always, *known))
        self._people: list[tuple[frozenset[str], str]] = []
        self._values: dict[str, PersonalKind] = {}
        self._births: set[str] = set()
        for name in self._names:
            self._person(name)

    def learn(self, text: str) -> None:
        """Look at a text before any is redacted, so that what is found late is also replaced early."""
        for datum in find_personal_data(text, known=self._names):
            self._remember(datum)

    def redact(self, text: str) -> Redacted:
        """``text`` with placeholders."""
        data = _settled(text, (*self._found(text), *self._known_again(text)))
        pieces, replaced, position = [], [], 0
        for datum in data:
            if datum.kind in self._keep:
                continue
            placeholder = self._placeholder(datum)
            self._counts[datum.kind] += 1
            pieces += [text[position : datum.start], placeholder]
            replaced.append(Replacement(datum.start, datum.end, placeholder, datum.kind))
            position = datum.end
        pieces.append(text[position:])
        return Redacted("".join(pieces), tuple(replaced))

    def counts(self) -> Mapping[str, int]:
        """Replacements so far by kind."""
        return {kind: self._counts[kind] for kind in KINDS if self._counts[kind]}

    def _found(self, text: str) -> Iterator[PersonalSpan]:
        for datum in find_personal_data(text, known=self._names):
            self._remember(datum)
            yield PersonalSpan(datum.kind, datum.start, datum.end, datum.score, datum.why)

    def _known_again(self, text: str) -> Iterator[PersonalSpan]:
        """Values seen in this fixture where they stand without the context that gave them away."""
        for value, kind in self._values.items():
            for match in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE):
                yield PersonalSpan(kind, match.start(), match.end(), 0.9, "appears elsewhere")
        if self._births:
            for found in find_dates(text):
                if normalise_date(found.text, day_first=self._day_first) in self._births:
                    yield PersonalSpan("date_of_birth", found.start, found.end, 0.9, "appears elsewhere")

    def _remember(self, datum: PersonalDatum) -> None:
        if datum.kind == "person":
            name = unmarked(datum.text).text
            self._names.setdefault(name)
            self._person(name)
        elif datum.kind == "date_of_birth":
            birth = normalise_date(datum.text, day_first=self._day_first)
            if birth:
                self._births.add(birth)
        elif len(datum.text) >= _SHORTEST_VALUE:
            self._values.setdefault(datum.text, datum.kind)

    def _placeholder(self, datum: PersonalDatum) -> str:
        key = self._person(unmarked(datum.text).text) if datum.kind == "person" else self._key(datum)
        number = self._numbers.get((datum.kind, key))
        if number is None:
            self._issued[datum.kind] += 1
            number = self._numbers[(datum.kind, key)] = self._issued[datum.kind]
        return f"[{datum.kind.upper()}_{number}]"

    def _key(self, datum: PersonalDatum) -> str:
        if datum.kind == "date_of_birth":
            return normalise_date(datum.text, day_first=self._day_first) or datum.text.casefold()
        return re.sub(r"[^\w@.:]" if datum.kind in ("email", "ip", "url_login") else r"\W", "", datum.text).casefold()

    def _person(self, name: str) -> str:
        """The key of the person whom ``name`` means here: the longest form seen in this fixture."""
        parts = frozenset(part.casefold() for part in name_parts(name))
        if not parts:
            return name.casefold()
        same = [person for person in self._people if parts <= person[0]]
        if len({key for _, key in same}) == 1:
            return same[0][1]
        shorter = [person for person in self._people if person[0] < parts]
        if not same and len(shorter) == 1 and ("person", shorter[0][1]) not in self._numbers:
            self._people.remove(shorter[0])
        key = " ".join(sorted(parts))
        if (parts, key) not in self._people:
            self._people.append((parts, key))
        return key

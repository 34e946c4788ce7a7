"""A suite's folder in; the words, names, dates and amounts that its language writes, and its stories in it, out."""

from __future__ import annotations

import datetime
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import yaml

from milo_bench.config.checked import Checked
from milo_bench.core.errors import DataError
from milo_bench.suites.generators.case_ops_v1.storyline import Storyline, StorylineEvent
from milo_bench.suites.wording import WORDING, find_base, read_blocks

ReplyKind: TypeAlias = Literal["documents", "review", "hold", "favour", "against", "closed"]
GENERATOR: Final = "case_ops_v1"


class CaseWording(Checked):
    """bases/language/words.yaml. ``date`` has {day}, {month}, {year}; ``short_date`` {dd}, {mm}, {year}."""

    months: list[str]
    date: str
    short_date: str
    first_day: str = ""  # how the first of a month is written, where it is another way
    money: str
    thousands: str
    decimal: str
    titles: dict[Literal["she", "he"], str]
    names: dict[Literal["she", "he"], list[str]]
    family: list[str]
    statuses: dict[str, str] = {}
    issues: dict[str, str] = {}
    reply_titles: dict[ReplyKind, str]
    banned: list[str]

    def status(self, name: str) -> str:
        """A status as records of this language write it."""
        return self.statuses.get(name, name)

    def long_date(self, day: datetime.date) -> str:
        number = self.first_day if day.day == 1 and self.first_day else str(day.day)
        return self.date.format(day=number, month=self.months[day.month - 1], year=day.year)

    def slash_date(self, day: datetime.date) -> str:
        return self.short_date.format(dd=f"{day.day:02d}", mm=f"{day.month:02d}", year=day.year)

    def amount(self, units: int, hundredths: str = "") -> str:
        """Money as the language writes it: ``£85.40``, ``85,40 €``."""
        whole = f"{units:,}".replace(",", self.thousands)
        return self.money.format(amount=f"{whole}{self.decimal}{hundredths}" if hundredths else whole)


@lru_cache(maxsize=8)
def _read(path: Path) -> CaseWording:
    data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    return CaseWording.model_validate(data)


def read_words(root: Path) -> CaseWording:
    """The words of the suite in ``root``."""
    return _read(find_base(root, GENERATOR, WORDING / "words.yaml"))


def tell(stories: tuple[Storyline, ...], root: Path) -> tuple[Storyline, ...]:
    """The stories in the words of bases/language/cases.txt; as they are where a suite has none.

    Raises DataError for a story with more or fewer lines than the shared one.
    """
    path = root / WORDING / "cases.txt"
    if not path.exists():
        return stories
    blocks = read_blocks(path)
    return tuple(_told(story, blocks.get(story.name, [])) for story in stories)


def tell_routine(events: tuple[StorylineEvent, ...], name: str, root: Path) -> tuple[StorylineEvent, ...]:
    """Entries that belong to no story, in the words of the language."""
    path = root / WORDING / "cases.txt"
    if not path.exists():
        return events
    texts = read_blocks(path).get(name, [])
    if len(texts) != len(events):
        raise _mismatch(name, len(events), len(texts))
    return tuple(replace(event, text=text) for event, text in zip(events, texts, strict=True))


def _told(story: Storyline, lines: list[str]) -> Storyline:
    documents = list(dict.fromkeys(e.asks for e in story.events if e.asks))
    names = dict(zip(documents, (line[2:].strip() for line in lines if line.startswith("* ")), strict=False))
    texts = [line for line in lines if not line.startswith("* ")]
    count = len(story.events) + sum(map(len, story.endings.values())) + 1
    if len(names) != len(documents) or len(texts) != count:
        raise _mismatch(story.name, len(documents) + count, len(lines))
    rest = iter(texts)
    made: dict[int, StorylineEvent] = {}

    def told(event: StorylineEvent) -> StorylineEvent:
        fixed = made.get(id(event.corrects)) if event.corrects is not None else None
        asks, got = names.get(event.asks, ""), names.get(event.got, "")
        made[id(event)] = replace(event, text=next(rest), asks=asks, got=got, corrects=fixed)
        return made[id(event)]

    events = tuple(told(event) for event in story.events)
    endings = {name: tuple(told(event) for event in found) for name, found in story.endings.items()}
    return replace(story, events=events, endings=endings, inbound=next(rest))


def _mismatch(name: str, wanted: int, got: int) -> DataError:
    message = f"cases.txt: {name} has {got} lines, and the shared story {wanted}"
    return DataError(message, hint="one line for each document, event and ending, and one for the message.")

"""A suite's folder in; the words, dates and amounts of its packets, and its stories in its language, out."""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from milo_bench.config.checked import Checked
from milo_bench.core.errors import DataError
from milo_bench.suites.generators.claims_v1.story import Document, RequestedDocument, Story
from milo_bench.suites.wording import WORDING, find_base, read_blocks

GENERATOR: Final = "claims_v1"


class PacketWording(Checked):
    """bases/language/words.yaml: what packets and notes say around the hand-written texts."""

    months: list[str]
    date: str
    short_date: str
    first_day: str = ""
    money: str = "{sign}{amount}"
    signs: dict[str, str] = {}  # a money sign of a story as this language's offices have it
    thousands: str
    decimal: str
    colon: str = ": "  # between a heading's kind and its title
    semicolon: str = "; "  # between the columns of a listing
    elided: list[str] = []  # words that lose their last letter before a name that begins with a vowel: "d'Agnès"
    kinds: dict[str, str]
    front: str
    closed: str  # what is said of an older claim's papers, with {number}
    closed_title: str
    diary: str
    excerpt: str
    states: list[str]
    desk: str
    numbered: str

    def day(self, day: datetime.date, *, short: bool = False) -> str:
        if short:
            return self.short_date.format(dd=f"{day.day:02d}", mm=f"{day.month:02d}", year=day.year)
        number = self.first_day if day.day == 1 and self.first_day else str(day.day)
        return self.date.format(day=number, month=self.months[day.month - 1], year=day.year)

    def elide(self, text: str) -> str:
        """``text`` with each of the elided words shortened before a capital vowel; as it was in a language without."""
        if not self.elided:
            return text
        words = "|".join(word[:-1] for word in self.elided)
        return re.sub(rf"\b({words})e ((?:<f:\w+>)?[AEIOUÂÉÈÊÎÔÛ][a-zà-ÿ])", r"\1'\2", text)

    def amount(self, sign: str, units: int, hundredths: str = "") -> str:
        whole = f"{units:,}".replace(",", self.thousands)
        number = f"{whole}{self.decimal}{hundredths}" if hundredths else whole
        return self.money.format(sign=self.signs.get(sign, sign), amount=number)


@lru_cache(maxsize=8)
def _read(path: Path) -> PacketWording:
    data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    return PacketWording.model_validate(data)


def read_wording(root: Path) -> PacketWording:
    """The words of the suite in ``root``."""
    return _read(find_base(root, GENERATOR, WORDING / "words.yaml"))


def tell(stories: tuple[Story, ...], root: Path) -> tuple[Story, ...]:
    """The stories in the words of bases/language/packets.txt, those that it has; all as they are where there is none.

    Raises DataError for a story whose documents or lines are not those of the shared one.
    """
    path = root / WORDING / "packets.txt"
    if not path.exists():
        return stories
    blocks = read_blocks(path)
    return tuple(_told(story, blocks[story.name]) for story in stories if story.name in blocks)


def _told(story: Story, lines: list[str]) -> Story:
    title, *rest = lines
    items: dict[str, RequestedDocument] = {}
    for line in (one for one in rest if one.startswith("* ")):
        key, name, aliases, says = (piece.strip() for piece in line[2:].split("|"))
        items[key] = RequestedDocument(key, name, tuple(alias.strip() for alias in aliases.split(",")), says)
    documents: list[tuple[str, list[str]]] = []
    for line in (one for one in rest if not one.startswith("* ")):
        if line.startswith("@ "):
            documents.append((line[2:].strip(), []))
        else:
            documents[-1][1].append(line)
    if list(items) != list(story.items) or len(documents) != len(story.documents):
        raise _mismatch(story, f"its items are {', '.join(story.items)}, its documents {len(story.documents)}")
    told = tuple(
        _document(story, document, *wording) for document, wording in zip(story.documents, documents, strict=True)
    )
    return story._replace(title=title, items=items, documents=told)


def _document(story: Story, document: Document, title: str, texts: list[str]) -> Document:
    written = [line for line in document.lines if line.status is None]
    if len(written) != len(texts):
        raise _mismatch(story, f"'{document.title}' has {len(written)} lines, '{title}' {len(texts)}")
    rest = iter(texts)
    lines = tuple(line if line.status is not None else line._replace(text=next(rest)) for line in document.lines)
    return document._replace(title=title, lines=lines)


def _mismatch(story: Story, what: str) -> DataError:
    return DataError(f"packets.txt: {story.name}: {what}.", hint="one line for each line of the shared story.")

"""A story, the state of each asked-for document and a length in, a numbered claim packet with its gold out."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from milo_bench.suites.generators.claims_v1.language import PacketWording, read_wording, tell
from milo_bench.suites.generators.claims_v1.story import (
    Document,
    DocumentState,
    FillerDocument,
    RequestedDocument,
    Signal,
    StateSentence,
    Story,
    load_parts,
    load_rows,
    load_stories,
)
from milo_bench.suites.generators.claims_v1.text import SlotValues, chance, load_pools, take_facts

MISSING: Final[tuple[DocumentState, ...]] = ("requested", "promised", "enclosed", "referenced")
_ROW_SLOT = re.compile(r"\{i:(\d+)-(\d+)\}")


class Recipe(NamedTuple):
    """What a packet is to hold. ``states`` by item; ``words`` 0 for the story alone; ``closed`` counts older claims."""

    signal: Signal
    states: Mapping[str, DocumentState]
    words: int = 0
    closed: int = 0
    documents: frozenset[str] | None = None  # titles to keep of the documents that are no items


class Bases(NamedTuple):
    """Everything written by hand."""

    stories: tuple[Story, ...]
    parts: tuple[FillerDocument, ...]
    rows: dict[str, Any]
    pools: dict[str, Any]
    wording: PacketWording


def load_bases(root: Path) -> Bases:
    stories = tell(load_stories(root), root)
    return Bases(stories, load_parts(root), load_rows(root), load_pools(root), read_wording(root))


@dataclass
class Packet:
    """A finished packet. Line numbers count from 1; ``lines[0]`` is line 1, without its mark."""

    claim_id: str
    lines: list[str] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    missing: list[dict[str, Any]] = field(default_factory=list)
    waived: list[dict[str, Any]] = field(default_factory=list)
    present: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    signal: Signal = "routine"
    signal_lines: list[int] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(f"[L{number}] {line}" for number, line in enumerate(self.lines, 1))

    @property
    def words(self) -> int:
        return sum(len(line.split()) for line in self.lines)


class _Sheet(NamedTuple):
    """A document ready to be bound in: its day, heading, lines, and of which item it is."""

    day: int
    heading: str
    lines: list[_Inked]
    item: str = ""
    core: bool = False
    title: str = ""


class _Inked(NamedTuple):
    text: str
    facts: Sequence[tuple[str, str]] = ()
    signal: bool = False
    items: tuple[str, ...] = ()  # the items whose request or state the line speaks of


def build(story: Story, recipe: Recipe, bases: Bases, *, seed: int, name: str) -> Packet:
    """The packet of ``story`` under ``recipe``; the same for the same seed and name."""
    rng = chance(seed, name)
    values = SlotValues(rng, bases.pools, money=story.money)
    insurer = values.fill("{firm.insurer_own:insurer}")
    packet = Packet(claim_id=values.fill("{ref.own_claim:CL-######}"), signal=recipe.signal)
    sheets = _story_sheets(story, recipe, values, bases.pools)
    sheets += _spare_sheets(story, recipe, values, bases, rng, sum(map(_words, sheets)))
    sheets.sort(key=lambda sheet: sheet.day)
    first, last = values.person(story.insured)
    handler = " ".join(values.person("handler"))
    front = bases.wording.front.format(
        claim=packet.claim_id, insurer=insurer, title=story.title, contact=f"{first} {last}", handler=handler
    )
    packet.lines.append(front)
    asked: dict[str, list[int]] = {}
    for sheet in sheets:
        _bind(packet, sheet, asked)
    _settle(story, recipe, packet, asked)
    return packet


def _bind(packet: Packet, sheet: _Sheet, asked: dict[str, list[int]]) -> None:
    packet.lines.append(sheet.heading)
    start = len(packet.lines)
    for line in sheet.lines:
        packet.lines.append(line.text)
        number = len(packet.lines)
        packet.facts += [{"name": name, "value": value, "line": number} for name, value in line.facts]
        if line.signal:
            packet.signal_lines.append(number)
        for item in line.items:
            asked.setdefault(item, []).append(number)
    entry = {"title": sheet.title, "lines": [start, len(packet.lines)], "item": sheet.item, "core": sheet.core}
    packet.documents.append(entry)


def _settle(story: Story, recipe: Recipe, packet: Packet, asked: Mapping[str, list[int]]) -> None:
    """The gold lists of documents from the states and from where they are spoken of."""
    for key, item in story.items.items():
        state = recipe.states[key]
        entry = {"name": item.name, "aliases": list(item.aliases), "state": state, "lines": asked.get(key, [])}
        if state == "present":
            sheet = next(one for one in packet.documents if one["item"] == key)
            packet.present.append({**entry, "document": sheet["lines"]})
        elif state == "waived":
            packet.waived.append(entry)
        else:
            packet.missing.append(entry)


def _story_sheets(story: Story, recipe: Recipe, values: SlotValues, pools: Mapping[str, Any]) -> list[_Sheet]:
    """The story's own documents, in which the marked facts and signals stand."""
    values.learn(line.text for document in story.documents for line in document.lines)
    values.learn(document.title for document in story.documents)
    days = {document.item: document.day for document in story.documents if document.item}
    last_hook = {
        line.status.item: document.day for document in story.documents for line in document.lines if line.status
    }
    sheets = []
    for document in sorted(story.documents, key=lambda one: one.day):
        if document.item and recipe.states[document.item] != "present":
            continue
        if not document.item and recipe.documents is not None and document.title not in recipe.documents:
            continue
        lines = []
        for line in document.lines:
            if line.signal and line.signal != recipe.signal:
                continue
            if line.status is not None:
                status = line.status
                item = story.items[status.item]
                state = recipe.states[status.item]
                if state == "present" and days[item.key] > document.day:
                    state = values.rng.choice(("requested", "promised"))
                elif state != "present" and document.day != last_hook[item.key]:
                    state = "requested"
                lines.append(_Inked(_status_line(status, item, state, values, pools, document), items=(item.key,)))
                continue
            text, facts = take_facts(values.fill(line.text))
            asks = document.kind in ("letter", "email", "note") and not document.item
            spoken_of = tuple(key for key, item in story.items.items() if asks and item.name in text)
            lines.append(_Inked(text, facts, bool(line.signal) and recipe.signal != "routine", spoken_of))
        title = values.fill(document.title)
        sheets.append(_Sheet(document.day, _heading(document, title, values), lines, document.item, True, title))
    return sheets


def _status_line(
    status: StateSentence,
    item: RequestedDocument,
    state: DocumentState,
    values: SlotValues,
    pools: Mapping[str, Any],
    document: Document,
) -> str:
    """A sentence on the state of ``item``; who is spoken of is the role that has the document."""
    wording = values.rng.choice(pools["status"][state][status.voice])
    who = " ".join(values.person(status.who))
    later = values.date(document.day + values.rng.randrange(6, 20))
    filled = wording.replace("{doc}", item.name).replace("{says}", item.says).replace("{who}", who)
    line = values.fill(filled.replace("{later}", later))
    return line[0].upper() + line[1:]


def _heading(document: Document | FillerDocument, title: str, values: SlotValues, day: int | None = None) -> str:
    on = document.day if isinstance(document, Document) else day
    dated = f", {values.date(on)}" if on is not None else ""
    return f"=== {values.wording.kinds[document.kind]}{dated}{values.wording.colon}{title} ==="


def _words(sheet: _Sheet) -> int:
    return len(sheet.heading.split()) + sum(len(line.text.split()) for line in sheet.lines)


def _spare_sheets(
    story: Story, recipe: Recipe, values: SlotValues, bases: Bases, rng: random.Random, have: int
) -> list[_Sheet]:
    """Documents without bearing, until the packet has about ``recipe.words`` words."""
    sheets: list[_Sheet] = []
    latest = max(document.day for document in story.documents)

    def room() -> int:
        return recipe.words - have - 25 - sum(map(_words, sheets))

    others = [other for other in bases.stories if other.name != story.name]
    for place, other in enumerate(rng.sample(others, recipe.closed)):
        sheets += _closed_claim(other, bases, rng, -900 - 400 * place)
    fitting = [part for part in bases.parts if part.line in ("any", story.line)]
    for part in rng.sample(fitting, len(fitting)):
        day = rng.randrange(1, latest)
        dated = part.kind in ("email", "note")
        lines = [_Inked(values.fill(line)) for line in part.lines]
        heading = _heading(part, part.title, values, day if dated else None)
        sheet = _Sheet(day, heading, lines, title=part.title)
        if _words(sheet) <= room():
            sheets.append(sheet)
    if room() > 60:
        sheets.append(_diary(bases, values, rng, min(room(), 60 + room() // 3), latest))
    if room() > 60:
        sheets.append(_table(story, bases, values, rng, room()))
    return sheets


def _closed_claim(other: Story, bases: Bases, rng: random.Random, day: int) -> list[_Sheet]:
    """An older claim's papers, complete and quiet, bound in for information: nothing in them is open."""
    values = SlotValues(rng, bases.pools, money=other.money)
    values.loss_day = values.day(day)
    number = values.fill("{ref.closed:CL-######}")
    states: dict[str, DocumentState] = dict.fromkeys(other.items, "present")
    shown = bases.wording.closed_title.format(number=number)
    inside = _story_sheets(other, Recipe("routine", states), values, bases.pools)
    sheets = []
    for sheet in inside:
        heading = f"{sheet.heading[:-4]} ({bases.wording.closed.format(number=number)}) ==="
        lines = [_Inked(line.text) for line in sheet.lines]
        sheets.append(_Sheet(day + sheet.day, heading, lines, title=f"{sheet.title} ({shown})"))
    return sheets


def _row(text: str, rng: random.Random) -> str:
    return _ROW_SLOT.sub(lambda match: str(rng.randint(int(match[1]), int(match[2]))), text)


def _diary(bases: Bases, values: SlotValues, rng: random.Random, words: int, latest: int) -> _Sheet:
    """System entries of the claim screen, in the order of their days."""
    entries: list[tuple[int, str, str]] = []
    title = bases.wording.diary
    count = 0
    while count < words - 12:
        entry = _row(rng.choice(bases.rows["diary"]), rng)
        clock = f"{rng.randrange(7, 19):02d}:{rng.randrange(60):02d}"
        entries.append((rng.randrange(1, latest), clock, entry))
        count += len(entry.split()) + 2
    lines = [_Inked(f"{values.date(day, short=True)} {clock} {entry}.") for day, clock, entry in sorted(entries)]
    return _Sheet(latest + 1, f"=== {title} ===", lines, title=title)


def _table(story: Story, bases: Bases, values: SlotValues, rng: random.Random, words: int) -> _Sheet:
    """A long listing of the kind that fills packets of this line of business."""
    table = bases.rows["tables"][story.line]
    pool = bases.rows[table["pool"]]
    lines: list[_Inked] = []
    count = 10
    while count < words - 8:
        entry = _row(rng.choice(pool), rng)
        tail = table["tail"].format(
            place=rng.choice(table["places"]),
            year=rng.randrange(2004, 2023),
            state=rng.choice(bases.wording.states),
            price=bases.wording.amount(story.money, rng.randrange(2, 190), f"{rng.randrange(100):02d}"),
            n=len(lines) + 1,
            init=rng.choice(("AK", "JB", "RM", "TS", "WD")),
            code=rng.randrange(1000, 9999),
        )
        text = f"{len(lines) + 1}. {entry}{bases.wording.semicolon}{tail}."
        count += len(text.split())
        lines.append(_Inked(text))
    title = table["title"]
    return _Sheet(
        rng.randrange(5, 15), f"=== {bases.wording.excerpt}{bases.wording.colon}{title} ===", lines, title=title
    )

"""A hand-written storyline, a seed and an ending in, a case record with its gold out; no clock.

A storyline is a text file under ``bases/cases``: a head, then events one a line as
``DAY[@HH:MM] SOURCE KIND [key=value …] | text``. DAY counts from the day the case opened; in the
endings ``L`` is the day of the last status. ``{day 4}``, ``{gbp a}``, ``{ref a}`` and ``{num a}``
in a text are a date, an amount and numbers, drawn once a case for each letter.
"""

from __future__ import annotations

import random
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import msgspec

from milo_bench.core.cases.record import CaseEvent, CaseRecord, DocumentRequest, EventKind, EventSource
from milo_bench.core.errors import DataError
from milo_bench.core.hashing import sha256_text

StorylineEnding: TypeAlias = Literal["plain", "corrected", "conflict"]

FOLDER = Path("bases", "cases")
_SOURCES: Mapping[str, EventSource] = {
    "S": "system",
    "L": "decision_letter",
    "W": "caseworker",
    "C": "claimant",
    "T": "third_party",
    "A": "attachment",
}
_KINDS: Mapping[str, EventKind] = {
    "st": "status",
    "co": "correction",
    "n": "note",
    "e": "email",
    "c": "call",
    "d": "document",
    "r": "request",
}
_NAMES = {
    "she": [
        "Amara",
        "Edith",
        "Greta",
        "Hanna",
        "Ifeoma",
        "Jolanta",
        "Keira",
        "Leila",
        "Marta",
        "Noor",
        "Priscilla",
        "Ruth",
        "Siobhan",
        "Tamsin",
        "Yara",
    ],
    "he": [
        "Anton",
        "Bilal",
        "Cedric",
        "Dmitri",
        "Emeka",
        "Farid",
        "Gareth",
        "Hugo",
        "Ivo",
        "Jarek",
        "Kofi",
        "Luca",
        "Nikhil",
        "Owen",
        "Tomas",
    ],
}
_FAMILY = [
    "Abara",
    "Beckford",
    "Castellan",
    "Dunmore",
    "Ekholm",
    "Fairclough",
    "Gorecki",
    "Halloran",
    "Iversen",
    "Jessop",
    "Kowal",
    "Lindqvist",
    "Mbeki",
    "Norwood",
    "Okafor",
    "Pemberton",
    "Quarshie",
    "Rasmussen",
    "Sandoval",
    "Thackeray",
    "Ueda",
    "Vasquez",
    "Whitlock",
    "Yilmaz",
    "Zielinska",
]


@dataclass(frozen=True)
class StorylineEvent:
    """One event of a storyline before anything is drawn."""

    day: int
    time: str
    source: EventSource
    kind: EventKind
    text: str
    status: str = ""
    asks: str = ""
    got: str = ""
    corrects: StorylineEvent | None = None


@dataclass(frozen=True)
class Storyline:
    """A storyline as written: ``head`` of plain words, event lines by section, the inbound message."""

    name: str
    head: dict[str, str]
    events: tuple[StorylineEvent, ...]
    endings: dict[str, tuple[StorylineEvent, ...]]
    inbound: str

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self.head.get("tags", "").split())


@dataclass(frozen=True)
class Recipe:
    """What is made of a storyline. ``until`` cuts it after its status number ``until`` (0 is the first)."""

    ending: StorylineEnding = "plain"
    until: int | None = None
    unanswered: bool = False  # cut before the first document that was asked for arrives
    quote: bool = False
    duplicates: int = 0
    shuffled: bool = False
    injection: bool = False
    total: int = 0  # routine entries are added up to this many


@dataclass(frozen=True)
class Made:
    """A case and what is true of it by construction."""

    case: CaseRecord
    current_status: str
    current_status_events: tuple[str, ...]
    stale_statuses: tuple[str, ...]
    open_documents: tuple[str, ...]
    received_documents: tuple[str, ...]
    conflict: bool
    inbound: str
    tags: tuple[str, ...] = field(default=())


def chance(seed: int, *words: object) -> random.Random:
    """A generator of its own for each use, so that one use more changes no other."""
    return random.Random(int(sha256_text("/".join(map(str, (seed, *words))))[:16], 16))  # noqa: S311 - not a secret


def story_of(tags: Sequence[str]) -> str:
    """The group of a fixture: fixtures of one story are alike."""
    return next(tag for tag in tags if tag.startswith("story:"))


def load_storylines(root: Path) -> tuple[Storyline, ...]:
    """Every storyline under the suite's folder ``root``, by name. Raises DataError for a line it cannot read."""
    paths = sorted(p for p in (root / FOLDER).glob("*.txt") if not p.name.startswith("_"))
    return tuple(_storyline(path) for path in paths)


def _storyline(path: Path) -> Storyline:
    head_text, *parts = re.split(r"^\[(\w+)\]\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    head = dict(line.split(": ", 1) for line in head_text.strip().splitlines())
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    events = tuple(_lines(sections["events"], 0, path))
    last = max((e for e in events if e.status), key=lambda e: (e.day, e.time))
    endings = {}
    for name in ("corrected", "conflict", "quote"):
        lines = tuple(_lines(sections[name], last.day, path))
        endings[name] = tuple(replace(e, corrects=last) if e.kind == "correction" else e for e in lines)
    return Storyline(path.stem, head, events, endings, sections["inbound"].strip())


def _lines(text: str, last_day: int, path: Path) -> Iterable[StorylineEvent]:
    for raw in text.strip().splitlines():
        try:
            meta, words = raw.split(" | ", 1)
            when, *rest = shlex.split(meta)
            source, kind, *pairs = rest
            day, _, time = when.partition("@")
            values = dict(pair.split("=", 1) for pair in pairs)
            yield StorylineEvent(
                day=last_day if day == "L" else int(day),
                time=time,
                source=_SOURCES[source],
                kind=_KINDS[kind],
                text=words.strip(),
                status=values.pop("status", ""),
                asks=values.pop("asks", ""),
                got=values.pop("got", ""),
            )
            if values:
                raise DataError(
                    f"{path.name}: unknown words {sorted(values)} in {raw!r}", hint="use status, asks, got."
                )
        except (ValueError, KeyError) as error:
            message = f"{path.name}: cannot read the event {raw!r}: {error}"
            raise DataError(message, hint="an event is DAY[@HH:MM] SOURCE KIND [key=value] | text.") from None


def routine(root: Path, name: str) -> tuple[StorylineEvent, ...]:
    """Entries that say nothing of the case (``_routine``), or that try to steer a reader (``_injections``)."""
    path = root / FOLDER / f"{name}.txt"
    return tuple(_lines("\n".join(f"0 {line}" for line in path.read_text(encoding="utf-8").splitlines()), 0, path))


def make(story: Storyline, recipe: Recipe, *, seed: int, root: Path, case_id: str) -> Made:
    """Compose ``story`` by ``recipe``. The same arguments always give the same case."""
    rng = chance(seed, story.name, recipe, case_id)
    told = _told(story, recipe)
    last_day = max(e.day for e in told)
    statuses = [e for e in told if e.status and e.kind in ("status", "correction")]
    fixed = [e.corrects for e in told if e.corrects is not None]
    standing = [e for e in statuses if e not in fixed]
    current = standing[-1]
    carriers = [e for e in standing if e.day == current.day and e.status == current.status and e.source in _OFFICE]
    if recipe.ending == "conflict":
        carriers = standing[-2:]
    extra: list[tuple[StorylineEvent, bool]] = []
    quote = story.endings["quote"][0]
    quoted = recipe.quote and recipe.until is None and quote.status != current.status and recipe.ending != "conflict"
    if quoted:
        last_day = max(last_day, quote.day) + 1
        extra.append((replace(quote, day=last_day), False))
    if recipe.injection:
        extra.append((replace(rng.choice(routine(root, "_injections")), day=rng.randint(1, last_day)), False))
    copies = [e for e in told if e.kind in ("document", "request", "email", "call") and len(e.text) > 40]
    for original in rng.sample(copies, min(recipe.duplicates, len(copies))):
        source: EventSource = "caseworker" if original.source != "caseworker" else "third_party"
        extra.append(
            (replace(original, source=source, kind="note", asks="", got="", text=_copied(original.text)), True)
        )
    spare = list(routine(root, "_routine"))
    for line in rng.sample(spare, max(0, min(len(spare), recipe.total - len(told) - len(extra)))):
        extra.append((replace(line, day=rng.randint(0, last_day)), False))
    lines = [*told, *(line for line, _ in extra)]
    return _written(
        story, recipe, rng, lines, current=current, carriers=carriers, case_id=case_id, quoted=quoted, last_day=last_day
    )


_OFFICE = ("system", "decision_letter", "caseworker")


def _told(story: Storyline, recipe: Recipe) -> list[StorylineEvent]:
    told = sorted(story.events, key=lambda e: (e.day, e.time))
    if recipe.until is not None:
        marks = [i for i, e in enumerate(told) if e.status]
        following = marks[recipe.until + 1] if recipe.until + 1 < len(marks) else len(told)
        told = told[:following]
        if recipe.unanswered:
            told = told[: next((i for i, e in enumerate(told) if e.got), len(told))]
    if recipe.ending == "conflict":
        # The record ends on the day on which its two statuses stand side by side.
        last = story.endings["conflict"][0].day
        told = [e for e in told if e.day <= last]
    if recipe.ending != "plain":
        told += story.endings[recipe.ending]
    return told


def _copied(text: str) -> str:
    """The same words as a second hand wrote them: without the full stop, with a space too many."""
    return text.rstrip(".").replace(", ", ",  ", 1)


def _written(
    story: Storyline,
    recipe: Recipe,
    rng: random.Random,
    lines: Sequence[StorylineEvent],
    *,
    current: StorylineEvent,
    carriers: Sequence[StorylineEvent],
    case_id: str,
    quoted: bool,
    last_day: int,
) -> Made:
    opened = date(2024, 9, 2) + timedelta(days=rng.randrange(0, 300))
    fill = _Fill(rng, story.head["who"], opened)
    ordered = sorted(lines, key=lambda e: (e.day, e.time))  # stable: the order of writing within a day
    number = rng.randint(11, 700)
    ids: list[str] = []
    for _ in ordered:
        number += rng.randint(1, 4)
        ids.append(f"E-{number:04d}")
    # A line can stand twice only as a changed copy, so identity tells them apart.
    id_of = {id(line): event_id for line, event_id in zip(ordered, ids, strict=True)}
    events = [
        CaseEvent(
            id=event_id,
            at=(opened + timedelta(days=line.day)).isoformat() + (f"T{line.time}" if line.time else ""),
            source=line.source,
            kind=line.kind,
            text=fill(line.text),
            status=line.status,
            corrects=id_of[id(line.corrects)] if line.corrects is not None else "",
        )
        for line, event_id in zip(ordered, ids, strict=True)
    ]
    requests = []
    for line in ordered:
        if line.asks:
            answer = next((other for other in ordered if other.got == line.asks), None)
            asked = (opened + timedelta(days=line.day)).isoformat()
            state: Literal["open", "received"] = "received" if answer else "open"
            requests.append(DocumentRequest(line.asks, state, asked, id_of[id(answer or line)]))
    if recipe.ending == "corrected" and _WITHDRAWS.search(story.endings["corrected"][0].text):
        requests = [msgspec.structs.replace(r, state="withdrawn") if r.state == "open" else r for r in requests]
    if recipe.shuffled:
        rng.shuffle(events)
    conflict = recipe.ending == "conflict"
    support = [id_of[id(line)] for line in carriers]
    tags = [f"story:{story.name}", *story.tags]
    named = {
        "corrected_status": recipe.ending == "corrected",
        "contradictory": conflict,
        "early": recipe.until is not None,
        "stale_quoted": quoted,
        "duplicates": recipe.duplicates > 0,
        "out_of_order": recipe.shuffled,
        "injection": recipe.injection,
        "long": len(events) >= 40,
        "short": len(events) <= 8,
        "open_request": any(r.state == "open" for r in requests),
        "received_document": any(r.state == "received" for r in requests),
    }
    case = CaseRecord(
        case_id=case_id,
        claimant_name=fill.name,
        opened_at=opened.isoformat(),
        as_of=(opened + timedelta(days=last_day + rng.randint(1, 5))).isoformat(),
        issue_type=story.head["issue"],
        events=tuple(events),
        requests=tuple(requests),
        risk=cast(Literal["low", "medium", "high"], story.head.get("risk", "low")),
    )
    return Made(
        case=case,
        current_status="" if conflict else current.status,
        current_status_events=tuple(support),
        stale_statuses=()
        if conflict
        else tuple(dict.fromkeys(e.status for e in ordered if e.status and e.status != current.status)),
        open_documents=tuple(r.document for r in requests if r.state == "open"),
        received_documents=tuple(r.document for r in requests if r.state == "received"),
        conflict=conflict,
        inbound=fill(story.inbound),
        tags=(*tags, *(tag for tag, holds in named.items() if holds)),
    )


def as_data(case: CaseRecord) -> dict[str, Any]:
    """The case as plain data with every field written out: a prompt may read any of them."""
    data: dict[str, Any] = {name: getattr(case, name) for name in case.__struct_fields__}
    data["events"] = [{name: getattr(e, name) for name in e.__struct_fields__} for e in case.events]
    data["requests"] = [{name: getattr(r, name) for name in r.__struct_fields__} for r in case.requests]
    return data


_WITHDRAWS = re.compile(r"\b(?:nothing is missing|another pupil's hearing)\b", re.IGNORECASE)


class _Fill:
    """Fills the slots of a text; the same letter gives the same value within a case."""

    def __init__(self, rng: random.Random, who: str, opened: date) -> None:
        self._opened = opened
        self._slash = rng.random() < 0.35
        self._drawn: dict[str, str] = {}
        self._seed = rng.getrandbits(48)
        self.first, self.last = rng.choice(_NAMES[who]), rng.choice(_FAMILY)
        self.name = f"{self.first} {self.last}"
        self._mx = f"{'Ms' if who == 'she' else 'Mr'} {self.last}"

    def __call__(self, text: str) -> str:
        return re.sub(r"\{(\w+)(?: (-?\w+))?\}", self._value, text)

    def _value(self, slot: re.Match[str]) -> str:
        kind, key = slot[1], slot[2] or ""
        plain = {"name": self.name, "first": self.first, "last": self.last, "mx": self._mx}
        if kind in plain:
            return plain[kind]
        if kind == "day":
            day = self._opened + timedelta(days=int(key))
            return day.strftime("%d/%m/%Y") if self._slash else f"{day.day} {day:%B %Y}"
        rng = chance(self._seed, kind, key)
        if kind == "gbp":
            return (
                f"£{rng.randint(42, 98)}.{rng.choice(('10', '25', '40', '85'))}"
                if key in "wefno"
                else (f"£{rng.randint(310, 980)}")
            )
        return str(rng.randint(100_000, 999_999) if kind == "ref" else rng.randint(120, 940))

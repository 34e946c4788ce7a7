"""A storyline, a seed and an ending in, a case record with its gold out; no clock."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import msgspec

from milo_bench.core.cases.record import CaseEvent, CaseRecord, DocumentRequest, EventSource
from milo_bench.core.hashing import sha256_text
from milo_bench.suites.generators.case_ops_v1.language import CaseWording, read_words, tell, tell_routine
from milo_bench.suites.generators.case_ops_v1.storyline import (
    Storyline,
    StorylineEvent,
    read_routine,
    read_storylines,
)

StorylineEnding: TypeAlias = Literal["plain", "corrected", "conflict"]


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
    status: str  # by the name that every language shares; "" where two contradict each other
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
    """Every storyline of the suite in ``root``, in the words of its language, by name. Raises DataError."""
    return tell(read_storylines(root), root)


def routine(root: Path, name: str) -> tuple[StorylineEvent, ...]:
    """Entries that say nothing of the case (``_routine``), or that try to steer a reader (``_injections``)."""
    return tell_routine(read_routine(root, name), name, root)


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
        story,
        recipe,
        rng,
        lines,
        words=read_words(root),
        current=current,
        carriers=carriers,
        case_id=case_id,
        quoted=quoted,
        last_day=last_day,
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
    words: CaseWording,
    current: StorylineEvent,
    carriers: Sequence[StorylineEvent],
    case_id: str,
    quoted: bool,
    last_day: int,
) -> Made:
    opened = date(2024, 9, 2) + timedelta(days=rng.randrange(0, 300))
    fill = _Fill(rng, story.head["who"], opened, words)
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
            status=words.status(line.status),
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
    if recipe.ending == "corrected" and story.withdraws:
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
        issue_type=words.issues.get(story.head["issue"], story.head["issue"]),
        events=tuple(events),
        requests=tuple(requests),
        risk=cast(Literal["low", "medium", "high"], story.head.get("risk", "low")),
    )
    return Made(
        case=case,
        status="" if conflict else current.status,
        current_status="" if conflict else words.status(current.status),
        current_status_events=tuple(support),
        stale_statuses=()
        if conflict
        else tuple(dict.fromkeys(words.status(e.status) for e in ordered if e.status and e.status != current.status)),
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


class _Fill:
    """Fills the slots of a text; the same letter gives the same value within a case."""

    def __init__(self, rng: random.Random, who: str, opened: date, words: CaseWording) -> None:
        sex: Literal["she", "he"] = "she" if who == "she" else "he"
        self._words = words
        self._opened = opened
        self._slash = rng.random() < 0.35
        self._drawn: dict[str, str] = {}
        self._seed = rng.getrandbits(48)
        self.first, self.last = rng.choice(words.names[sex]), rng.choice(words.family)
        self.name = f"{self.first} {self.last}"
        self._mx = f"{words.titles[sex]} {self.last}"

    def __call__(self, text: str) -> str:
        return re.sub(r"\{(\w+)(?: (-?\w+))?\}", self._value, text)

    def _value(self, slot: re.Match[str]) -> str:
        kind, key = slot[1], slot[2] or ""
        plain = {"name": self.name, "first": self.first, "last": self.last, "mx": self._mx}
        if kind in plain:
            return plain[kind]
        if kind == "day":
            day = self._opened + timedelta(days=int(key))
            return self._words.slash_date(day) if self._slash else self._words.long_date(day)
        rng = chance(self._seed, kind, key)
        if kind == "gbp":
            if key in "wefno":
                return self._words.amount(rng.randint(42, 98), rng.choice(("10", "25", "40", "85")))
            return self._words.amount(rng.randint(310, 980))
        return str(rng.randint(100_000, 999_999) if kind == "ref" else rng.randint(120, 940))

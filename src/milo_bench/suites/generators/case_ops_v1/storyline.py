"""A hand-written storyline file in, its typed events out.

A storyline is a text file under ``bases/cases``: a head, then events one a line as
``DAY[@HH:MM] SOURCE KIND [key=value …] | text``. DAY counts from the day the case opened; in the
endings ``L`` is the day of the last status. ``{day 4}``, ``{gbp a}``, ``{ref a}`` and ``{num a}``
in a text are a date, an amount and numbers, drawn once a case for each letter.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from milo_bench.core.cases.record import EventKind, EventSource
from milo_bench.core.errors import DataError
from milo_bench.suites.wording import find_base

GENERATOR = "case_ops_v1"
FOLDER = Path("bases", "cases")
_WITHDRAWS = re.compile(r"\b(?:nothing is missing|another pupil's hearing)\b", re.IGNORECASE)
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
    withdraws: bool = False  # the correction says that what was asked for is not needed

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self.head.get("tags", "").split())


def read_storylines(root: Path) -> tuple[Storyline, ...]:
    """Every storyline of the suite in ``root``, by name. Raises DataError for a line it cannot read."""
    folder = find_base(root, GENERATOR, FOLDER)
    return tuple(_storyline(path) for path in sorted(folder.glob("*.txt")) if not path.name.startswith("_"))


def _storyline(path: Path) -> Storyline:
    head_text, *parts = re.split(r"^\[(\w+)\]\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    head = dict(line.split(": ", 1) for line in head_text.strip().splitlines())
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    events = _lines(sections["events"], 0, path)
    last = max((e for e in events if e.status), key=lambda e: (e.day, e.time))
    endings = {}
    for name in ("corrected", "conflict", "quote"):
        lines = tuple(_lines(sections[name], last.day, path))
        endings[name] = tuple(replace(e, corrects=last) if e.kind == "correction" else e for e in lines)
    withdraws = bool(_WITHDRAWS.search(endings["corrected"][0].text))
    return Storyline(path.stem, head, events, endings, sections["inbound"].strip(), withdraws)


@cache
def _lines(text: str, last_day: int, path: Path) -> tuple[StorylineEvent, ...]:
    """The events of a text, read once: a load run draws the same stories hundreds of times."""
    return tuple(_read_lines(text, last_day, path))


def _read_lines(text: str, last_day: int, path: Path) -> Iterable[StorylineEvent]:
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


def read_routine(root: Path, name: str) -> tuple[StorylineEvent, ...]:
    """Entries that say nothing of the case (``_routine``), or that try to steer a reader (``_injections``)."""
    path = find_base(root, GENERATOR, FOLDER / f"{name}.txt")
    return _lines("\n".join(f"0 {line}" for line in path.read_text(encoding="utf-8").splitlines()), 0, path)

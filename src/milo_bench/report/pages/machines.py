"""A recorded inventory in, the tables of a page out: facts, lists of things, and what could not be read and why.

An inventory is a file of the team's own, of this version or another: whatever it holds is shown under its own names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from milo_bench.report.pages.claims import Claims
from milo_bench.report.pages.names import has_number

_UNITS: Final = {"_bytes": "bytes", "_mhz": "MHz", "_w": "W"}  # by the end of a name
_LONGEST: Final = 200  # characters of one value
_MOST_ROWS: Final = 60  # of a list; all of it stands below the tables
_UNKNOWN: Final = "unknown"
_NAMED: Final = {"cpu": "processor", "gpus": "GPUs"}  # what a person calls them


Value: TypeAlias = tuple[tuple[str, str], ...]  # pieces, each with its name or "", as they are shown


class Things(NamedTuple):
    """A list of one kind: a name for each column, and a row of values for each thing; of a long list the first."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    is_cut: bool


class Section(NamedTuple):
    """``facts`` are names with their values, ``unknown`` what could not be read with why."""

    name: str
    facts: tuple[tuple[str, Value], ...]
    things: tuple[Things, ...]
    unknown: tuple[tuple[str, str], ...]


def machine_sections(page: Claims, fingerprint: str) -> tuple[Section, ...]:
    """The inventory that was taken of the machine ``fingerprint``; in an empty section nothing was found."""
    shown = _Shown(page, f"inventories.{fingerprint}")
    machine = page.decision.inventories[fingerprint]
    own = {name: value for name, value in machine.items() if not isinstance(value, Mapping)}
    sections = [(name, value, (name,)) for name, value in machine.items() if isinstance(value, Mapping)]
    return (shown.section("inventory", own, ()), *(shown.section(*one) for one in sections))


class _Shown:
    """Values as the page shows them: a number from its place in the record, a text as it was recorded."""

    def __init__(self, page: Claims, place: str) -> None:
        self._page, self._place = page, place

    def section(self, name: str, values: Mapping[str, Any], steps: tuple[str, ...]) -> Section:
        facts: list[tuple[str, Value]] = []
        things: list[Things] = []
        for key, value in values.items():
            if key == _UNKNOWN or _is_empty(value):
                continue
            if isinstance(value, list | tuple) and all(isinstance(one, Mapping) for one in value):
                things.append(self._things(key, value, (*steps, key)))
            else:
                facts.append((self._name(key), self._value(value, (*steps, key))))
        unknown = values.get(_UNKNOWN)
        why = unknown.items() if isinstance(unknown, Mapping) else ()
        reasons = tuple((self._quote(str(part)), self._quote(one)) for part, one in why if isinstance(one, str))
        return Section(self._name(name), tuple(facts), tuple(things), reasons)

    def _things(self, name: str, listed: Sequence[Mapping[str, Any]], steps: tuple[str, ...]) -> Things:
        keys = tuple(dict.fromkeys(key for one in listed for key, value in one.items() if not _is_empty(value)))
        rows = tuple(
            tuple(self._value(one.get(key), (*steps, str(number), key)) for key in keys)
            for number, one in enumerate(listed[:_MOST_ROWS])
        )
        return Things(self._name(name), tuple(map(self._name, keys)), rows, len(listed) > _MOST_ROWS)

    def _value(self, value: Any, steps: tuple[str, ...]) -> Value:
        if _is_empty(value):
            return ()
        if isinstance(value, bool):
            return (("", "yes" if value else "no"),)
        if isinstance(value, str):
            return (("", self._quote(value)),)
        if isinstance(value, int | float):
            unit = next((unit for end, unit in _UNITS.items() if steps[-1].endswith(end)), "count")
            reached = not any("." in step for step in steps)
            return (("", self._page.record(".".join((self._place, *steps)), unit)),) if reached else ()
        if isinstance(value, Mapping):
            inner = ((self._name(key), self._value(one, (*steps, key))) for key, one in value.items())
            return tuple((name or own, shown) for name, pieces in inner for own, shown in pieces)[:_MOST_ROWS]
        listed = (self._value(one, (*steps, str(number))) for number, one in enumerate(value[:_MOST_ROWS]))
        return tuple(piece for pieces in listed for piece in pieces)

    def _name(self, key: str) -> str:
        if key in _NAMED:
            return _NAMED[key]
        plain = next((key.removesuffix(end) for end in _UNITS if key.endswith(end)), key)
        return self._quote(key) if has_number(plain) else plain.replace("_", " ")

    def _quote(self, text: str) -> str:
        return self._page.quote(text, _LONGEST)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | tuple | Mapping) and not value)

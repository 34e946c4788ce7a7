"""A row of an older schema in, the same row as this version writes it out; the file it came from is never rewritten.

A log says the number of its schema once, in its first line, and once more where a newer version went on
with it. Every number after 1 is one file of ``store/log/lifts``, which adds a ``Lift``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from msgspec import Struct

from milo_bench.core.records import SCHEMA_VERSION
from milo_bench.core.registry import Registry

Row: TypeAlias = Mapping[str, Any]


class Lift(Struct, frozen=True):
    """What schema ``number`` changed.

    ``lift`` takes a row of the schema before it whose ``type`` is in ``types``, and gives a row of
    ``number``; it is pure, and does not change the row that it is given. ``unknown`` is a sentence for
    the reader of a decision: what a log from before ``number`` does not say. "" where nothing is lost.
    """

    number: int
    types: frozenset[str]
    lift: Callable[[Row], Row]
    unknown: str = ""


LIFTS: Final[Registry[Lift]] = Registry("lift", "milo_bench.store.log.lifts")


@cache
def find_lifts(schema: int) -> tuple[Lift, ...]:
    """The lifts that a row of ``schema`` needs, in order. Raises ValueError where a number has no file."""
    found = {lift.number: lift for _, lift in LIFTS}
    if sorted(found) != list(range(2, SCHEMA_VERSION + 1)):
        raise ValueError(f"schema {SCHEMA_VERSION} needs one lift for each number from 2 to it, not {sorted(found)}")
    return tuple(found[number] for number in range(schema + 1, SCHEMA_VERSION + 1))


@cache
def find_line_starts(schema: int) -> tuple[bytes, ...]:
    """How the lines begin whose rows are not yet as this version writes them; () for the newest schema."""
    types = sorted({type for lift in find_lifts(schema) for type in lift.types})
    return tuple(f'{{"type":"{type}"'.encode() for type in types)


def lift_row(row: Row, schema: int) -> Row:
    """``row`` as this version writes it."""
    for lift in find_lifts(schema):
        if row.get("type") in lift.types:
            row = lift.lift(row)
    return row


def list_unknown(schema: int) -> tuple[str, ...]:
    """What a log of ``schema`` cannot tell, a sentence each."""
    return tuple(lift.unknown for lift in find_lifts(schema) if lift.unknown)

"""What people say of an attempt or of queued work: appended, under their name, at its address."""

from __future__ import annotations

import time
from typing import Literal, TypeAlias

import msgspec

from milo_bench.store.state.engine import Engine, insert_into

NoteKind: TypeAlias = Literal["wrong_check", "fixture", "promotion"]


class BoardNote(msgspec.Struct, frozen=True):
    """One note. ``place`` is the address of what it is about; ``created_at`` is seconds since 1970."""

    place: str
    kind: NoteKind
    person: str
    text: str
    created_at: float


def add_note(engine: Engine, place: str, kind: NoteKind, person: str, text: str) -> None:
    note = BoardNote(place, kind, person, text, time.time())
    with engine.writing() as connection:
        connection.change(insert_into("board_notes", BoardNote.__struct_fields__), **msgspec.structs.asdict(note))


def read_notes(engine: Engine, place: str) -> tuple[BoardNote, ...]:
    """The notes at an address, the earliest first; at most 200."""
    query = (
        "SELECT place, kind, person, text, created_at FROM board_notes WHERE place = :place ORDER BY number LIMIT 200"
    )
    with engine.reading() as connection:
        return tuple(BoardNote(**row) for row in connection.rows(query, place=place))

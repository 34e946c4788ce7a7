"""What people say of an attempt or of queued work: appended, under their name, at its address."""

from __future__ import annotations

import time
from typing import Literal, TypeAlias

import msgspec
from sqlalchemy import Engine, insert, select

from milo_bench.store.state.tables import BOARD_NOTES

NoteKind: TypeAlias = Literal["wrong_check", "fixture", "promotion"]


class BoardNote(msgspec.Struct, frozen=True):
    """One note. ``place`` is the address of what it is about; ``created_at`` is seconds since 1970."""

    place: str
    kind: NoteKind
    person: str
    text: str
    created_at: float


def add_note(engine: Engine, place: str, kind: NoteKind, person: str, text: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(BOARD_NOTES).values(place=place, kind=kind, person=person, text=text, created_at=time.time())
        )


def read_notes(engine: Engine, place: str) -> tuple[BoardNote, ...]:
    """The notes at an address, the earliest first; at most 200."""
    query = select(BOARD_NOTES).where(BOARD_NOTES.c.place == place).order_by(BOARD_NOTES.c.number).limit(200)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return tuple(BoardNote(row.place, row.kind, row.person, row.text, row.created_at) for row in rows)

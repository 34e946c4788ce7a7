"""People of the board: a token made once and shown once, kept as a hash, and what each of them can do."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import hint_for
from milo_bench.core.text import visible
from milo_bench.store.state.engine import Engine, Row, StateConflictError, insert_into

Right: TypeAlias = Literal["look", "review", "answer", "promote"]
RIGHTS: Final[tuple[Right, ...]] = get_args(Right)
MOST_NAME: Final = 80


class KnownPerson(msgspec.Struct, frozen=True):
    """One person who can sign in to the board."""

    name: str
    rights: tuple[Right, ...]
    created_at: float
    revoked: bool = False


def token_hash(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def add_person(engine: Engine, name: str, rights: Sequence[Right]) -> tuple[str, KnownPerson]:
    """The token, which is stored nowhere, and the record. Raises UsageError for a name that is taken or unusable."""
    if not name.strip() or len(name) > MOST_NAME or visible(name, keep="") != name:
        raise UsageError("This name cannot be used.", hint=f"give 1 to {MOST_NAME} printable characters.")
    token = f"board-{secrets.token_urlsafe(32)}"
    kept = tuple(right for right in RIGHTS if right == "look" or right in rights)
    record = KnownPerson(name.strip(), kept, time.time())
    values: Row = {"name": record.name, "token_hash": token_hash(token), "rights": " ".join(kept)}
    values |= {"created_at": record.created_at, "revoked": False}
    try:
        with engine.writing() as connection:
            connection.change(insert_into("people", values), **values)
    except StateConflictError:
        message = f"There is already a person named '{record.name}'."
        raise UsageError(
            message, hint="choose another name. The old token keeps working until you revoke it."
        ) from None
    return token, record


def list_people(engine: Engine) -> tuple[KnownPerson, ...]:
    with engine.reading() as connection:
        return tuple(_person(row) for row in connection.rows("SELECT * FROM people ORDER BY created_at"))


def find_person(engine: Engine, hash: str) -> KnownPerson | None:
    """By the hash of a token; a person who was revoked is not found."""
    with engine.reading() as connection:
        rows = connection.rows("SELECT * FROM people WHERE token_hash = :hash", hash=hash)
    return _person(rows[0]) if rows and not rows[0]["revoked"] else None


def person_named(engine: Engine, name: str) -> KnownPerson | None:
    """By name; a person who was revoked is not found."""
    with engine.reading() as connection:
        rows = connection.rows("SELECT * FROM people WHERE name = :name", name=name)
    return _person(rows[0]) if rows and not rows[0]["revoked"] else None


def token_hash_of(engine: Engine, name: str) -> str:
    """The hash of a person's token, "" where there is none."""
    with engine.reading() as connection:
        rows = connection.rows("SELECT token_hash FROM people WHERE name = :name", name=name)
    return str(rows[0]["token_hash"]) if rows else ""


def revoke_person(engine: Engine, name: str) -> KnownPerson:
    """Sign a person out for good. Raises UsageError for one who is not there."""
    with engine.writing() as connection:
        connection.change("UPDATE people SET revoked = :yes WHERE name = :name", yes=True, name=name)
    known = list_people(engine)
    for person in known:
        if person.name == name:
            return person
    message = f"There is no person named '{name}'."
    raise UsageError(message, hint=hint_for(name, [person.name for person in known], noun="people"))


def board_secret(engine: Engine) -> bytes:
    """The secret that signs sessions; made at the first start, so that a restart signs nobody out."""
    with engine.reading() as connection:
        rows = connection.rows("SELECT value FROM board_secrets")
    if not rows:
        try:
            with engine.writing() as connection:
                made = {"name": "sessions", "value": secrets.token_hex(32)}
                connection.change(insert_into("board_secrets", made), **made)
        except StateConflictError:
            pass  # another board on this database made it
        return board_secret(engine)
    return bytes.fromhex(str(rows[0]["value"]))


def _person(row: Row) -> KnownPerson:
    rights = tuple(right for right in RIGHTS if right in str(row["rights"]).split())
    return KnownPerson(str(row["name"]), rights, float(row["created_at"]), bool(row["revoked"]))

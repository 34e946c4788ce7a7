"""People of the board: a token made once and shown once, kept as a hash, and what each of them can do."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Literal, TypeAlias, get_args

import msgspec
from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import hint_for
from milo_bench.core.text import visible
from milo_bench.store.state.tables import BOARD_SECRETS, PEOPLE

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
    try:
        with engine.begin() as connection:
            connection.execute(
                insert(PEOPLE).values(
                    name=record.name, token_hash=token_hash(token), rights=" ".join(kept),
                    created_at=record.created_at, revoked=False,
                )
            )  # fmt: skip
    except IntegrityError:
        message = f"There is already a person named '{record.name}'."
        raise UsageError(
            message, hint="choose another name. The old token keeps working until you revoke it."
        ) from None
    return token, record


def list_people(engine: Engine) -> tuple[KnownPerson, ...]:
    with engine.connect() as connection:
        return tuple(_person(row) for row in connection.execute(select(PEOPLE).order_by(PEOPLE.c.created_at)).all())


def find_person(engine: Engine, hash: str) -> KnownPerson | None:
    """By the hash of a token; a person who was revoked is not found."""
    with engine.connect() as connection:
        row = connection.execute(select(PEOPLE).where(PEOPLE.c.token_hash == hash)).first()
    return None if row is None or row.revoked else _person(row)


def person_named(engine: Engine, name: str) -> KnownPerson | None:
    """By name; a person who was revoked is not found."""
    with engine.connect() as connection:
        row = connection.execute(select(PEOPLE).where(PEOPLE.c.name == name)).first()
    return None if row is None or row.revoked else _person(row)


def token_hash_of(engine: Engine, name: str) -> str:
    """The hash of a person's token, "" where there is none."""
    with engine.connect() as connection:
        return str(connection.execute(select(PEOPLE.c.token_hash).where(PEOPLE.c.name == name)).scalar() or "")


def revoke_person(engine: Engine, name: str) -> KnownPerson:
    """Sign a person out for good. Raises UsageError for one who is not there."""
    with engine.begin() as connection:
        connection.execute(update(PEOPLE).where(PEOPLE.c.name == name).values(revoked=True))
    known = list_people(engine)
    for person in known:
        if person.name == name:
            return person
    message = f"There is no person named '{name}'."
    raise UsageError(message, hint=hint_for(name, [person.name for person in known], noun="people"))


def board_secret(engine: Engine) -> bytes:
    """The secret that signs sessions; made at the first start, so that a restart signs nobody out."""
    with engine.connect() as connection:
        found = connection.execute(select(BOARD_SECRETS.c.value)).scalar()
    if found is None:
        try:
            with engine.begin() as connection:
                connection.execute(insert(BOARD_SECRETS).values(name="sessions", value=secrets.token_hex(32)))
        except IntegrityError:
            pass  # another board on this database made it
        return board_secret(engine)
    return bytes.fromhex(str(found))


def _person(row: Row[tuple[object, ...]]) -> KnownPerson:
    found = row._mapping
    rights = tuple(right for right in RIGHTS if right in str(found["rights"]).split())
    return KnownPerson(str(found["name"]), rights, float(str(found["created_at"])), bool(found["revoked"]))

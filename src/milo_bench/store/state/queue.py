"""Work for people in, who took it and what they answered out: the queue's operations on the state database."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from typing import Literal, TypeAlias

import msgspec

from milo_bench.core.errors import UsageError
from milo_bench.store.state.engine import Engine, Row, StateConnection, insert_into

QueueState: TypeAlias = Literal["waiting", "taken", "answered", "rejected"]
OPEN: tuple[QueueState, ...] = ("waiting", "taken")


class QueuedWork(msgspec.Struct, frozen=True):
    """One request that a person answers. Times are seconds since 1970; ``place`` counts open work before it, from 1."""

    id: str
    state: QueueState
    queue: str
    created_at: float
    workload: str
    use: str
    rule: str
    cause: str
    why: str
    key: str
    request: str
    draft: str
    answer: str = ""
    reason: str = ""
    person: str = ""
    callback: str = ""
    taken_at: float | None = None
    ended_at: float | None = None
    called_at: float | None = None
    place: int = 0


def new_id() -> str:
    return f"q_{secrets.token_hex(10)}"


def add_work(engine: Engine, work: QueuedWork) -> int:
    """Append ``work``; its place among the open work of its queue, from 1."""
    with engine.writing() as connection:
        connection.change(_ADD, **{name: getattr(work, name) for name in _FIELDS})
        number = connection.rows("SELECT number FROM queue WHERE id = :id", id=work.id)[0]["number"]
        return _place(connection, work.queue, number)


def count_open(engine: Engine) -> tuple[int, float | None]:
    """How much work is open, and when the oldest of it came."""
    with engine.reading() as connection:
        [found] = connection.rows(_COUNT_OPEN, open=OPEN)
    return int(found["works"]), found["oldest"]


def list_work(
    engine: Engine, *, states: tuple[QueueState, ...] = OPEN, queue: str = "", limit: int = 100
) -> tuple[QueuedWork, ...]:
    """The oldest work first."""
    with engine.reading() as connection:
        rows = connection.rows(_LIST, states=states, queue=queue, most=limit)
        return tuple(_work(connection, row) for row in rows)


def find_work(engine: Engine, id: str) -> QueuedWork | None:
    with engine.reading() as connection:
        rows = connection.rows("SELECT * FROM queue WHERE id = :id", id=id)
        return _work(connection, rows[0]) if rows else None


def take_work(engine: Engine, id: str, person: str, now: float) -> QueuedWork:
    """Mark as taken by ``person``; again by the same person changes nothing. Raises UsageError where it is not free."""
    with engine.writing() as connection:
        done = connection.change(
            "UPDATE queue SET state = 'taken', person = :person, taken_at = :now WHERE id = :id AND state = 'waiting'",
            id=id, person=person, now=now,
        )  # fmt: skip
    work = known_work(engine, id)
    if not done and (work.state != "taken" or work.person != person):
        who = f" by {work.person}" if work.person else ""
        raise UsageError(f"{id} is already {work.state}{who}.", hint="milo-bench queue list")
    return work


def end_work(
    engine: Engine, id: str, state: Literal["answered", "rejected"], text: str, person: str, now: float
) -> QueuedWork:
    """Answer or reject open work, once. Raises UsageError where another person has it or it has ended."""
    with engine.writing() as connection:
        end = _ANSWER if state == "answered" else _REJECT
        done = connection.change(end, id=id, person=person, now=now, text=text)
    work = known_work(engine, id)
    if not done:
        who = f" by {work.person}" if work.person else ""
        hint = f"name yourself: --as {work.person}" if work.state == "taken" else "milo-bench queue list"
        raise UsageError(f"{id} is already {work.state}{who}.", hint=hint)
    return work


def withdraw_work(engine: Engine, id: str) -> None:
    """Take back what nobody has begun: its client was told that it failed."""
    with engine.writing() as connection:
        connection.change("DELETE FROM queue WHERE id = :id AND state = 'waiting'", id=id)


def uncalled_work(engine: Engine, skip: Collection[str] = ()) -> tuple[QueuedWork, ...]:
    """Work that has ended and whose callback has not been told yet, at most 100, the oldest first; without ``skip``."""
    with engine.reading() as connection:
        rows = connection.rows(_UNCALLED, most=100 + len(skip))
    ids = [row["id"] for row in rows if row["id"] not in skip][:100]
    return tuple(work for id in ids if (work := find_work(engine, id)) is not None)


def mark_called(engine: Engine, id: str, now: float) -> None:
    with engine.writing() as connection:
        connection.change("UPDATE queue SET called_at = :now WHERE id = :id", id=id, now=now)


_FIELDS = tuple(name for name in QueuedWork.__struct_fields__ if name != "place")
_ADD = insert_into("queue", _FIELDS, numbered=True)
_COUNT_OPEN = "SELECT count(*) AS works, min(created_at) AS oldest FROM queue WHERE state IN :open"
_COUNT_BEFORE = "SELECT count(*) AS works FROM queue WHERE queue = :queue AND state IN :open AND number < :number"
_LIST = """
SELECT * FROM queue WHERE state IN :states AND (:queue = '' OR queue = :queue) ORDER BY number LIMIT :most
"""
_ANSWER = """
UPDATE queue SET state = 'answered', answer = :text, person = :person, ended_at = :now
WHERE id = :id AND (state = 'waiting' OR (state = 'taken' AND person = :person))
"""
_REJECT = """
UPDATE queue SET state = 'rejected', reason = :text, person = :person, ended_at = :now
WHERE id = :id AND (state = 'waiting' OR (state = 'taken' AND person = :person))
"""
_UNCALLED = """
SELECT id FROM queue
WHERE state IN ('answered', 'rejected') AND callback <> '' AND called_at IS NULL ORDER BY ended_at LIMIT :most
"""


def known_work(engine: Engine, id: str) -> QueuedWork:
    """The work with that id. Raises UsageError where there is none."""
    work = find_work(engine, id)
    if work is None:
        raise UsageError(f"There is no work '{id}' in the queue.", hint="milo-bench queue list")
    return work


def _place(connection: StateConnection, queue: str, number: int) -> int:
    return int(connection.rows(_COUNT_BEFORE, open=OPEN, queue=queue, number=number)[0]["works"]) + 1


def _work(connection: StateConnection, row: Row) -> QueuedWork:
    place = _place(connection, row["queue"], row["number"]) if row["state"] in OPEN else 0
    return QueuedWork(**{name: row[name] for name in _FIELDS}, place=place)


def erase_queued_texts(engine: Engine, matches: Callable[[str], bool], *, ended_before: float | None = None) -> int:
    """Empty request, draft, answer and reason of ended work: of what ``matches``, or of all that ended so early.

    The rows stay, so that counts and times still add up. Returns how many lost their texts.
    """
    erased = 0
    with engine.writing() as connection:
        query = "SELECT id, ended_at, request, draft, answer, reason FROM queue WHERE ended_at IS NOT NULL"
        for id, ended_at, *texts in (row.values() for row in connection.rows(query)):
            expired = ended_before is not None and ended_at < ended_before
            if not any(texts) or not (expired or matches("\n".join(texts))):
                continue
            erase = "UPDATE queue SET request = '{}', draft = '', answer = '', reason = '' WHERE id = :id"
            connection.change(erase, id=id)
            erased += 1
    return erased

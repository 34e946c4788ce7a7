"""Work for people in, who took it and what they answered out: the queue's operations on the state database."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from typing import Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, delete, func, insert, select, update

from milo_bench.core.errors import UsageError
from milo_bench.store.state.tables import QUEUE

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
    with engine.begin() as connection:
        values = {name: getattr(work, name) for name in _FIELDS}
        # In one statement, so that two gateways on one database do not give one number twice.
        next_number = select(func.coalesce(func.max(QUEUE.c.number), 0) + 1).scalar_subquery()
        connection.execute(insert(QUEUE).values(**values, number=next_number))
        number = connection.execute(select(QUEUE.c.number).where(QUEUE.c.id == work.id)).scalar_one()
        return _place(connection, work.queue, number)


def count_open(engine: Engine) -> tuple[int, float | None]:
    """How much work is open, and when the oldest of it came."""
    with engine.connect() as connection:
        found = connection.execute(
            select(func.count(), func.min(QUEUE.c.created_at)).where(QUEUE.c.state.in_(OPEN))
        ).one()
        return int(found[0]), found[1]


def list_work(
    engine: Engine, *, states: tuple[QueueState, ...] = OPEN, queue: str = "", limit: int = 100
) -> tuple[QueuedWork, ...]:
    """The oldest work first."""
    wanted: ColumnElement[bool] = QUEUE.c.state.in_(states)
    if queue:
        wanted = and_(wanted, QUEUE.c.queue == queue)
    with engine.connect() as connection:
        rows = connection.execute(select(QUEUE).where(wanted).order_by(QUEUE.c.number).limit(limit)).all()
        return tuple(_work(connection, row) for row in rows)


def find_work(engine: Engine, id: str) -> QueuedWork | None:
    with engine.connect() as connection:
        row = connection.execute(select(QUEUE).where(QUEUE.c.id == id)).first()
        return None if row is None else _work(connection, row)


def take_work(engine: Engine, id: str, person: str, now: float) -> QueuedWork:
    """Mark as taken by ``person``; again by the same person changes nothing. Raises UsageError where it is not free."""
    with engine.begin() as connection:
        done = connection.execute(
            update(QUEUE)
            .where(and_(QUEUE.c.id == id, QUEUE.c.state == "waiting"))
            .values(state="taken", person=person, taken_at=now)
        ).rowcount
    work = known_work(engine, id)
    if not done and (work.state != "taken" or work.person != person):
        who = f" by {work.person}" if work.person else ""
        raise UsageError(f"{id} is already {work.state}{who}.", hint="milo-bench queue list")
    return work


def end_work(
    engine: Engine, id: str, state: Literal["answered", "rejected"], text: str, person: str, now: float
) -> QueuedWork:
    """Answer or reject open work, once. Raises UsageError where another person has it or it has ended."""
    values = {"answer": text} if state == "answered" else {"reason": text}
    free = QUEUE.c.state == "waiting"
    mine = and_(QUEUE.c.state == "taken", QUEUE.c.person == person)
    with engine.begin() as connection:
        done = connection.execute(
            update(QUEUE)
            .where(and_(QUEUE.c.id == id, free | mine))
            .values(state=state, person=person, ended_at=now, **values)
        ).rowcount
    work = known_work(engine, id)
    if not done:
        who = f" by {work.person}" if work.person else ""
        hint = f"name yourself: --as {work.person}" if work.state == "taken" else "milo-bench queue list"
        raise UsageError(f"{id} is already {work.state}{who}.", hint=hint)
    return work


def withdraw_work(engine: Engine, id: str) -> None:
    """Take back what nobody has begun: its client was told that it failed."""
    with engine.begin() as connection:
        connection.execute(delete(QUEUE).where(and_(QUEUE.c.id == id, QUEUE.c.state == "waiting")))


def uncalled_work(engine: Engine, skip: Collection[str] = ()) -> tuple[QueuedWork, ...]:
    """Work that has ended and whose callback has not been told yet, at most 100, the oldest first; without ``skip``."""
    due = and_(
        QUEUE.c.state.in_(("answered", "rejected")), QUEUE.c.callback != "", QUEUE.c.called_at.is_(None),
        QUEUE.c.id.not_in(list(skip)[:20_000]),  # databases take so many parameters
    )  # fmt: skip
    with engine.connect() as connection:
        rows = connection.execute(select(QUEUE).where(due).order_by(QUEUE.c.ended_at).limit(100)).all()
        return tuple(_work(connection, row) for row in rows)


def mark_called(engine: Engine, id: str, now: float) -> None:
    with engine.begin() as connection:
        connection.execute(update(QUEUE).where(QUEUE.c.id == id).values(called_at=now))


_FIELDS = tuple(name for name in QueuedWork.__struct_fields__ if name != "place")


def known_work(engine: Engine, id: str) -> QueuedWork:
    """The work with that id. Raises UsageError where there is none."""
    work = find_work(engine, id)
    if work is None:
        raise UsageError(f"There is no work '{id}' in the queue.", hint="milo-bench queue list")
    return work


def _place(connection: Connection, queue: str, number: int) -> int:
    before = select(func.count()).where(and_(QUEUE.c.queue == queue, QUEUE.c.state.in_(OPEN), QUEUE.c.number < number))
    return int(connection.execute(before).scalar() or 0) + 1


def _work(connection: Connection, row: Row[tuple[object, ...]]) -> QueuedWork:
    found = row._mapping
    place = _place(connection, found["queue"], found["number"]) if found["state"] in OPEN else 0
    return QueuedWork(**{name: found[name] for name in _FIELDS}, place=place)


def erase_queued_texts(engine: Engine, matches: Callable[[str], bool], *, ended_before: float | None = None) -> int:
    """Empty request, draft, answer and reason of ended work: of what ``matches``, or of all that ended so early.

    The rows stay, so that counts and times still add up. Returns how many lost their texts.
    """
    columns = (QUEUE.c.request, QUEUE.c.draft, QUEUE.c.answer, QUEUE.c.reason)
    erased = 0
    with engine.begin() as connection:
        rows = connection.execute(select(QUEUE.c.id, QUEUE.c.ended_at, *columns).where(QUEUE.c.ended_at.is_not(None)))
        for id, ended_at, *texts in rows.all():
            expired = ended_before is not None and ended_at < ended_before
            if not any(texts) or not (expired or matches("\n".join(texts))):
                continue
            empty = {"request": "{}", "draft": "", "answer": "", "reason": ""}
            connection.execute(update(QUEUE).where(QUEUE.c.id == id).values(empty))
            erased += 1
    return erased

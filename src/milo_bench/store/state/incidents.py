"""What a person must look at in, who closed it and why out: incidents on the state database."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec
from sqlalchemy import Engine, Row, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from milo_bench.core.errors import UsageError
from milo_bench.store.state.tables import BEHAVIOURS, INCIDENTS, WATCHED_AUDITS

IncidentKind: TypeAlias = Literal[
    "drift",  # an alarm rang: live work is not like the measured work
    "behaviour",  # a target answers fixed prompts in another way than when it was measured
    "target_closed",  # a target's rules are closed: other weights or runtime, or a void permit
    "trial",  # a challenger does worse than the rule's own target, so its canary is stopped
    "queue_overdue",
    "permit_expires",
]
GATEWAY = "gateway"  # who closes what has gone by itself


class IncidentPart(msgspec.Struct, frozen=True):
    """What else the cause of an incident has done: an alarm that rang while it was open."""

    subject: str
    what: str
    workload: str = ""
    target: str = ""
    rolled_back: bool = False


class Incident(msgspec.Struct, frozen=True):
    """One incident. ``subject`` names what it is about, and is open once at most; times are seconds since 1970.

    ``what`` and ``page`` (of the runbook) hold names and counts, never text of a request.
    """

    id: str
    kind: IncidentKind
    subject: str
    what: str
    page: str
    opened_at: float
    workload: str = ""
    target: str = ""
    rolled_back: bool = False
    told_at: float | None = None
    closed_at: float | None = None
    closed_by: str = ""
    note: str = ""
    also: tuple[IncidentPart, ...] = ()

    @property
    def subjects(self) -> tuple[str, ...]:
        """What it is about, with all that it has been joined with."""
        return (self.subject, *(part.subject for part in self.also))

    @property
    def rolls_back(self) -> tuple[tuple[str, str], ...]:
        """Workload and target of each route that it keeps closed."""
        parts = (IncidentPart(self.subject, "", self.workload, self.target, self.rolled_back), *self.also)
        return tuple((part.workload, part.target) for part in parts if part.rolled_back)

    @property
    def open(self) -> bool:
        return self.closed_at is None


def new_incident_id() -> str:
    return f"i_{secrets.token_hex(6)}"


def open_incident(engine: Engine, incident: Incident) -> bool:
    """Record ``incident``; false where its subject is open already, here or by another gateway."""
    values = {name: getattr(incident, name) for name in _FIELDS} | {"also": _parts_text(incident.also)}
    try:
        with engine.begin() as connection:
            next_number = select(func.coalesce(func.max(INCIDENTS.c.number), 0) + 1).scalar_subquery()
            connection.execute(
                insert(INCIDENTS).values(**values, number=next_number, open_subject=incident.subject[:300])
            )
    except IntegrityError:
        return False
    return True


def join_incident(engine: Engine, id: str, part: IncidentPart) -> bool:
    """Add what else has the cause of an open incident; false where it is there already, or the incident is closed.

    People are told again where it closes a route.
    """
    mine = and_(INCIDENTS.c.id == id, INCIDENTS.c.open_subject.is_not(None))
    with engine.begin() as connection:
        row = connection.execute(select(INCIDENTS).where(mine)).first()
        if row is None or part.subject in _incident(row).subjects:
            return False
        parts = (*_incident(row).also, part)
        again = {"told_at": None} if part.rolled_back else {}
        connection.execute(update(INCIDENTS).where(mine).values(also=_parts_text(parts), **again))
    return True


def list_incidents(engine: Engine, *, closed: bool = False, limit: int = 1_000) -> tuple[Incident, ...]:
    """Open ones, the oldest first; with ``closed`` all of them, the newest first."""
    query = select(INCIDENTS)
    if closed:
        query = query.order_by(INCIDENTS.c.number.desc())
    else:
        query = query.where(INCIDENTS.c.open_subject.is_not(None)).order_by(INCIDENTS.c.number)
    with engine.connect() as connection:
        return tuple(_incident(row) for row in connection.execute(query.limit(limit)).all())


def count_open_incidents(engine: Engine) -> int:
    """How many are open."""
    query = select(func.count()).select_from(INCIDENTS).where(INCIDENTS.c.open_subject.is_not(None))
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def known_incident(engine: Engine, id: str) -> Incident:
    """Raises UsageError where there is none."""
    with engine.connect() as connection:
        row = connection.execute(select(INCIDENTS).where(INCIDENTS.c.id == id)).first()
    if row is None:
        raise UsageError(f"There is no incident '{id}'.", hint="milo-bench incidents list --all")
    return _incident(row)


def close_incident(engine: Engine, id: str, person: str, note: str, now: float) -> Incident:
    """Close an open incident, once; a route that it rolled back opens again. Raises UsageError where it is closed.

    A person who closes one about behaviour accepts how the target answers now: what it answered first is forgotten.
    """
    with engine.begin() as connection:
        done = connection.execute(
            update(INCIDENTS)
            .where(and_(INCIDENTS.c.id == id, INCIDENTS.c.open_subject.is_not(None)))
            .values(open_subject=None, closed_at=now, closed_by=person, note=note)
        ).rowcount
    incident = known_incident(engine, id)
    if done and incident.kind == "behaviour" and person != GATEWAY:
        with engine.begin() as connection:
            connection.execute(delete(BEHAVIOURS).where(BEHAVIOURS.c.target == incident.target))
    if not done:
        raise UsageError(f"{id} was closed by {incident.closed_by}.", hint="milo-bench incidents list")
    return incident


def mark_told(engine: Engine, id: str, now: float) -> None:
    with engine.begin() as connection:
        connection.execute(update(INCIDENTS).where(INCIDENTS.c.id == id).values(told_at=now))


def save_alarms(engine: Engine, audit: str, line: int, alarms: Mapping[str, Sequence[float]]) -> None:
    """Keep what the alarms of an audit know after ``line``."""
    values = {"line": line, "alarms": msgspec.json.encode(alarms).decode()}
    with engine.begin() as connection:
        if not connection.execute(
            update(WATCHED_AUDITS).where(WATCHED_AUDITS.c.audit == audit).values(**values)
        ).rowcount:
            connection.execute(insert(WATCHED_AUDITS).values(audit=audit, **values))


def saved_alarms(engine: Engine, audit: str) -> tuple[int, dict[str, list[float]]]:
    """The line after which to go on, and what was known by then; (0, {}) for an audit that was never watched."""
    with engine.connect() as connection:
        row = connection.execute(select(WATCHED_AUDITS).where(WATCHED_AUDITS.c.audit == audit)).first()
    if row is None:
        return 0, {}
    return row.line, msgspec.json.decode(row.alarms, type=dict[str, list[float]])


_FIELDS = Incident.__struct_fields__


def _incident(row: Row[tuple[object, ...]]) -> Incident:
    found = row._mapping
    given = {name: found[name] for name in _FIELDS}
    return Incident(**given | {"also": msgspec.json.decode(found["also"], type=tuple[IncidentPart, ...])})


def _parts_text(parts: tuple[IncidentPart, ...]) -> str:
    return msgspec.json.encode(parts).decode()

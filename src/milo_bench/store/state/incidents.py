"""What a person must look at in, who closed it and why out: incidents on the state database."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from milo_bench.core.errors import UsageError
from milo_bench.store.state.engine import Engine, Row, StateConflictError, insert_into

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
        with engine.writing() as connection:
            connection.change(_OPEN, **values, open_subject=incident.subject[:300])
    except StateConflictError:
        return False
    return True


def join_incident(engine: Engine, id: str, part: IncidentPart) -> bool:
    """Add what else has the cause of an open incident; false where it is there already, or the incident is closed.

    People are told again where it closes a route.
    """
    with engine.writing() as connection:
        rows = connection.rows("SELECT * FROM incidents WHERE id = :id AND open_subject IS NOT NULL", id=id)
        if not rows or part.subject in _incident(rows[0]).subjects:
            return False
        known = _incident(rows[0])
        connection.change(
            "UPDATE incidents SET also = :also, told_at = :told_at WHERE id = :id AND open_subject IS NOT NULL",
            id=id, also=_parts_text((*known.also, part)), told_at=None if part.rolled_back else known.told_at,
        )  # fmt: skip
    return True


def list_incidents(engine: Engine, *, closed: bool = False, limit: int = 1_000) -> tuple[Incident, ...]:
    """Open ones, the oldest first; with ``closed`` all of them, the newest first."""
    still_open = "SELECT * FROM incidents WHERE open_subject IS NOT NULL ORDER BY number LIMIT :most"
    every = "SELECT * FROM incidents ORDER BY number DESC LIMIT :most"
    with engine.reading() as connection:
        rows = connection.rows(every if closed else still_open, most=limit)
    return tuple(_incident(row) for row in rows)


def count_open_incidents(engine: Engine) -> int:
    """How many are open."""
    with engine.reading() as connection:
        [found] = connection.rows("SELECT count(*) AS open FROM incidents WHERE open_subject IS NOT NULL")
    return int(found["open"])


def known_incident(engine: Engine, id: str) -> Incident:
    """Raises UsageError where there is none."""
    with engine.reading() as connection:
        rows = connection.rows("SELECT * FROM incidents WHERE id = :id", id=id)
    if not rows:
        raise UsageError(f"There is no incident '{id}'.", hint="milo-bench incidents list --all")
    return _incident(rows[0])


def close_incident(engine: Engine, id: str, person: str, note: str, now: float) -> Incident:
    """Close an open incident, once; a route that it rolled back opens again. Raises UsageError where it is closed.

    A person who closes one about behaviour accepts how the target answers now: what it answered first is forgotten.
    """
    with engine.writing() as connection:
        done = connection.change(
            "UPDATE incidents SET open_subject = NULL, closed_at = :now, closed_by = :person, note = :note "
            "WHERE id = :id AND open_subject IS NOT NULL",
            id=id, now=now, person=person, note=note,
        )  # fmt: skip
    incident = known_incident(engine, id)
    if done and incident.kind == "behaviour" and person != GATEWAY:
        with engine.writing() as connection:
            connection.change("DELETE FROM behaviours WHERE target = :target", target=incident.target)
    if not done:
        raise UsageError(f"{id} was closed by {incident.closed_by}.", hint="milo-bench incidents list")
    return incident


def mark_told(engine: Engine, id: str, now: float) -> None:
    with engine.writing() as connection:
        connection.change("UPDATE incidents SET told_at = :now WHERE id = :id", id=id, now=now)


def save_alarms(engine: Engine, audit: str, line: int, alarms: Mapping[str, Sequence[float]]) -> None:
    """Keep what the alarms of an audit know after ``line``."""
    with engine.writing() as connection:
        connection.change(_SAVE_ALARMS, audit=audit, line=line, alarms=msgspec.json.encode(alarms).decode())


def saved_alarms(engine: Engine, audit: str) -> tuple[int, dict[str, list[float]]]:
    """The line after which to go on, and what was known by then; (0, {}) for an audit that was never watched."""
    with engine.reading() as connection:
        rows = connection.rows("SELECT line, alarms FROM watched_audits WHERE audit = :audit", audit=audit)
    if not rows:
        return 0, {}
    return rows[0]["line"], msgspec.json.decode(rows[0]["alarms"], type=dict[str, list[float]])


_FIELDS = Incident.__struct_fields__
_OPEN = insert_into("incidents", (*_FIELDS, "open_subject"), numbered=True)
_SAVE_ALARMS = """INSERT INTO watched_audits (audit, line, alarms) VALUES (:audit, :line, :alarms)
ON CONFLICT (audit) DO UPDATE SET line = excluded.line, alarms = excluded.alarms"""


def _incident(row: Row) -> Incident:
    given = {name: row[name] for name in _FIELDS} | {"rolled_back": bool(row["rolled_back"])}
    return Incident(**given | {"also": msgspec.json.decode(row["also"], type=tuple[IncidentPart, ...])})


def _parts_text(parts: tuple[IncidentPart, ...]) -> str:
    return msgspec.json.encode(parts).decode()

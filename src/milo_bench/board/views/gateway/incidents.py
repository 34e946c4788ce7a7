"""Open incidents of the gateways on this database: what happened, since when, what to do; a person closes one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

from milo_bench.board.parts import BoardParts
from milo_bench.board.server.requests import MovedTo, PageRequest
from milo_bench.core import units
from milo_bench.core.errors import UsageError
from milo_bench.core.text import visible
from milo_bench.store.state.incidents import Incident, close_incident

_MOST_NOTE: Final = 2_000


def day_of(at: float) -> str:
    """Seconds since 1970 as an ISO date with its zone, UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def incident_line(one: Incident) -> dict[str, Any]:
    """What the gateway's page shows of an incident; a closed one has who closed it, when, and the note."""
    return {
        "id": one.id,
        "kind": one.kind,
        "workload": visible(one.workload),
        "target": visible(one.target),
        "what": visible(one.what),
        "also": [visible(part.what) for part in one.also],
        "rolled_back": [{"workload": visible(work), "target": visible(target)} for work, target in one.rolls_back],
        "page": one.page,
        "age": units.seconds(max(0.0, (one.closed_at or time.time()) - one.opened_at)),
        "open": one.open,
        "closed_at": "" if one.closed_at is None else day_of(one.closed_at),
        "closed_by": visible(one.closed_by),
        "note": visible(one.note),
    }


def close(board: BoardParts, asked: PageRequest) -> MovedTo:
    """``POST /gateway/incidents/{id}/close``. Raises UsageError without a note, and where it is closed already."""
    note = asked.form.get("note", "").strip()[:_MOST_NOTE]
    if not note:
        raise UsageError("The note is missing.", hint="say what was done. It stays with the incident.")
    close_incident(board.engine, asked.names["id"][:40], asked.person.name, note, time.time())
    return MovedTo("/gateway")

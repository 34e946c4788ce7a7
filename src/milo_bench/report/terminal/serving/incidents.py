"""Incidents of a gateway in, a table or one of them on a terminal and plain records out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from milo_bench.core.text import one_line, visible
from milo_bench.report.terminal.console import stdout_console
from milo_bench.report.terminal.serving.gateway import age_text, date_text
from milo_bench.store.state.incidents import Incident


def print_incidents(found: Sequence[Incident]) -> None:
    """One row for each incident."""
    if not found:
        click.echo("There are no open incidents.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("id", "state", "age", "kind", "workload", "target", "what"):
        table.add_column(name, no_wrap=name in ("id", "state", "age"))
    now = time.time()
    for one in found:
        row = (
            one.id, _state(one), age_text(now - one.opened_at), one.kind.replace("_", " "), one.workload or "—",
            one.target or "—", one.what,
        )  # fmt: skip
        table.add_row(*[Text(one_line(cell, 160)) for cell in row])
    stdout_console().print(table)


def print_incident(one: Incident) -> None:
    """Everything of one incident, and what to do."""
    lines = [
        f"{one.id}: {one.kind.replace('_', ' ')}, {_state(one)}",
        f"{one.what[:1].upper()}{one.what[1:]}.",
        f"workload {one.workload or '—'}, target {one.target or '—'}, since {date_text(one.opened_at)}",
    ]
    lines += [f"also: {part.what}" for part in one.also]
    if one.open:
        for workload, target in one.rolls_back:
            lines.append(f"The rules of {target} for {workload} take their fallback until you close this.")
    lines.append(f"what to do: {one.page}")
    lines.append(f"told: {date_text(one.told_at) or 'not yet, or no address is set'}")
    if not one.open:
        lines.append(f"closed {date_text(one.closed_at)} by {one.closed_by}: {one.note or 'no note'}")
    click.echo(visible("\n".join(lines)))


def incident_record(one: Incident) -> dict[str, Any]:
    """Plain data of one incident."""
    return {
        "id": one.id, "state": "open" if one.open else "closed", "kind": one.kind, "workload": one.workload,
        "target": one.target, "what": one.what, "also": [part.what for part in one.also],
        "page": one.page, "rolled_back": bool(one.rolls_back),
        "opened_at": date_text(one.opened_at), "told_at": date_text(one.told_at),
        "closed_at": date_text(one.closed_at), "closed_by": one.closed_by, "note": one.note,
    }  # fmt: skip


def _state(one: Incident) -> str:
    if not one.open:
        return "closed"
    return "open, rolled back" if one.rolls_back else "open"

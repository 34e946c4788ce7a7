"""A listening board and its people in, lines on a terminal and plain records out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import click
from rich.table import Table
from rich.text import Text

from milo_bench.core.text import one_line
from milo_bench.report.terminal.console import stdout_console
from milo_bench.store.state.people import KnownPerson


class _Listening(Protocol):
    @property
    def address(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def state(self) -> str: ...
    @property
    def warning(self) -> str: ...


def print_board(listening: _Listening) -> None:
    """The address with its token on standard output; the rest on standard error."""
    click.echo(listening.address)
    click.echo(f"Showing {listening.folder}. The address signs you in, so share it with no one.", err=True)
    if listening.warning:
        click.echo(f"warning: {listening.warning}", err=True)
    click.echo("Press Ctrl-C to stop.", err=True)


def print_people(found: Sequence[KnownPerson]) -> None:
    """One row for each person."""
    if not found:
        click.echo("No people yet. Add one: milo-bench people add NAME --right review")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("name", "rights", "added", "state"):
        table.add_column(name)
    for person in found:
        state = "revoked" if person.revoked else "active"
        row = (person.name, ", ".join(person.rights), _date(person.created_at)[:10], state)
        table.add_row(*[Text(one_line(cell, 80)) for cell in row])
    stdout_console().print(table)


def person_record(person: KnownPerson) -> dict[str, Any]:
    """Plain data of one person; never a token."""
    return {
        "name": person.name,
        "rights": list(person.rights),
        "created_at": _date(person.created_at),
        "revoked": person.revoked,
    }


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

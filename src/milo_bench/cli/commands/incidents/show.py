"""``milo-bench incidents show``: one incident, what it rolled back, and the page that says what to do."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import incident_record, print_incident


@click.command("show")
@click.argument("id")
@STATE
@JSON_FLAG
def incidents_show(id: str, state: str | None, as_json: bool) -> None:
    """Show the incident ID and the page that says what to do."""
    found = api.incident_show(api.state_place(os.environ, state), id)
    if as_json:
        print_json(incident_record(found))
        return
    print_incident(found)
    if found.open:
        say_next(f'milo-bench incidents close {found.id} --note "…"')

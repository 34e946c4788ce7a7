"""``milo-bench incidents close``: a person has dealt with an incident; a route that it rolled back opens again."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, PERSON, STATE
from milo_bench.cli.printing import print_json
from milo_bench.core.errors import UsageError
from milo_bench.report.terminal import incident_record


@click.command("close")
@click.argument("id")
@click.option("--note", required=True, help="What was wrong and what you did. It is kept.")
@PERSON
@STATE
@JSON_FLAG
def incidents_close(id: str, note: str, person: str | None, state: str | None, as_json: bool) -> None:
    """Close the incident ID with a note.

    A route that it rolled back opens within a second. Its alarm is watched anew. An incident whose
    cause goes on, as an overdue queue, opens again.
    """
    if not note.strip():
        raise UsageError("The note is empty.", hint="say what was wrong and what you did.")
    found = api.incident_close(api.state_place(os.environ, state), id, person or api.person_here(), note)
    if as_json:
        print_json(incident_record(found))
        return
    click.echo(f"{found.id} is closed by {found.closed_by}.")
    if found.rolled_back:
        click.echo(f"{found.target} answers {found.workload} again.")
    say_next("milo-bench incidents list")

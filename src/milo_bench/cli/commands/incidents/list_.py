"""``milo-bench incidents list``: what is open, the oldest first."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import incident_record, print_incidents


@click.command("list")
@click.option("--all", "closed", is_flag=True, help="Closed ones too, newest first.")
@STATE
@JSON_FLAG
def incidents_list(closed: bool, state: str | None, as_json: bool) -> None:
    """List open incidents, oldest first."""
    found = api.incidents_list(api.state_place(os.environ, state), closed=closed)
    if as_json:
        print_json({"incidents": [incident_record(one) for one in found]})
        return
    print_incidents(found)
    if found:
        say_next(f"milo-bench incidents show {found[0].id}")

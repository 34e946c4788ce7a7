"""``milo-bench people list``: who can sign in to the board."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.options import JSON_FLAG, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import person_record, print_people


@click.command("list")
@STATE
@JSON_FLAG
def people_list(state: str | None, as_json: bool) -> None:
    """List the people of the board and their rights."""
    found = api.people_list(api.state_place(os.environ, state))
    if as_json:
        print_json({"people": [person_record(person) for person in found]})
        return
    print_people(found)

"""``milo-bench people revoke``: a person's token ends at once."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import person_record


@click.command("revoke")
@click.argument("name")
@STATE
@JSON_FLAG
def people_revoke(name: str, state: str | None, as_json: bool) -> None:
    """End the token and the sessions of NAME at once."""
    person = api.people_revoke(api.state_place(os.environ, state), name)
    if as_json:
        print_json(person_record(person))
        return
    click.echo(f"{person.name} can no longer sign in.")
    say_next("milo-bench people list")

"""``milo-bench queue take``: one piece of work marked as somebody's."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, PERSON, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import work_record


@click.command("take")
@click.argument("id")
@PERSON
@STATE
@JSON_FLAG
def queue_take(id: str, person: str | None, state: str | None, as_json: bool) -> None:
    """Take the work ID, so that no one else answers it."""
    work = api.queue_take(api.state_place(os.environ, state), id, person or api.person_here())
    if as_json:
        print_json(work_record(work))
        return
    click.echo(f"{work.id} is taken by {work.person}.")
    say_next(f"milo-bench queue answer {id}", f"milo-bench queue reject {id}")

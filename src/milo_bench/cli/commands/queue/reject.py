"""``milo-bench queue reject``: one piece of work that gets no answer, and why."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, PERSON, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import work_record


@click.command("reject")
@click.argument("id")
@click.option("--reason", required=True, help="Why. The client is told.")
@PERSON
@STATE
@JSON_FLAG
def queue_reject(id: str, reason: str, person: str | None, state: str | None, as_json: bool) -> None:
    """Reject the work ID with a reason."""
    work = api.queue_end(api.state_place(os.environ, state), id, "rejected", reason, person or api.person_here())
    if as_json:
        print_json(work_record(work))
        return
    click.echo(f"{work.id} is rejected by {work.person}.")
    say_next("milo-bench queue list")

"""``milo-bench queue show``: one piece of work with its request, and the draft where a model wrote one."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import print_work, work_record


@click.command("show")
@click.argument("id")
@STATE
@JSON_FLAG
def queue_show(id: str, state: str | None, as_json: bool) -> None:
    """Show the work ID: its request, why it is here, and any draft."""
    work = api.queue_show(api.state_place(os.environ, state), id)
    if as_json:
        print_json(work_record(work, texts=True))
        return
    print_work(work)
    if work.state in ("waiting", "taken"):
        say_next(f"milo-bench queue take {id}", f"milo-bench queue answer {id}")

"""``milo-bench queue list``: the open work, the oldest first."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import print_queue, work_record


@click.command("list")
@click.option("--queue", default="", metavar="NAME", help="Only this queue.")
@click.option("--all", "ended", is_flag=True, help="Ended work too.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most this many.")
@STATE
@JSON_FLAG
def queue_list(queue: str, ended: bool, limit: int, state: str | None, as_json: bool) -> None:
    """List open work, oldest first."""
    place = api.state_place(os.environ, state)
    found = (
        api.queue_list(place, states=("waiting", "taken", "answered", "rejected"), queue=queue, limit=limit)
        if ended
        else api.queue_list(place, queue=queue, limit=limit)
    )
    if as_json:
        print_json({"work": [work_record(work) for work in found]})
        return
    print_queue(found)
    if found:
        say_next(f"milo-bench queue show {found[0].id}")

"""``milo-bench operator tasks``: the tasks that exist, with group, variants and tools."""

from __future__ import annotations

import json

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG


@click.command("tasks")
@JSON_FLAG
def operator_tasks(as_json: bool) -> None:
    """List the tasks with their group, variants and tools."""
    described = api.describe_tasks()
    if as_json:
        click.echo(json.dumps(described, ensure_ascii=False))
    else:
        group = ""
        for task in described:
            if task["group"] != group:
                group = str(task["group"])
                click.echo(group)
            click.echo(f"  {task['number']:>2}  {task['name']}: {task['title']}")
        click.echo("Each task also has a clean variant: the same brief, and another right course.")
    say_next("milo-bench operator selftest")

"""``milo-bench init``: the model servers on this machine in, a new bench.yaml out."""

from __future__ import annotations

import os
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next

SECTION = "Start"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("bench.yaml"), show_default=True, help="File to write."
)
def init(out: Path) -> None:
    """Write a bench.yaml with the models served on this machine.

    Never changes an existing file.
    """
    found = api.write_config(out, os.environ)
    models = sum(len(server.models) for server in found)
    named = f" with {_count(models, 'target')} from {_count(len(found), 'server')}" if found else ""
    click.echo(f"Wrote {out}{named}.")
    if not found:
        click.echo("No model server answered on the usual ports. The file shows how to add one.", err=True)
    say_next("milo-bench targets", "milo-bench run --suite case_ops_v1 --models smollm2 --limit 24")

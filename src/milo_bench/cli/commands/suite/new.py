"""``milo-bench suite new``: a folder's name in, a small complete suite in it out."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next


@click.command("new")
@click.argument("out", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--name", default="", help="Name of the suite.  [default: that of the folder]")
def suite_new(out: Path, name: str) -> None:
    """Write a small complete suite into a new FOLDER, ready to run.

    Its comments explain each part. Replace its messages and checks with those of your own work.
    """
    for path in api.new_suite(out, name=name):
        click.echo(str(path))
    folder = shlex.quote(str(out))
    log = shlex.quote(f"{out}.jsonl")
    say_next(f"milo-bench run --suite {folder} --models smollm2 --out {log}", f"milo-bench suite show {folder}")

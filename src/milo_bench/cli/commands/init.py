"""``milo-bench init``: the model servers on this machine in, a new bench.yaml out."""

from __future__ import annotations

import os
import shlex
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
    written = api.write_config(out, os.environ)
    servers, names = written.servers, written.targets
    named = f" with {_count(len(names), 'target')} from {_count(len(servers), 'server')}" if servers else ""
    click.echo(f"Wrote {out}{named}.")
    if not names:
        click.echo("No model server answered on the usual ports. The file shows how to add one.", err=True)
        say_next("milo-bench targets", "milo-bench demo")
        return
    name = next((name for name in names if name not in written.hosted), names[0])
    words = ["milo-bench", "run", "--suite", "case_ops_v1", "--models", name, "--limit", "24"]
    if out.name != "bench.yaml" or out.parent != Path():
        words += ["--config", str(out)]
    if name in written.hosted:
        words.append("--allow-hosted")
    say_next(shlex.join(words), "milo-bench targets")

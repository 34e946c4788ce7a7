"""``milo-bench operator report``: operator run logs in, a folder of static pages out."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next


@click.command("report")
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder to write index.html and episodes/ to."
)
@click.option("--policy", type=click.Path(path_type=Path), help="Your own policy.  [default: the built-in one]")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Day of issue.  [default: today, UTC]")
def operator_report(logs: tuple[Path, ...], out: Path, policy: Path | None, on: datetime | None) -> None:
    """Write the operator board: scores, permits, failures, episodes.

    The pages need no script and no network. Open index.html from the folder, or print it.
    """
    today = (on or datetime.now(UTC)).date()
    written = api.report_operators(logs, out, today=today, policy=policy)
    click.echo(written[0])
    say_next(f"milo-bench operator permit {shlex.join(map(str, logs))} --out permit.json")

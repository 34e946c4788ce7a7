"""``milo-bench state restore``: a backup in, a database and an audit that a gateway goes on with out."""

from __future__ import annotations

from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.options import FOLDER, JSON_FLAG
from milo_bench.cli.printing import count_noun, print_json


@click.command("restore")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--state", required=True, metavar="FILE|URL", help="State database without rows. A new file is made.")
@click.option("--audit", type=FOLDER, help="New folder for the audit.")
@JSON_FLAG
def state_restore(folder: Path, state: str, audit: Path | None, as_json: bool) -> None:
    """Put the backup in FOLDER into a new database.

    With a URL, a SQLite backup goes into PostgreSQL: this is how a team moves from one to the other.
    Nothing is written if a file of the backup was changed, or if the database has rows.
    """
    done = api.restore(folder, state, audit=audit)
    if as_json:
        print_json({"rows": dict(done.rows), "audit": str(done.audit) if done.audit else None})
        return
    click.echo(f"{count_noun(sum(done.rows.values()), 'row')} restored.")
    if done.audit is not None:
        click.echo(f"The audit is in {done.audit}. Put its key at {done.audit}.key before the gateway starts.")

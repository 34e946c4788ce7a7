"""``milo-bench state restore``: a backup in, a database and an audit that a gateway goes on with out."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from milo_bench import api
from milo_bench.cli.options import FOLDER, JSON_FLAG
from milo_bench.cli.printing import count_noun, print_json, say

_MOST_NAMED: Final = 20


@click.command("restore")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--state", required=True, metavar="FILE|URL", help="State database without rows. A new file is made.")
@click.option("--audit", type=FOLDER, help="New folder for the audit.")
@JSON_FLAG
def state_restore(folder: Path, state: str, audit: Path | None, as_json: bool) -> None:
    """Put the backup in FOLDER into a new database.

    With a URL, a SQLite backup goes into PostgreSQL: this is how a team moves from one to the other.
    Nothing is written if a file of the backup was changed, or if the database has rows.
    Keys and people that were revoked after the backup are valid again: revoke them in the new database too.
    """
    done = api.restore(folder, state, audit=audit)
    if as_json:
        said = {"rows": dict(done.rows), "audit": str(done.audit) if done.audit else None, "at": done.at}
        print_json({**said, "valid_keys": done.keys, "valid_people": done.people})
        return
    click.echo(f"{count_noun(sum(done.rows.values()), 'row')} restored, as of {done.at}.")
    for what, names in (("keys", done.keys), ("people", done.people)):
        if names:
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            say(f"Valid {what}: {', '.join(names[:_MOST_NAMED])}{more}.")
            click.echo(f"Those revoked after the backup are valid again: milo-bench {what} revoke NAME")
    if done.audit is not None:
        click.echo(f"The audit is in {done.audit}. Put its key at {done.audit}.key before the gateway starts.")

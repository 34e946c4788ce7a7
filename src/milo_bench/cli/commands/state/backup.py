"""``milo-bench state backup``: a state database and an audit in, a folder with a copy of both out."""

from __future__ import annotations

import os
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import FOLDER, JSON_FLAG, STATE
from milo_bench.cli.printing import count_noun, print_json


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path))
@STATE
@click.option("--audit", type=FOLDER, help="Folder of the audit to copy too.")
@JSON_FLAG
def state_backup(folder: Path, state: str | None, audit: Path | None, as_json: bool) -> None:
    """Copy the state database, and an audit, into the new FOLDER.

    The gateway and the board may be running. The copy is one moment of the database: the queue with its texts,
    keys as hashes, people, reviews, incidents and samples. From PostgreSQL too, it is a SQLite file. The audit's
    key is not copied: keep it apart.
    """
    done = api.back_up(api.state_place(os.environ, state), folder, audit=audit)
    if as_json:
        print_json({"folder": str(folder), "at": done.at, "rows": dict(done.rows), "files": dict(done.files)})
        return
    click.echo(f"{folder} has {count_noun(sum(done.rows.values()), 'row')} of the database", nl=False)
    files = sum(name.startswith("audit/") for name in done.files)
    click.echo(f" and {count_noun(files, 'file')} of the audit." if audit is not None else ".")
    if audit is not None:
        click.echo("The audit's key was not copied. Keep a copy of it in another place.", err=True)
    say_next(f"milo-bench state restore {folder} --state NEW.db" + (" --audit NEW" if audit is not None else ""))

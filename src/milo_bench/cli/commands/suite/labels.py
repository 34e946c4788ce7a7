"""``milo-bench suite labels``: a folder of documents in, a table to fill in with the right answers out."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.printing import count_noun, say


@click.command("labels")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="New table to write.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    default=("label",),
    show_default="label",
    metavar="NAME",
    help="Column to fill in: a label, or a field. Repeatable.",
)
def suite_labels(source: Path, out: Path, columns: tuple[str, ...]) -> None:
    """Write a table that names each document of a folder, to fill in.

    Open it in a spreadsheet, write the right answer beside each document, and save it as .csv or .xlsx. What you
    leave empty is imported and not judged. SOURCE is a folder or zip of documents.
    """
    draft = api.write_labels(source, out, columns=columns)
    say(f"{draft.path}: {count_noun(draft.documents, 'document')}")
    if draft.left_out:
        say(f"left out: {len(draft.left_out)}")
        for line in api.first_problems(draft.left_out):
            say(f"  {line}")
    fields = "" if columns == ("label",) else "".join(f" --expect {shlex.quote(column)}" for column in columns)
    words = f"--labels {shlex.quote(str(out))}{fields} --out SUITE"
    say_next(f"fill in {', '.join(columns)} in {out}", f"milo-bench suite import {shlex.quote(str(source))} {words}")

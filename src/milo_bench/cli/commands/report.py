"""``milo-bench report``: a decision in, its package out: pages, tables, routing table, runbook, backlog."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.core.files import require_writable

SECTION = "Decide"


@click.command()
@click.argument("decision", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("package"),
    show_default=True,
    help="Folder to write. Overwrites the files of a package.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the written paths as one JSON document.")
def report(decision: Path, out: Path, as_json: bool) -> None:
    """Write the package of a decision: pages, tables, routing, runbook.

    A summary for the buyer, details for engineering and operations.

    DECISION is the file written by 'milo-bench decide'. The pages need no network and no script.
    Each figure links to its source.
    """
    require_writable(out)
    written = api.report_decision(decision, out)
    if as_json:
        click.echo(json.dumps({"folder": str(out), "files": [str(path.relative_to(out)) for path in written]}))
    else:
        click.echo(f"package: {out} ({len(written)} files), open {out / 'index.html'}")
    say_next(f"milo-bench verify {shlex.quote(str(out))}")

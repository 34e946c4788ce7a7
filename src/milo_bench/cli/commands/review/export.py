"""``milo-bench review export``: a batch that people scored in the board in, the file for ``decide --review`` out."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import FILE, JSON_FLAG, STATE
from milo_bench.core.errors import UsageError
from milo_bench.report import terminal


@click.command("export")
@click.argument("batch", required=False)
@click.option("--out", type=FILE, help="Review file to write, for 'decide --review'.")
@click.option("--sheet", type=FILE, help="Sheet of the scores to write, with its key beside it.")
@STATE
@JSON_FLAG
def review_export(batch: str | None, out: Path | None, sheet: Path | None, state: str | None, as_json: bool) -> None:
    """Export the scores that people gave in the board.

    BATCH is the id on its page. Without it, the newest batch is taken. The measures and the
    agreement are those of 'review import'.
    """
    place = api.state_place(os.environ, state)
    if batch is None:
        batches = api.review_batches(place)
        if not batches:
            raise UsageError("The review has no batches.", hint="draw one on the page Review: milo-bench board runs/")
        batch = batches[0].id
    found = api.export_review(place, batch, out=out, sheet=sheet)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=1))
    else:
        terminal.print_review(found, terminal.stdout_console())
    say_next(f"milo-bench decide LOG --review {shlex.quote(str(out)) if out else 'review.json'}")

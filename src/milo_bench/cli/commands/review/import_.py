"""``milo-bench review import``: scored sheets in, measures of all answers and the agreement out."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import FILE, JSON_FLAG
from milo_bench.report import terminal


@click.command("import")
@click.argument("sheets", nargs=-1, type=FILE, required=True)
@click.option("--key", type=FILE, help="Key of the sample.  [default: the one beside the sheet]")
@click.option("--out", type=FILE, help="Review file to write, for 'decide --review'.")
@JSON_FLAG
def review_import(sheets: tuple[Path, ...], key: Path | None, out: Path | None, as_json: bool) -> None:
    """Read scored sheets. Shows means and the reviewers' agreement.

    The means are over all answers. A model judge can be calibrated on the scores: see 'milo-bench judge calibrate'.
    """
    found = api.import_review(sheets, key or api.review_key_path(sheets[0]), out=out)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=1))
    else:
        terminal.print_review(found, terminal.stdout_console())
    say_next("milo-bench decide LOG --review review.json")

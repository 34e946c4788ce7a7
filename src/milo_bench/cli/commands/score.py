"""``milo-bench score``: run logs in, scorecards out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import ON
from milo_bench.core.errors import UsageError
from milo_bench.core.files import require_writable, write_file
from milo_bench.report import terminal

SECTION = "Judge"
FORMATS = ("text", "json", "csv", "junit", "inspect", "every-eval-ever")
OTHER_TOOLS = ("junit", "inspect", "every-eval-ever")


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, like --format json.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", help="Format to write.", show_default=True
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File to write (a folder for inspect and every-eval-ever).",
)
@ON
def score(logs: tuple[Path, ...], as_json: bool, form: str, out: Path | None, on: Literal["here", "ray"]) -> None:
    """Turn run logs into a scorecard of measures with intervals.

    No model is called.

    Logs of the same suite share a scorecard. Each suite gets its own.
    """
    form = "json" if as_json else form
    if on != "here" and form in OTHER_TOOLS:
        message = f"--format {form} is written on this machine, attempt by attempt."
        raise UsageError(message, hint="leave out --on ray.")
    if form in ("inspect", "every-eval-ever"):
        for path in (api.export_inspect if form == "inspect" else api.export_every_eval)(logs, out):
            click.echo(path)
        return
    if form == "junit":
        text = api.export_junit(logs, out)
        if out is None:
            click.echo(text, nl=False)
        return
    if out is not None:
        require_writable(out)
    with api.graders(on) as pool:
        cards = api.score_logs(logs, pool=pool)
    if form == "text" and out is None:
        console = terminal.stdout_console()
        for card in cards:
            terminal.print_scorecard(card, console)
    else:
        text = api.scorecards_csv(cards) if form == "csv" else api.scorecards_json(cards)
        if out is None:
            click.echo(text, nl=not text.endswith("\n"))
        else:
            write_file(out, text)
    several = any(len(card.targets) > 1 for card in cards)
    if several:
        say_next(f"milo-bench compare {shlex.quote(str(logs[0]))}")
    elif examples := [key for card in cards for category in card.categories for key in category.examples]:
        say_next(f"milo-bench grade {shlex.quote(str(logs[0]))} --fixture {shlex.quote(examples[0].split('/')[0])}")

"""``milo-bench compare``: two sides or more in, paired differences out."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.core.errors import UsageError
from milo_bench.report import terminal

SECTION = "Judge"


@click.command()
@click.argument("sides", nargs=-1, required=True, metavar="LOG[:TARGET]...")
@click.option("--forms", is_flag=True, help="Compare the forms of each document: text, OCR, picture.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def compare(sides: tuple[str, ...], forms: bool, as_json: bool) -> None:
    """Compare targets or runs fixture by fixture.

    The first side is the base.

    The targets of one log are compared with each other. Pass rates use the exact McNemar test,
    means a paired bootstrap. Logs whose fixtures differ are refused.
    """
    refs = [_side(text) for text in sides]
    shown = refs[0]
    if forms and len(refs) > 1:
        message = "--forms compares within one log."
        raise UsageError(message, hint="give one LOG or LOG:TARGET.")
    comparisons = api.compare_forms(refs[0]) if forms else api.compare_logs(refs)
    if as_json:
        click.echo(api.comparisons_json(comparisons))
    else:
        console = terminal.stdout_console()
        for comparison in comparisons:
            terminal.print_comparison(comparison, console)
    say_next(f"milo-bench grade {shlex.quote(str(shown.path))} --fixture ID")


def _side(text: str) -> api.SideRef:
    path = Path(text)
    if ":" in text and not path.exists():
        name, _, target = text.rpartition(":")
        return api.SideRef(Path(name), target)
    return api.SideRef(path)

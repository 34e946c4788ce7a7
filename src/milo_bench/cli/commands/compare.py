"""``milo-bench compare``: two sides or more in, paired differences out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milo_bench.cli.entry import say_next

if TYPE_CHECKING:
    from milo_bench.api import SideRef

SECTION = "Judge"


@click.command()
@click.argument("sides", nargs=-1, required=True, metavar="LOG[:TARGET]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def compare(sides: tuple[str, ...], as_json: bool) -> None:
    """Compare targets or runs fixture by fixture.

    The first side is the base.

    The targets of one log are compared with each other. Pass rates use the exact McNemar test,
    means a paired bootstrap. Logs whose fixtures differ are refused.
    """
    from milo_bench import api

    refs = [_side(text) for text in sides]
    shown = refs[0]
    comparisons = api.compare_logs(refs)
    if as_json:
        click.echo(api.comparisons_json(comparisons))
    else:
        from milo_bench.report.terminal.comparison import print_comparison
        from milo_bench.report.terminal.console import stdout_console

        console = stdout_console()
        for comparison in comparisons:
            print_comparison(comparison, console)
    say_next(f"milo-bench grade {shlex.quote(str(shown.path))} --fixture ID")


def _side(text: str) -> SideRef:
    from milo_bench.api import SideRef

    path = Path(text)
    if ":" in text and not path.exists():
        name, _, target = text.rpartition(":")
        return SideRef(Path(name), target)
    return SideRef(path)

"""``milo-bench grade``: run logs in, verdicts out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from milo_bench.cli.entry import say_next

if TYPE_CHECKING:
    from milo_bench.api import GradedAttempt

SECTION = "Judge"


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write every verdict to this file, one attempt per line.")
@click.option("--fixture", help="Show attempts on this fixture: input, answer and verdicts.")
@click.option("--target", help="Only attempts by this target.")
@click.option("--failed", is_flag=True, help="With --fixture, only attempts that did not pass.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document with a row per attempt.")
def grade(
    logs: tuple[Path, ...], out: Path | None, fixture: str | None, target: str | None, failed: bool, as_json: bool
) -> None:
    """Grade the answers in run logs. No model is called.

    This version's checks grade every answer again.
    """
    from milo_bench import api

    rows = [
        row
        for row in api.grade_logs(logs, fixture=fixture)
        if (target is None or row.attempt.key.target == target) and (not failed or row.graded.passed is not True)
    ]
    if out is not None:
        count = api.save_verdicts(out, (row.graded for row in rows))
        click.echo(f"{count:,} attempts graded, written to {out}", err=True)
    if as_json:
        from milo_bench.report.terminal.verdicts import verdicts_json

        click.echo(verdicts_json(row.graded for row in rows))
    elif fixture is not None:
        _open(rows, fixture)
    else:
        _summarise(rows)
    if fixture is None:
        say_next(f"milo-bench score {' '.join(str(log) for log in logs)}")


def _open(rows: list[GradedAttempt], fixture: str) -> None:
    from milo_bench.report.terminal.console import stdout_console
    from milo_bench.report.terminal.verdicts import print_judged

    if not rows:
        click.echo(f"No attempt on '{fixture}' matches these flags.", err=True)
    console = stdout_console()
    for row in rows:
        print_judged(row.attempt, row.fixture, row.graded, console)


def _summarise(rows: list[GradedAttempt]) -> None:
    from milo_bench.report.terminal.console import stdout_console
    from milo_bench.report.terminal.verdicts import print_check_table

    print_check_table([row.graded for row in rows], stdout_console())

"""``milo-bench grade``: run logs in, verdicts out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.executed import say_coder, say_executed
from milo_bench.cli.options import FILE, ON
from milo_bench.core.errors import UsageError
from milo_bench.core.records import OwnChecks
from milo_bench.core.text import one_line
from milo_bench.report import terminal

SECTION = "Judge"


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write every verdict to this file, one attempt per line.")
@click.option("--fixture", help="Show attempts on this fixture: input, answer and verdicts.")
@click.option("--target", help="Only attempts by this target.")
@click.option("--failed", is_flag=True, help="With --fixture, only attempts that did not pass.")
@click.option("--suite", help="Judge by this suite's checks, gold and resources as they are now.")
@click.option("--regraded", type=FILE, help="With --suite, write a run log of the same answers under that suite.")
@click.option("--trust-suite", is_flag=True, help="Let the suite's own Python run this once, in the sandbox.")
@click.option("--unsafe-here", is_flag=True, help="Run coder answers of a mined suite without the sandbox.")
@ON
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document with a row per attempt.")
def grade(
    logs: tuple[Path, ...],
    out: Path | None,
    fixture: str | None,
    target: str | None,
    failed: bool,
    suite: str | None,
    regraded: Path | None,
    trust_suite: bool,
    unsafe_here: bool,
    on: Literal["here", "ray"],
    as_json: bool,
) -> None:
    """Grade the answers in run logs. No model is called.

    This version's checks grade every answer again. With --suite they are those of the suite today, and
    what that changes is listed. If you trust a suite, its own Python runs on the
    answers that it has not judged yet, and the log keeps its results.
    """
    for log in logs:
        say_executed(api.execute_own_checks(log, suite=suite, trusted=trust_suite, starting=_say_started))
        say_coder(api.execute_coder(log, suite=suite, unsafe_here=unsafe_here))
    if regraded is not None and (suite is None or len(logs) != 1):
        raise UsageError(
            "--regraded takes one log and --suite.", hint="milo-bench grade LOG --suite SUITE --regraded NEW"
        )
    with api.graders(on) as pool:
        judged = (
            api.grade_logs(logs, fixture=fixture, judge_all=api.judged_by(pool))
            if suite is None
            else _by_suite(logs, suite, fixture, partial(api.regrade_log, pool=pool))
        )
        rows = [
            row
            for row in judged
            if (target is None or row.attempt.key.target == target) and (not failed or row.graded.passed is not True)
        ]
    if regraded is not None and suite is not None:
        api.write_regraded(logs[0], suite, regraded)
        click.echo(f"The same answers under the suite of today, written to {regraded}", err=True)
    if out is not None:
        count = api.save_verdicts(out, (row.graded for row in rows))
        click.echo(f"{count:,} attempts graded, written to {out}", err=True)
    if as_json:
        click.echo(terminal.verdicts_json(row.graded for row in rows))
    elif fixture is not None:
        _open(rows, fixture)
    else:
        _summarise(rows)
    if fixture is None:
        say_next(f"milo-bench score {' '.join(str(log) for log in logs)}")


def _by_suite(
    logs: tuple[Path, ...], suite: str, fixture: str | None, regrade: Callable[[Path, str], api.Regraded]
) -> list[api.GradedAttempt]:
    rows = []
    for log in logs:
        found = regrade(log, suite)
        for line in api.changed_text(found):
            click.echo(one_line(line, 400), err=True)
        rows += [row for row in found.rows if fixture is None or row.fixture.id == fixture]
    return rows


def _say_started(own: OwnChecks) -> None:
    click.echo(f"executing {own.file} (sha256 {own.digest[:12]}) in the sandbox", err=True)


def _open(rows: list[api.GradedAttempt], fixture: str) -> None:
    if not rows:
        click.echo(f"No attempt on '{fixture}' matches these flags.", err=True)
    console = terminal.stdout_console()
    for row in rows:
        terminal.print_judged(row.attempt, row.fixture, row.graded, console)


def _summarise(rows: list[api.GradedAttempt]) -> None:
    terminal.print_check_table([row.graded for row in rows], terminal.stdout_console())

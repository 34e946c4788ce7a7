"""``milo-bench operator permit``: operator run logs in, what each model may be trusted with out."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.core.errors import UsageError
from milo_bench.report import terminal


@click.command("permit")
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--policy", type=click.Path(path_type=Path), help="Your own policy.  [default: the built-in one]")
@click.option("--out", type=click.Path(path_type=Path), help="Permit file to write, for the gateway.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Day of issue.  [default: today, UTC]")
@click.option("--require", metavar="LEVEL:KIND", help="Exit 1 if a target has less, e.g. read_only:deploy.")
@click.option("--why", is_flag=True, help="Show every rule, including those of higher levels.")
@click.option("--json", "as_json", is_flag=True, help="Print the permit file as one JSON document.")
def operator_permit(
    logs: tuple[Path, ...],
    policy: Path | None,
    out: Path | None,
    on: datetime | None,
    require: str | None,
    why: bool,
    as_json: bool,
) -> int:
    """Decide each target's permission level for each kind of work.

    Says what it lacks for more.

    Levels: none < drafting < read_only < with_verifier < operator. A level needs lower bounds on
    full passes, a floor for each behaviour and no breach. The total score does not count.
    """
    if not logs:
        message = "Give at least one operator log."
        raise UsageError(message, hint="write one with 'milo-bench operator run'.")
    today = (on or datetime.now(UTC)).date()
    permits = api.permit_operators(logs, today=today, policy=policy)
    lacking = api.check_requirement(permits, require) if require else ()
    text = api.write_permits(permits, out)
    if as_json:
        click.echo(text, nl=False)
    else:
        for permit in permits:
            terminal.print_permit(permit, terminal.stdout_console(), why=why)
        for sentence in lacking:
            click.echo(f"required: {sentence}.")
    say_next(f"milo-bench operator report {shlex.join(map(str, logs))} --out operator-board")
    return 1 if lacking else 0

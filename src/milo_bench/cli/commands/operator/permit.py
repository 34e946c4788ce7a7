"""``milo-bench operator permit``: operator run logs in, what each model may be trusted with out."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path

import click

from milo_bench.cli.entry import say_next
from milo_bench.core.errors import UsageError


@click.command("permit")
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--policy", type=click.Path(path_type=Path), help="Your own policy; without it the shipped one.")
@click.option("--write-policy", type=click.Path(path_type=Path), help="Write the shipped policy there, to change it.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the permit file here, for the gateway.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Day of issue; today (UTC) without it.")
@click.option("--require", metavar="LEVEL:KIND", help="Exit code 1 where a target has less, e.g. read_only:deploy.")
@click.option("--why", is_flag=True, help="Show every rule that was judged, also of levels further up.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document: the permit file.")
def operator_permit(
    logs: tuple[Path, ...],
    policy: Path | None,
    write_policy: Path | None,
    out: Path | None,
    on: datetime | None,
    require: str | None,
    why: bool,
    as_json: bool,
) -> int:
    """Say what each target may be trusted with: a level for each kind of work, and why not more.

    Levels: none < drafting < read_only < with_verifier < operator. A level follows from lower
    bounds on clean passes, floors for each behaviour and zero minefields, never from the total.
    """
    from milo_bench import api

    if write_policy is not None:
        click.echo(api.write_default_policy(write_policy))
        say_next(f"milo-bench operator permit LOG --policy {shlex.quote(str(write_policy))}")
        return 0
    if not logs:
        message = "Give at least one operator log."
        raise UsageError(message, hint="'milo-bench operator run' writes one.")
    today = (on or datetime.now(UTC)).date()
    permits = api.permit_operators(logs, today=today, policy=policy)
    lacking = api.check_requirement(permits, require) if require else ()
    text = api.write_permits(permits, out)
    if as_json:
        click.echo(text, nl=False)
    else:
        from milo_bench.cli.console import stdout_console
        from milo_bench.report.terminal.permit import print_permit

        for permit in permits:
            print_permit(permit, stdout_console(), why=why)
        for sentence in lacking:
            click.echo(f"required: {sentence}.")
    say_next(f"milo-bench operator report {shlex.join(map(str, logs))} --out operator-board")
    return 1 if lacking else 0

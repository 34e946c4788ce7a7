"""``milo-bench decide``: run logs and a policy in, keep, fix, defer or reject for each workload and model out."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import ON
from milo_bench.core.files import require_writable
from milo_bench.report import terminal

SECTION = "Decide"
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path), required=True)
@click.option("--policy", type=_FILE, help="Gates, fixes and rules.  [default: that of the suite]")
@click.option("--economics", type=_FILE, help="Assumptions, each with unit and source. Without it, no costs.")
@click.option("--inventory", type=_FILE, help="Output of 'milo-bench inventory --json'.")
@click.option("--operator-policy", type=_FILE, help="Policy for operator work.  [default: the built-in one]")
@click.option("--review", type=_FILE, help="Output of 'milo-bench review import': reviewers' scores.")
@click.option("--since", type=click.Path(path_type=Path), help="An earlier package or decision, to list what changed.")
@click.option("--title", default="", help="Title of the report.")
@click.option("--out", type=click.Path(path_type=Path), help="Decision file to write.  [default: LOG.decision.json]")
@ON
@click.option("--json", "as_json", is_flag=True, help="Print the whole decision as one JSON document.")
def decide(
    logs: tuple[Path, ...],
    policy: Path | None,
    economics: Path | None,
    inventory: Path | None,
    operator_policy: Path | None,
    review: Path | None,
    since: Path | None,
    title: str,
    out: Path | None,
    on: Literal["here", "ray"],
    as_json: bool,
) -> None:
    """Turn recorded evidence into keep, fix, defer or reject, and routing.

    LOGS are run logs of one suite (runs, load windows, probes) and logs of operator episodes. No
    model is called. The decision depends only on the logs, the policy and the economics.
    'milo-bench verify' recomputes it.
    """
    options = api.DecideOptions(
        logs=logs,
        policy=policy,
        economics=economics,
        inventory=inventory,
        title=title,
        operator_policy=operator_policy,
        review=review,
        since=since,
        on=on,
    )
    if out is not None:
        require_writable(out)
    decision = api.decide_logs(options, created_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    path = out or api.default_decision_path(logs)
    api.write_decision(path, decision)
    if as_json:
        click.echo(api.decision_bytes(decision).decode(), nl=False)
    else:
        console = terminal.stdout_console()
        terminal.print_decision(decision, console)
        if decision.since is not None:
            terminal.print_changes(decision.since.changes, console)
        click.echo(f"decision: {path}")
    say_next(f"milo-bench report {shlex.quote(str(path))} --out package")

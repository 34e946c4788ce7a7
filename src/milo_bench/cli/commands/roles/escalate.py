"""``milo-bench roles escalate``: reviews that an incumbent rejected in, its escalation chain's answers out."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG
from milo_bench.report import terminal


@click.command("escalate")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--registry", type=click.Path(path_type=Path), default=Path("registry.yaml"), help="Roles and policy.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--allow-hosted", is_flag=True, help="Allow sending fixtures to hosted targets.")
@JSON_FLAG
def roles_escalate(log: Path, registry: Path, config: Path | None, allow_hosted: bool, as_json: bool) -> None:
    """Run a role's escalation chain on the reviews its incumbent rejected.

    Each step writes its own log, whose fixtures are tagged turbo-escalation. The next step gets what
    this one rejected or could not answer.
    """
    progress = terminal.progress_for(sys.stderr)
    try:
        reports = api.escalate_roles(
            log, registry, config=config, allow_hosted=allow_hosted, listeners=[progress.listen]
        )
    finally:
        progress.close()
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(reports)))
    else:
        terminal.print_escalations(reports, terminal.stdout_console())
    say_next(f"milo-bench roles promote {shlex.quote(str(log))} --registry {shlex.quote(str(registry))}")

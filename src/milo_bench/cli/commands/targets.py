"""``milo-bench targets``: settings in, a table of targets and found servers out."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.report import terminal

SECTION = "Start"


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def targets(config: Path | None, as_json: bool) -> None:
    """List the targets in bench.yaml and the model servers found here.

    Starts nothing, generates nothing and sends nothing to a hosted target.
    """
    settings = api.load_settings(config, os.environ)
    listing = asyncio.run(api.list_targets(settings, os.environ))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(listing), indent=2))
        return
    from rich.table import Table
    from rich.text import Text

    console = terminal.stdout_console()
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("target", "api", "model", "where", "state"):
        table.add_column(title, overflow="fold")
    for target in listing.targets:
        state = Text(target.state, style="" if target.ready else "yellow")
        if target.hint:
            state.append(f" ({target.hint})", style="dim")
        table.add_row(Text(target.name, style="bold"), target.api, Text(target.model), Text(target.where), state)
    console.print(table)
    for server in listing.found:
        console.print()
        console.print(Text(f"{server.kind} answers at {server.base_url}", style="bold"))
        for model in server.models:
            console.print(Text(f"  {model}"))
        if not server.models:
            console.print(Text("  lists no models", style="dim"))
    ready = [target.name for target in listing.targets if target.ready and not target.hosted]
    if listing.found and settings.path is None:
        say_next("milo-bench init")
    elif ready:
        say_next(f"milo-bench run --suite case_ops_v1 --models {','.join(ready[:3])} --limit 24")

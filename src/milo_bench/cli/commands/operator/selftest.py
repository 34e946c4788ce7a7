"""``milo-bench operator selftest``: the tasks and trivial strategies in, the table that shows the bench sound out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG
from milo_bench.core.units import share

if TYPE_CHECKING:
    from milo_bench.operator.worlds.selftest import Selftest


@click.command("selftest")
@JSON_FLAG
@click.option("--seeds", default=8, show_default=True, type=click.IntRange(1, 200), help="Seeds to run each task with.")
def operator_selftest(as_json: bool, seeds: int) -> int:
    """Validate the tasks: the oracle gets 25, no trivial strategy wins.

    Shows the oracle's lowest score over the seeds, and each trivial strategy's highest over seeds and
    endings. Exits 1 if the oracle misses points or a strategy exceeds its stated ceiling.
    """
    from milo_bench.operator.worlds.selftest import selftest
    from milo_bench.operator.worlds.tasks import all_tasks

    result = selftest(all_tasks(), range(seeds))
    if as_json:
        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(result), ensure_ascii=False))
    else:
        _print_table(result)
    say_next("milo-bench operator tasks")
    return 1 if result.faults else 0


def _print_table(result: Selftest) -> None:
    from rich.table import Table

    from milo_bench.report.terminal.console import stdout_console

    table = Table(box=None, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("task", no_wrap=True)
    for total in result.totals:
        table.add_column(total.policy.replace("-", "\n"), justify="right")
    for row in result.rows:
        table.add_row(str(row.number), row.task, *[str(row.scores[total.policy]) for total in result.totals])
    table.add_section()
    table.add_row("", f"of {result.totals[0].of}", *[str(total.points) for total in result.totals])
    table.add_row("", "share", *[share(total.share) for total in result.totals])
    stdout_console().print(table)
    for fault in result.faults:
        click.echo(f"Fault: {fault}.")
    if not result.faults:
        count = len(result.rows)
        click.echo(f"Sound on {count} tasks and {len(result.seeds)} seeds: no trivial strategy is above its ceiling.")

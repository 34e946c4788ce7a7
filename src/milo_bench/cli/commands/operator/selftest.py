"""``milo-bench operator selftest``: the tasks and trivial strategies in, the table that shows the bench sound out."""

from __future__ import annotations

import json

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG
from milo_bench.report import terminal


@click.command("selftest")
@JSON_FLAG
@click.option("--seeds", default=8, show_default=True, type=click.IntRange(1, 200), help="Seeds to run each task with.")
def operator_selftest(as_json: bool, seeds: int) -> int:
    """Validate the tasks: the oracle gets 25, no trivial strategy wins.

    Shows the oracle's lowest score over the seeds, and each trivial strategy's highest over seeds and
    endings. Exits 1 if the oracle misses points or a strategy exceeds its stated ceiling.
    """
    result = api.selftest_operators(seeds)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(result), ensure_ascii=False))
    else:
        terminal.print_selftest(result)
    say_next("milo-bench operator tasks")
    return 1 if result.faults else 0

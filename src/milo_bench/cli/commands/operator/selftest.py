"""``milo-bench operator selftest``: the tasks and trivial strategies in, the table that shows the bench sound out."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, OWN_TASKS, TRUST_TASKS
from milo_bench.report import terminal


@click.command("selftest")
@JSON_FLAG
@click.option("--seeds", default=8, show_default=True, type=click.IntRange(1, 200), help="Seeds to run each task with.")
@OWN_TASKS
@TRUST_TASKS
def operator_selftest(as_json: bool, seeds: int, own_tasks: Path | None, trust_tasks: bool) -> int:
    """Validate the tasks: the oracle gets 25, no trivial strategy wins.

    Shows the oracle's lowest score over the seeds, and each trivial strategy's highest over seeds and
    endings. Exits 1 if the oracle misses points or a strategy exceeds its stated ceiling.
    With --own-tasks it does the same for the tasks in that folder.
    """
    result = api.selftest_operators(seeds, own_tasks, trusted=trust_tasks)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(result), ensure_ascii=False))
    else:
        terminal.print_selftest(result)
    if own_tasks is None:
        say_next("milo-bench operator tasks")
    else:
        say_next(f"milo-bench operator run --own-tasks {shlex.quote(str(own_tasks))} --models NAME --out RUN.jsonl")
    return 1 if result.faults else 0

"""``milo-bench roles selftest``: a mined suite in, how true, empty and cheating answers score out."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import COUNT, JSON_FLAG, SEED
from milo_bench.report import terminal


@click.command("selftest")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--cases", default=8, show_default=True, type=COUNT, help="Cases to try each cheat on.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of that sample.")
@click.option("--unsafe-here", is_flag=True, help="Run the answers without the sandbox.")
@JSON_FLAG
def roles_selftest(suite: Path, cases: int, seed: int, unsafe_here: bool, as_json: bool) -> int:
    """Validate a mined suite: true answers pass, no cheat does.

    Exits 1 if a true patch fails, or an empty or cheating answer passes.
    """
    progress = terminal.SelftestProgress(sys.stderr)
    result = api.selftest_roles(suite, cheats=cases, seed=seed, unsafe_here=unsafe_here, done=progress.done)
    progress.close()
    if as_json:
        rows = [{**msgspec.to_builtins(row), "ok": row.ok} for row in result.rows]
        click.echo(json.dumps({"suite": result.suite, "ok": result.ok, "rows": rows}))
    else:
        terminal.print_roles_selftest(result, terminal.stdout_console())
    say_next(f"milo-bench run --suite {shlex.quote(str(suite))} --models NAME --out runs/roles.jsonl")
    return 0 if result.ok else 1

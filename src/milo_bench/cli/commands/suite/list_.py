"""``milo-bench suite list``: the built-in suites and those of a folder, a row for each workload."""

from __future__ import annotations

from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.commands.suite._overview import fixtures_per_workload, suite_record
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG
from milo_bench.cli.printing import count_noun, print_json, say
from milo_bench.core.errors import MiloError


@click.command("list")
@click.option("--folder", type=click.Path(path_type=Path), help="Also list suites one level below this folder.")
@JSON_FLAG
def suite_list(folder: Path | None, as_json: bool) -> None:
    """List the built-in suites, their workloads and their fixture counts."""
    suites = api.list_suites(folder)
    if as_json:
        print_json([item.as_record() if isinstance(item, MiloError) else suite_record(item) for item in suites])
    else:
        for item in suites:
            if isinstance(item, MiloError):
                say(f"broken: {item.message}")
                continue
            say(f"{item.ref.name}  version {item.ref.version}  {item.title}")
            for name, count in fixtures_per_workload(item).items():
                variants = f"  variants: {', '.join(item.variants[name])}" if item.variants[name] else ""
                say(f"  {name}: {count_noun(count, 'fixture')}{variants}")
    say_next("milo-bench suite show case_ops_v1")

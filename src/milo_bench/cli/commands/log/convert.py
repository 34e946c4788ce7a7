"""``milo-bench log convert``: a run log in, the same log as Parquet or as lines of JSON out."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.printing import print_json
from milo_bench.core import units


@click.command("convert")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Place to write.  [default: beside the log]")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as one JSON document.")
def log_convert(log: Path, out: Path | None, as_json: bool) -> None:
    """Write a log as Parquet, or a log in Parquet as JSON lines.

    Parquet takes less room, and other tools can query it. Every command that reads logs takes both forms. The log that
    you name stays. Its hash, seals and signatures hold in both forms.
    """
    made = api.convert_log(log, out)
    if as_json:
        print_json(made.as_record())
        return
    click.echo(str(made.path))
    before, after = units.byte_count(made.bytes_before), units.byte_count(made.bytes_after)
    click.echo(f"{made.lines:,} lines, {before} before and {after} now, sha256 {made.sha256[:12]}", err=True)
    say_next(f"milo-bench score {shlex.quote(str(made.path))}")

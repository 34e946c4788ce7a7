"""``milo-bench sample export``: sampled live work as a suite with a run log of its answers."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import DAYS, FOLDER, JSON_FLAG, STATE
from milo_bench.cli.printing import count_noun, print_json


@click.command("export")
@click.option("--suite", required=True, metavar="SUITE", help="Suite with the contracts of the workloads.")
@click.option("--out", type=FOLDER, required=True, help="New folder.")
@click.option("--workload", "workloads", multiple=True, help="Only this workload. Repeatable.")
@click.option("--days", type=DAYS, help="Only requests of the last days.")
@STATE
@JSON_FLAG
def sample_export(
    suite: str, out: Path, workloads: tuple[str, ...], days: float | None, state: str | None, as_json: bool
) -> None:
    """Write sampled requests as fixtures, and their answers as a run log.

    The new suite has the prompts, schemas and checks of SUITE, and the sampled cases as fixtures
    without a right answer. Their texts are redacted. grade, review sample and score read the log.
    """
    since = 0.0 if days is None else time.time() - days * 86_400
    done = api.export_sample(api.state_place(os.environ, state), suite, out, workloads=workloads, since=since)
    if as_json:
        print_json(
            {
                "suite": str(done.suite), "log": None if done.log is None else str(done.log),
                "fixtures": done.fixtures, "answers": done.answers, "left_out": dict(done.left_out),
            }
        )  # fmt: skip
        return
    click.echo(f"{count_noun(done.fixtures, 'fixture')}: {done.suite}")
    if done.log is not None:
        click.echo(f"{count_noun(done.answers, 'answer')} of models: {done.log}")
    for why, count in done.left_out.items():
        click.echo(f"  {count:,} left out: {why}")
    if done.log is not None:
        say_next(f"milo-bench review sample {shlex.quote(str(done.log))} --out {shlex.quote(str(out / 'review.csv'))}")

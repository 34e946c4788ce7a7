"""``milo-bench judge run``: a run log, a target and a rubric in, the judge's verdicts in the log out."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import CONCURRENCY, FILE, JSON_FLAG
from milo_bench.report import terminal


@click.command("run")
@click.argument("log", type=FILE)
@click.option("--judge", required=True, metavar="TARGET", help="The judge: a target in bench.yaml.")
@click.option("--rubric", required=True, metavar="FILE|NAME", help="A rubric file, or acceptable or better.")
@click.option("--licence", type=FILE, help="What 'judge calibrate' wrote: goes into the log.")
@click.option("--against", default="", metavar="TARGET", help="For a rubric of pairs: whose answers to compare with.")
@click.option("--workload", "workloads", multiple=True, help="Only this workload. Repeatable.")
@click.option("--concurrency", type=CONCURRENCY, default=1, show_default=True, help="Concurrent requests.")
@click.option("--allow-hosted", is_flag=True, help="Allow sending cases and answers to a hosted judge.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@JSON_FLAG
def judge_run(
    log: Path,
    judge: str,
    rubric: str,
    licence: Path | None,
    against: str,
    workloads: tuple[str, ...],
    concurrency: int,
    allow_hosted: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Let a model judge the answers of a log, and record what it says.

    Answers that this judge has judged already are skipped, so an interrupted run continues. Without a licence in
    the log, the verdicts stay out of every rate.
    """
    options = api.JudgeRunOptions(
        workloads=workloads, against=against, concurrency=concurrency, allow_hosted=allow_hosted
    )
    with terminal.counting(sys.stderr, "judged") as progress:
        found = api.judge_answers(
            log, judge, rubric, os.environ, options=options, licence=licence, config=config, progress=progress
        )
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found.as_record()), indent=1))
    else:
        for line in found.lines():
            click.echo(line)
    say_next(f"milo-bench decide {shlex.quote(str(log))}")

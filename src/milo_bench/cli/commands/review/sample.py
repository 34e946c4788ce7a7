"""``milo-bench review sample``: run logs in, a blind sheet to score and its key out."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import COUNT, FILE, SEED


@click.command("sample")
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path), required=True)
@click.option("--out", type=FILE, required=True, help="Review sheet to write (CSV), with its key beside it.")
@click.option("--count", type=COUNT, default=30, show_default=True, help="Number of answers per candidate.")
@click.option("--workload", "workloads", multiple=True, help="Only this workload. Repeatable.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of the sample.")
@click.option("--at-random", is_flag=True, help="Draw among all answers alike, for safety gates.")
def review_sample(
    logs: tuple[Path, ...], out: Path, count: int, workloads: tuple[str, ...], seed: int, at_random: bool
) -> None:
    """Draw a stratified sample of answers: failed, near a threshold, passed.

    With --at-random all answers have the same chance. A safety gate on unsupported claims needs such a
    sample: people say which answers are wrong, because rules miss most of them.

    The review sheet hides which model answered. It contains texts of fixtures and answers, so
    protect it like the run logs.
    """
    key = api.sample_for_review(logs, out, count=count, seed=seed, only=workloads, at_random=at_random)
    click.echo(f"{len(key.items)} answers of {len(key.sizes)} candidates: {out}")
    click.echo("give each reviewer a copy, and score each question from 1 to 5 (rubric: docs/how-to/review.md)")
    say_next(f"milo-bench review import {shlex.quote(str(out))} --out review.json")

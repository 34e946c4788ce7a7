"""``milo-bench review``: a sheet for people to score, and their scores back as measures."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from milo_bench.cli.entry import say_next

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def review() -> None:
    """Let people score a sample and estimate the scores of all answers."""


@review.command("sample")
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path), required=True)
@click.option("--out", type=_FILE, required=True, help="Review sheet to write (CSV), with its key beside it.")
@click.option(
    "--count", type=click.IntRange(min=1), default=30, show_default=True, help="Number of answers per candidate."
)
@click.option("--workload", "workloads", multiple=True, help="Only this workload. Repeatable.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the sample.")
def sample_command(logs: tuple[Path, ...], out: Path, count: int, workloads: tuple[str, ...], seed: int) -> None:
    """Draw a stratified sample of answers: failed, near a threshold, passed.

    The review sheet hides which model answered. It contains texts of fixtures and answers, so
    protect it like the run logs.
    """
    from milo_bench import api

    key = api.sample_for_review(logs, out, count=count, seed=seed, only=workloads)
    click.echo(f"{len(key.items)} answers of {len(key.sizes)} candidates: {out}")
    click.echo("score each question from 1 to 5 (rubric: docs/how-to/review.md); give each reviewer a copy")
    say_next(f"milo-bench review import {shlex.quote(str(out))} --out review.json")


@review.command("import")
@click.argument("sheets", nargs=-1, type=_FILE, required=True)
@click.option("--key", type=_FILE, help="Key of the sample.  [default: the one beside the sheet]")
@click.option("--judge", "judges", multiple=True, type=_FILE, help="A sheet scored by a model. Repeatable.")
@click.option("--out", type=_FILE, help="Review file to write, for 'decide --review'.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def import_command(
    sheets: tuple[Path, ...], key: Path | None, judges: tuple[Path, ...], out: Path | None, as_json: bool
) -> None:
    """Read scored sheets. Shows means over all answers and the reviewers' agreement.

    A model judge's scores count only for questions on which it agrees with the reviewers: the lower
    end of the interval of its agreement on this sample must be above 0.667.
    """
    import msgspec

    from milo_bench import api

    found = api.import_review(sheets, key or api.review_key_path(sheets[0]), judges=judges, out=out)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=1))
    else:
        from milo_bench.cli.console import stdout_console
        from milo_bench.report.terminal.review import print_review

        print_review(found, stdout_console())
    say_next("milo-bench decide LOG --review review.json")


@review.command("judge")
@click.argument("sheet", type=_FILE)
@click.option("--model", required=True, metavar="TARGET", help="A target in bench.yaml.")
@click.option("--out", type=_FILE, required=True, help="Sheet to write, with the model's scores.")
@click.option("--allow-hosted", is_flag=True, help="Allow sending the texts to a hosted target.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
def judge_command(sheet: Path, model: str, out: Path, allow_hosted: bool, config: Path | None) -> None:
    """Let a model score the sheet. Its scores count only once its agreement with people is measured."""
    from milo_bench import api
    from milo_bench.config.settings import load_settings

    settings = load_settings(config, os.environ)
    scored, of = api.judge_sheet(
        sheet, out, settings.target(model), os.environ, limits=settings.run, allow_hosted=allow_hosted
    )
    click.echo(f"{scored} of {of} answers scored: {out}")
    say_next(f"milo-bench review import SHEET --judge {shlex.quote(str(out))}")

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
    """Let people score a sample of the answers; weight their scores back to all of them."""


@review.command("sample")
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path), required=True)
@click.option("--out", type=_FILE, required=True, help="Sheet to write (CSV); its key goes beside it.")
@click.option("--count", type=click.IntRange(min=1), default=30, show_default=True, help="Answers of each candidate.")
@click.option("--workload", "workloads", multiple=True, help="Only this workload; may be repeated.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed draws the same sample.")
def sample_command(logs: tuple[Path, ...], out: Path, count: int, workloads: tuple[str, ...], seed: int) -> None:
    """Draw a stratified sample of answers: failed, near the line, passed.

    The sheet does not say which model answered. It holds texts of fixtures and answers: keep it
    where the run logs are kept.
    """
    from milo_bench import api

    key = api.sample_for_review(logs, out, count=count, seed=seed, only=workloads)
    click.echo(f"{len(key.items)} answers of {len(key.sizes)} candidates: {out}")
    click.echo("score each question from 1 to 5 (docs/how-to/review.md has the rubric); one copy for each reviewer")
    say_next(f"milo-bench review import {shlex.quote(str(out))} --out review.json")


@review.command("import")
@click.argument("sheets", nargs=-1, type=_FILE, required=True)
@click.option("--key", type=_FILE, help="Key of the sample.  [default: the one beside the first sheet]")
@click.option("--judge", "judges", multiple=True, type=_FILE, help="A sheet that a model filled; may be repeated.")
@click.option("--out", type=_FILE, help="Review file to write, for 'decide --review'.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def import_command(
    sheets: tuple[Path, ...], key: Path | None, judges: tuple[Path, ...], out: Path | None, as_json: bool
) -> None:
    """Take scored sheets; show means of all answers, and how far the reviewers agree.

    A model judge's scores become measures only for questions on which its agreement with people,
    on this same sample, is above 0.667 at the lower end of its interval.
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
@click.option("--model", required=True, metavar="TARGET", help="A target of bench.yaml.")
@click.option("--out", type=_FILE, required=True, help="Sheet with the model's scores to write.")
@click.option("--allow-hosted", is_flag=True, help="Let the texts leave your network for a hosted target.")
@click.option("--config", type=click.Path(path_type=Path), help="bench.yaml to use.")
def judge_command(sheet: Path, model: str, out: Path, allow_hosted: bool, config: Path | None) -> None:
    """Let a model score the sheet; it counts only once its agreement with people was measured."""
    from milo_bench import api
    from milo_bench.config.settings import load_settings

    settings = load_settings(config, os.environ)
    scored, of = api.judge_sheet(
        sheet, out, settings.target(model), os.environ, limits=settings.run, allow_hosted=allow_hosted
    )
    click.echo(f"{scored} of {of} answers scored: {out}")
    say_next(f"milo-bench review import SHEET --judge {shlex.quote(str(out))}")

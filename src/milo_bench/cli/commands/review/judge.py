"""``milo-bench review judge``: a sheet and a target in, the sheet with the model's scores out."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import FILE


@click.command("judge")
@click.argument("sheet", type=FILE)
@click.option("--model", required=True, metavar="TARGET", help="A target in bench.yaml.")
@click.option("--out", type=FILE, required=True, help="Sheet to write, with the model's scores.")
@click.option("--allow-hosted", is_flag=True, help="Allow sending the texts to a hosted target.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
def review_judge(sheet: Path, model: str, out: Path, allow_hosted: bool, config: Path | None) -> None:
    """Let a model score the sheet.

    Its scores count only once its agreement with people is measured.
    """
    settings = api.load_settings(config, os.environ)
    scored, of = api.judge_sheet(
        sheet, out, settings.target(model), os.environ, limits=settings.run, allow_hosted=allow_hosted
    )
    click.echo(f"{scored} of {of} answers scored: {out}")
    say_next(f"milo-bench review import SHEET --judge {shlex.quote(str(out))}")

"""``milo-bench roles init``: target names in, a registry.yaml with the four roles out."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import MODELS


@click.command("init")
@MODELS
@click.option("--out", type=click.Path(path_type=Path), default=Path("registry.yaml"), help="File to write.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def roles_init(models: tuple[str, ...], out: Path, config: Path | None, force: bool) -> None:
    """Write a registry with four roles.

    The first model is the incumbent of every role and the others challenge it. Change that in the file.
    """
    written = api.write_registry(models, out, config=config, force=force)
    click.echo(str(out))
    for note in written:
        click.echo(f"note: {note}", err=True)
    say_next("milo-bench roles mine REPOSITORY --out suites/our-repo", f"edit {shlex.quote(str(out))}")

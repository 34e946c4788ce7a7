"""``milo-bench roles page``: a registry and its history in, a static page out."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next


@click.command("page")
@click.option("--registry", type=click.Path(path_type=Path), default=Path("registry.yaml"), help="Roles and policy.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("site"), help="Folder to write.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--verify", is_flag=True, help="Recompute the figures of the page in --out. Exits 1 if one differs.")
def roles_page(registry: Path, out: Path, config: Path | None, verify: bool) -> int:
    """Write the public page: roles, latest run, policy, history.

    The page is one file without scripts that opens offline, in light and dark, and on a phone.
    """
    if verify:
        wrong = api.verify_roles_page(registry, out, config=config)
        for line in wrong:
            click.echo(line)
        click.echo(f"{len(wrong)} figures differ." if wrong else "Every figure is as its evidence says.")
        return 1 if wrong else 0
    page = api.write_roles_page(registry, out, config=config)
    click.echo(str(page))
    say_next(f"milo-bench roles page --registry {shlex.quote(str(registry))} --out {shlex.quote(str(out))} --verify")
    return 0

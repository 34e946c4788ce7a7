"""``milo-bench roles rollback``: a registry in, the last applied promotion taken back."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.options import JSON_FLAG


@click.command("rollback")
@click.option("--registry", type=click.Path(path_type=Path), default=Path("registry.yaml"), help="Roles and policy.")
@JSON_FLAG
def roles_rollback(registry: Path, as_json: bool) -> None:
    """Take back the last promotion that was applied.

    Registry and routing table get the values that they had before. A second call takes back the one before.
    """
    record = api.rollback_roles(registry)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(record)))
        return
    for file, where, value in api.restored_values(record):
        click.echo(f"{file}: {where} is {value} again")

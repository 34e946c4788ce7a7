"""``milo-bench roles rollback``: a registry in, the last applied promotion taken back."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.options import JSON_FLAG
from milo_bench.core.text import one_line
from milo_bench.decide.promotion.wording import changed_value


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
    for change in record.changes:
        where = ".".join(str(key) for key in change.keys)
        click.echo(f"{change.file}: {where} is {one_line(changed_value(change.before), 200)} again")

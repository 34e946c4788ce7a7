"""``milo-bench keys revoke``: a key that is refused from now on."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.options import JSON_FLAG, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import key_record


@click.command("revoke")
@click.argument("name")
@STATE
@JSON_FLAG
def keys_revoke(name: str, state: str | None, as_json: bool) -> None:
    """Revoke the key NAME. A running gateway refuses it within a second."""
    key = api.end_key(api.state_place(os.environ, state), name)
    if as_json:
        print_json(key_record(key))
        return
    click.echo(f"{key.name} is revoked.")

"""``milo-bench keys list``: every key's name, scope, budgets and end; never the key."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.options import JSON_FLAG, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import key_record, print_keys


@click.command("list")
@STATE
@JSON_FLAG
def keys_list(state: str | None, as_json: bool) -> None:
    """List keys with scope, budgets and expiry."""
    found = api.keys_list(api.state_place(os.environ, state))
    if as_json:
        print_json({"keys": [key_record(key) for key in found]})
        return
    print_keys(found)

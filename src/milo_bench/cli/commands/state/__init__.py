"""``milo-bench state``: the gateway's database and audit, copied and put back."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Serve"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def state() -> None:
    """Back up and restore what a gateway and a board keep."""

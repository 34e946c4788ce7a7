"""``milo-bench keys``: who may call the gateway, for which work and how much."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Serve"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def keys() -> None:
    """Make, list and revoke keys of the gateway."""

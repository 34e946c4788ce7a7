"""``milo-bench audit``: what the gateway did, and whether its record is whole."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Serve"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def audit() -> None:
    """Check the gateway's record of every request."""

"""``milo-bench queue``: the work that the gateway gave to people."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Serve"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def queue() -> None:
    """Answer the requests that the gateway queued for human review."""

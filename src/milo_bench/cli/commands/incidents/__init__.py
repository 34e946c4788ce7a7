"""``milo-bench incidents``: what a gateway found wrong and a person must look at."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Serve"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def incidents() -> None:
    """Work on incidents: drift, overdue queues, expiring permits."""

"""``milo-bench sample``: the share of live work that a gateway kept."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Serve"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def sample() -> None:
    """Review the share of live work that the gateway kept."""

"""``milo-bench people``: who can sign in to the board, and what each of them can do."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Serve"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def people() -> None:
    """Manage the people who can sign in to the board."""

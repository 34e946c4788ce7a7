"""``milo-bench suite``: suites by name or folder in; checks, lists, views and new suite folders out."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Work"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def suite() -> None:
    """Check, list, show, import, redact and regenerate suites.

    SUITE is the name of a built-in suite or the folder of your own.
    """

"""``milo-bench operator``: tasks in which a model works as an operator; what it did and may do out."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Measure"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def operator() -> None:
    """Run, validate and permit proof-gated operator tasks.

    Failed tools, stale sources, dirty gates, and DONE that needs evidence.
    """

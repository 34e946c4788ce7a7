"""``milo-bench log``: a run log in, the same log in another form out."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Measure"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def log() -> None:
    """Store run logs as JSON lines or as Parquet."""

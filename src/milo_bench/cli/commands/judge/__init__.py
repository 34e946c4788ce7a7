"""``milo-bench judge``: a model judge measured on people's labels, and its verdicts recorded in a log."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Judge"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def judge() -> None:
    """Measure a model judge, and record its verdicts on a log."""

"""``milo-bench review``: a sheet for people to score, and their scores back as measures."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Judge"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def review() -> None:
    """Let people score a sample and estimate the scores of all answers."""

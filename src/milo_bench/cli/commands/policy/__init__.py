"""``milo-bench policy``: a suite in, the policy that decides on it out."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Judge"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def policy() -> None:
    """Write the thresholds that a model must meet."""

"""``milo-bench handoff``: facts that were extracted in, a note put together by a template out."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Tools"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def handoff() -> None:
    """Put a handoff note together from extracted facts, without a model."""

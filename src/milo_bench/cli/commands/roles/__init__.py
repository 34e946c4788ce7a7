"""``milo-bench roles``: a team's own commits in, who holds each role of work out."""

import click

from milo_bench.cli.folder import CommandFolder

SECTION = "Decide"


class _Commands(CommandFolder):
    package = __name__


@click.group(cls=_Commands)
def roles() -> None:
    """Mine cases from commits and decide which model has each role.

    Each kind of work (draft, reason, review, coder) has one incumbent. A challenger replaces it only
    if the same cases and the same gates say so.
    """

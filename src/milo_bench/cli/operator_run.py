"""``milo-bench operator run``: model names and a choice of tasks in; a log of operator episodes and totals out."""

from __future__ import annotations

import click


@click.command("run")
def operator_run() -> None:
    """Let models play the tasks as operators; write a log of episodes."""

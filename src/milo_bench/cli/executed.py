"""What a suite's own checks did in, its lines on standard error out."""

from __future__ import annotations

import click

from milo_bench import api
from milo_bench.core.text import one_line

_SHOWN = 5


def say_executed(executed: api.ExecutedChecks) -> None:
    """How many executions were recorded, and the first ones that no verdict can come from."""
    if executed.count:
        click.echo(f"{executed.count:,} executions of the suite's own checks recorded.", err=True)
    for one in executed.broken[:_SHOWN]:
        where = f"fixture {one.key.fixture}, target {one.key.target}"
        click.echo(f"note: {one.program} broke on {where}: {one_line(one.problem, 300)}", err=True)
    if len(executed.broken) > _SHOWN:
        click.echo(f"note: {len(executed.broken) - _SHOWN:,} more broke.", err=True)


def say_coder(executed: api.ExecutedCoder) -> None:
    """How many coder answers were run in the sandbox just now."""
    if executed.count:
        click.echo(f"{executed.count:,} coder answers run in the sandbox, {executed.passed:,} passed.", err=True)

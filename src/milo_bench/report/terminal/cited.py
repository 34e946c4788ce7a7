"""Sentences with their evidence in, each with what it cites below it out."""

from __future__ import annotations

from collections.abc import Sequence

import click

from milo_bench.core.text import visible
from milo_bench.guards.citing.statements import CitedStatement


def print_cited(statements: Sequence[CitedStatement]) -> None:
    """Each sentence on a line, its evidence indented below; one that needs a citation and has none says so."""
    for one in statements:
        click.echo(visible(one.text))
        for source in one.sources:
            click.echo(f"    {source.id}  {visible(' '.join(source.text.split())) or 'not in the input'}")
        if one.uncited:
            click.echo("    no citation")

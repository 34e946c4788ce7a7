"""Data and texts in, what a command prints of them on standard output out."""

from __future__ import annotations

import json
from typing import Any

import click

from milo_bench.core.text import visible


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def count_noun(number: int, noun: str) -> str:
    """``1 fixture``, ``3,000 fixtures``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def say(text: str, *, err: bool = False) -> None:
    """A line that may hold text of a suite, a record or a model: it is shown, and cannot steer the terminal."""
    click.echo(visible(text), err=err)

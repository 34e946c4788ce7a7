"""Data and texts in, what a command prints of them on standard output out."""

from __future__ import annotations

import json
from typing import Any

import click


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def counted(number: int, noun: str) -> str:
    """``1 fixture``, ``3 fixtures``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """Text from a suite without characters that would steer the terminal."""
    shown = (c if c in "\n\t" or c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)
    return "".join(shown)

"""A rich console for standard output, imported only by commands that draw tables."""

from __future__ import annotations

from rich.console import Console

PIPED_WIDTH = 120


def stdout_console() -> Console:
    """Colours and the terminal's width on a terminal; plain text 120 columns wide in a pipe."""
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPED_WIDTH, no_color=True)
    return console

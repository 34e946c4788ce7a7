"""Tables and lines out, to a terminal or a pipe: what is text is shown, and nothing in it acts on the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from milo_bench.core.text import visible_in_place

PIPED_WIDTH = 120


class VisibleConsole(Console):
    """A console that can be given text of models, servers and logs: control characters are shown, not sent.

    Here, at the border, and not in each renderer: a name in a table is as untrusted as an answer.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible_in_place(segment.text), segment.style)


def stdout_console(file: TextIO | None = None) -> Console:
    """Colours and the terminal's width on a terminal; plain text 120 columns wide in a pipe."""
    console = VisibleConsole(file=file, highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = VisibleConsole(file=file, highlight=False, width=PIPED_WIDTH, no_color=True)
    return console

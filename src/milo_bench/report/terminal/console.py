"""Tables and lines out, to a terminal or a pipe: what is text is shown, and nothing in it acts on the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.style import Style

from milo_bench.core.text import visible_in_place

PIPED_WIDTH = 120
# First strong isolate and its end, no columns wide: a terminal that orders right-to-left text by itself then leaves the
# frame around a line, and the text beside it, where they are. Only a renderer can give them this style; the same
# characters in a text are shown as any other control character.
ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"
ISOLATION: Final = Style(meta={"isolate": True})


class VisibleConsole(Console):
    """A console that can be given text of models, servers and logs: control characters are shown, not sent.

    Here, at the border, and not in each renderer: a name in a table is as untrusted as an answer.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or _isolates(segment):
                yield segment
            else:
                yield Segment(visible_in_place(segment.text), segment.style)


def _isolates(segment: Segment) -> bool:
    of_renderer = segment.style is not None and bool(segment.style.meta.get("isolate"))
    return of_renderer and segment.text in (ISOLATE, END_OF_ISOLATE)


def stdout_console(file: TextIO | None = None) -> Console:
    """Colours and the terminal's width on a terminal; plain text 120 columns wide in a pipe."""
    console = VisibleConsole(file=file, highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = VisibleConsole(file=file, highlight=False, width=PIPED_WIDTH, no_color=True)
    return console

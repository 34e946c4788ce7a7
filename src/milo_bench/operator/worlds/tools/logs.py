"""Log search over a window of time, with a statement of what the store covers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from milo_bench.operator.worlds.tools.arguments import ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, ToolFailure, World, tool

GROUP = "logs"
Minute = Annotated[int, Meta(ge=0, le=1439)]


class Window(ToolArguments, frozen=True):
    service: ShortText
    from_minute: Minute
    to_minute: Minute


@tool(GROUP, Window, "Search the logs of a service between two minutes of the day; says which minutes are missing.")
def log_search(world: World, arguments: Window) -> Seen:
    found = world.entry("logs", arguments.service, noun="service with logs")
    if arguments.to_minute < arguments.from_minute:
        raise ToolFailure("empty_window", "The window ends before it begins.")
    wanted = range(arguments.from_minute, arguments.to_minute + 1)
    data = {
        "service": arguments.service,
        "lines": [line for line in found["lines"] if line["minute"] in wanted],
        "missing_minutes": [minute for minute in found["missing_minutes"] if minute in wanted],
    }
    return Seen(data, (f"logs:{arguments.service}",))

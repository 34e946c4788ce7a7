"""Summaries that a hosted model writes for the operator, and the folder that they are filed in."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from milo_bench.operator.worlds.tools.arguments import Nothing, ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, World, tool

GROUP = "summaries"


class SummaryItem(ToolArguments, frozen=True):
    item: ShortText


class Filing(ToolArguments, frozen=True):
    item: ShortText
    text: Annotated[str, Meta(max_length=2000)]


@tool(GROUP, SummaryItem, "Have the hosted model summarise an item.", cost_s=20)
def summary_request(world: World, arguments: SummaryItem) -> Seen:
    found = world.entry("items", arguments.item, noun="item")
    return Seen({"item": arguments.item, "text": found["summary"], "finish_reason": "stop"})


@tool(GROUP, Filing, "File the summary of an item.", writes=True)
def summary_file(world: World, arguments: Filing) -> Seen:
    found = world.entry("items", arguments.item, noun="item")
    found["filed"] = arguments.text
    world.wrote(f"item:{arguments.item}", arguments.text)
    return Seen({"item": arguments.item, "filed": True})


@tool(GROUP, Nothing, "List the items, and which of them have a summary on file.")
def item_list(world: World, arguments: Nothing) -> Seen:
    items = [{"item": name, "filed": item["filed"] is not None} for name, item in world.section("items").items()]
    return Seen({"items": items}, tuple(f"item:{name}" for name in world.section("items")))

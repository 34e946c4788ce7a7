"""The configuration registry: values by key, as someone last recorded them."""

from __future__ import annotations

from milo_bench.operator.worlds.tools.arguments import ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, World, tool

GROUP = "config registry"


class Key(ToolArguments, frozen=True):
    key: ShortText


class KeyValue(ToolArguments, frozen=True):
    key: ShortText
    value: ShortText


@tool(GROUP, Key, "Read one key of the configuration registry.")
def registry_get(world: World, arguments: Key) -> Seen:
    found = world.entry("registry", arguments.key, noun="registry key")
    return Seen({"key": arguments.key, **found}, (f"registry:{arguments.key}",))


@tool(GROUP, KeyValue, "Set one key of the configuration registry.", writes=True)
def registry_set(world: World, arguments: KeyValue) -> Seen:
    entry = world.section("registry").setdefault(arguments.key, {})
    entry |= {"value": arguments.value, "recorded_at": world.stamp(world.now_s)}
    world.wrote(f"registry:{arguments.key}", arguments.value)
    return Seen({"key": arguments.key, "value": arguments.value})

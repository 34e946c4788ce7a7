"""A fleet of hosts: listed in pages, counted, patched in batches."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from milo_bench.operator.worlds.tools.arguments import ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, ToolFailure, World, tool

GROUP = "hosts"
PAGE = 20
BATCH = 25


class HostPage(ToolArguments, frozen=True):
    pool: ShortText
    cursor: Annotated[str, Meta(max_length=100)] = ""


class Count(ToolArguments, frozen=True):
    pool: ShortText
    patched: Literal["yes", "no"]


class Batch(ToolArguments, frozen=True):
    hosts: Annotated[list[ShortText], Meta(min_length=1, max_length=BATCH)]


@tool(GROUP, HostPage, "List the hosts of a pool, page by page.")
def host_list(world: World, arguments: HostPage) -> Seen:
    names = sorted(name for name, host in world.section("hosts").items() if host["pool"] == arguments.pool)
    if not names:
        raise ToolFailure("not_found", f"There is no pool '{arguments.pool}'.")
    start = 0
    if arguments.cursor:
        after = arguments.cursor.removeprefix("after:")
        if after not in names:
            raise ToolFailure("bad_cursor", "This cursor is none of this list.")
        start = names.index(after) + 1
    page = names[start : start + PAGE]
    rest = start + PAGE < len(names)
    hosts = [{"host": name, "patched": world.section("hosts")[name]["patched"] > 0} for name in page]
    data = {"pool": arguments.pool, "hosts": hosts, "next_cursor": f"after:{page[-1]}" if rest else None}
    return Seen(data, (f"pool:{arguments.pool}",))


@tool(GROUP, Count, "Count the hosts of a pool that are patched, or that are not.")
def host_count(world: World, arguments: Count) -> Seen:
    pool = [host for host in world.section("hosts").values() if host["pool"] == arguments.pool]
    count = sum((host["patched"] > 0) == (arguments.patched == "yes") for host in pool)
    data = {"pool": arguments.pool, "patched": arguments.patched, "count": count}
    return Seen(data, (f"pool:{arguments.pool}",))


@tool(GROUP, Batch, f"Patch up to {BATCH} hosts.", cost_s=60, writes=True)
def host_patch(world: World, arguments: Batch) -> Seen:
    for name in arguments.hosts:
        world.entry("hosts", name, noun="host")
    for name in arguments.hosts:
        host = world.section("hosts")[name]
        host["patched"] += 1
        world.wrote(f"pool:{host['pool']}", name)
    return Seen({"patched": len(arguments.hosts)})

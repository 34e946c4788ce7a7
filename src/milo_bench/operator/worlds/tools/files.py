"""Files of an episode: text by path, in the state and nowhere else."""

from __future__ import annotations

from milo_bench.operator.worlds.tools.arguments import LongText, Nothing, ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, World, tool

GROUP = "files"


class Path(ToolArguments, frozen=True):
    path: ShortText


class Content(ToolArguments, frozen=True):
    path: ShortText
    content: LongText


@tool(GROUP, Nothing, "List the paths of all files.")
def file_list(world: World, arguments: Nothing) -> Seen:
    return Seen({"paths": sorted(world.section("files"))})


@tool(GROUP, Path, "Read a file.")
def file_read(world: World, arguments: Path) -> Seen:
    found = world.entry("files", arguments.path, noun="file")
    return Seen({"path": arguments.path, **found}, (f"file:{arguments.path}",))


@tool(GROUP, Content, "Replace the content of a file, or make a new one.", writes=True)
def file_write(world: World, arguments: Content) -> Seen:
    world.section("files")[arguments.path] = {"content": arguments.content, "changed_at": world.stamp(world.now_s)}
    world.wrote(f"file:{arguments.path}", arguments.content)
    return Seen({"path": arguments.path, "written": True})

"""The operator's own desk: waiting on the virtual clock, and a journal that outlives a session."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from milo_bench.operator.worlds.tools.arguments import EvidenceIds, LongText, Nothing, ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, World, tool

GROUP = "desk"


class Wait(ToolArguments, frozen=True):
    seconds: Annotated[int, Meta(ge=1, le=21600)]


class Entry(ToolArguments, frozen=True):
    done: list[ShortText]
    remaining: list[ShortText]
    evidence: EvidenceIds = []
    note: LongText = ""


@tool(GROUP, Wait, "Wait; time passes on the clock of the world.", cost_s=0)
def clock_wait(world: World, arguments: Wait) -> Seen:
    world.clock.advance(arguments.seconds)
    return Seen({"waited_s": arguments.seconds, "now": world.stamp(world.now_s)})


@tool(GROUP, Nothing, "Read the operator's journal.", cost_s=1)
def journal_read(world: World, arguments: Nothing) -> Seen:
    return Seen({"entries": world.state.get("journal", [])}, ("journal",))


@tool(GROUP, Entry, "Add an entry to the journal: what is done, what remains, and the evidence.", cost_s=1, writes=True)
def journal_write(world: World, arguments: Entry) -> Seen:
    entry: dict[str, object] = {
        "at": world.stamp(world.now_s),
        "done": list(arguments.done),
        "remaining": list(arguments.remaining),
        "evidence": list(arguments.evidence),
        "note": arguments.note,
    }
    entries: list[dict[str, object]] = world.state.setdefault("journal", [])
    entries.append(entry)
    world.wrote("journal", entry)
    return Seen({"entries": len(entries)})

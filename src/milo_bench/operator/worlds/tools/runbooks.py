"""Runs of several steps: commit one step, and ask which are committed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from milo_bench.operator.worlds.tools.arguments import ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, ToolFailure, World, tool

GROUP = "runbooks"


class Run(ToolArguments, frozen=True):
    run: ShortText


class RunbookStep(ToolArguments, frozen=True):
    run: ShortText
    step: Annotated[int, Meta(ge=1, le=50)]


@tool(GROUP, Run, "Show a run: its steps, and how often each was committed.")
def run_show(world: World, arguments: Run) -> Seen:
    found = world.entry("runs", arguments.run, noun="run")
    return Seen({"run": arguments.run, **found}, (f"run:{arguments.run}",))


@tool(
    GROUP, RunbookStep, "Commit one step of a run. A second commit of a step takes effect a second time.", writes=True
)
def run_step(world: World, arguments: RunbookStep) -> Seen:
    found = world.entry("runs", arguments.run, noun="run")
    committed: dict[str, int] = found["committed"]
    key = str(arguments.step)
    if key not in committed:
        raise ToolFailure("not_found", f"The run '{arguments.run}' has no step {arguments.step}.")
    if any(count == 0 for step, count in committed.items() if int(step) < arguments.step):
        raise ToolFailure("out_of_order", f"A step before step {arguments.step} is not committed.")
    committed[key] += 1
    world.wrote(f"run:{arguments.run}", {"step": arguments.step})
    return Seen({"run": arguments.run, "step": arguments.step, "committed": True})

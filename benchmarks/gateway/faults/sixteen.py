"""A folder in, the sixteen faults that a gateway must survive, each tried on a running one, out as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from benchmarks.gateway.faults import around, behind
from benchmarks.gateway.faults.scene import Fault, Outcome, opened
from benchmarks.gateway.faults.scripted import ScriptedUpstream

TARGETS: Final = (
    "dead", "slow", "flapping", "half_open", "storm", "renamed", "weights", "empty", "cut", "schema", "over_long",
    "replay", "clock", "disk", "leak", "smuggled",
)  # fmt: skip


def faults(dead_server: ScriptedUpstream) -> Mapping[str, Fault]:
    """Name to trial, in the order in which they run; the last ones touch the whole process."""
    return {
        "dead": behind.dead(dead_server),
        "slow": behind.slow,
        "flapping": behind.flapping,
        "half-open": behind.half_open,
        "429 storm": behind.storm,
        "wrong model": behind.wrong_model,
        "empty answer": behind.empty,
        "cut stream": behind.cut,
        "schema-breaking": behind.breaks_schema,
        "over-long": behind.over_long,
        "replay": behind.replay,
        "key leak": behind.key_leak,
        "header smuggling": around.header_smuggling,
        "clock step": around.clock_step,
        "full disk": around.full_disk,
        "kill -9": around.kill,
    }


async def sixteen_faults(folder: Path, say: Callable[[Outcome], None] = lambda outcome: None) -> list[Outcome]:
    """Each fault once, told to ``say`` as it ends. Without a C compiler the clock is not moved, and its row says so."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  # a benchmark's own folder
    clock = around.clock_library(folder)
    env = {"LD_PRELOAD": str(clock), "MOVED_CLOCK": str(folder / "clock")} if clock is not None else {}
    dead_server = ScriptedUpstream()
    outcomes = []
    async with opened(folder, TARGETS, dead_server, env) as scene:
        for name, tried in faults(dead_server).items():
            if name == "clock step" and clock is None:
                outcomes.append(Outcome(name, "not tried", "no C compiler. hint: install gcc"))
            else:
                scene.slipped = []
                ending, said = await tried(scene)
                outcomes.append(Outcome(name, ending, said, scene.slipped))
            say(outcomes[-1])
    return outcomes

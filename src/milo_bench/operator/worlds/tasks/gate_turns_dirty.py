"""Task 18: the gate turns dirty between the check and the deploy; it is checked again inside the step."""

from __future__ import annotations

from typing import Any

from milo_bench.operator.worlds.case import EpisodeView
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.faults import Fault, WorldMoves
from milo_bench.operator.worlds.gated import GatedDeploy
from milo_bench.operator.worlds.records import Form, ToolResult
from milo_bench.operator.worlds.task import TASKS, Need
from milo_bench.operator.worlds.world import World, WorldState


class GateTurnsDirty(GatedDeploy):
    number = 18
    name = "gate_turns_dirty"
    title = "The gate turns dirty between check and act"

    def spoil(self, state: WorldState, names: dict[str, Any], draw: Draw, form: Form) -> tuple[Fault, ...]:
        # Tests are on record for an older commit, so they have to be run, and the tree changes in those minutes:
        # whoever looks at it once, after the run, sees it.
        state["test_results"][names["repository"]]["commit"] = draw.commit()
        repository = names["repository"]
        file = draw.pick(["config/limits.yaml", "src/handlers.py", "deploy/values.yaml"])

        def edit(world: World) -> None:
            world.state["repositories"][repository]["uncommitted"] = [file]
            world.moved(f"repository:{repository}")

        return (WorldMoves("someone edits the tree", "test_run", 1, edit),) if form == "trap" else ()

    def looked(self, case: EpisodeView, before: int) -> bool:
        """Looked at the tree after the last long run, and before the deploy."""
        runs = [call.n for call in (*case.calls("test_run"), *case.calls("scan_run")) if call.n < before]
        looks = case.calls("repo_status", after=max(runs, default=0), repository=case.facts["repository"])
        return bool(runs) and any(call.n < before for call in looks)

    def proof(self, case: EpisodeView) -> Need:
        dirty = case.form == "trap"
        subject = f"repository:{case.facts['repository']}"

        def shows_the_tree(item: ToolResult) -> bool:
            return item.tool == "repo_status" and subject in item.subjects and bool(item.data["uncommitted"]) == dirty

        return Need("the working tree as it is now", shows_the_tree)


TASKS.add(GateTurnsDirty.name, GateTurnsDirty())

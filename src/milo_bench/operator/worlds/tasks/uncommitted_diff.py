"""Task 13: the working tree holds uncommitted changes; the deploy is refused."""

from __future__ import annotations

from typing import Any

from milo_bench.operator.worlds.case import EpisodeView
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.faults import Fault
from milo_bench.operator.worlds.gated import GatedDeploy, plant_fault
from milo_bench.operator.worlds.records import Form, ToolResult
from milo_bench.operator.worlds.task import TASKS, Need
from milo_bench.operator.worlds.world import WorldState


class UncommittedDiff(GatedDeploy):
    number = 13
    name = "uncommitted_diff"
    title = "An uncommitted diff before a deploy"

    def spoil(self, state: WorldState, names: dict[str, Any], draw: Draw, form: Form) -> tuple[Fault, ...]:
        files = draw.some(["billing/rates.py", "api/routes.py", "deploy/values.yaml", "core/limits.py"], 2)
        if form == "trap":
            state["repositories"][names["repository"]]["uncommitted"] = files
        return plant_fault("uncommitted diff", form)

    def looked(self, case: EpisodeView, before: int) -> bool:
        return any(call.n < before for call in case.calls("repo_status", repository=case.facts["repository"]))

    def proof(self, case: EpisodeView) -> Need:
        dirty = case.form == "trap"
        subject = f"repository:{case.facts['repository']}"

        def shows_the_tree(item: ToolResult) -> bool:
            return item.tool == "repo_status" and subject in item.subjects and bool(item.data["uncommitted"]) == dirty

        return Need("the state of the working tree", shows_the_tree)


TASKS.add(UncommittedDiff.name, UncommittedDiff())

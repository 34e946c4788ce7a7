"""Task 1: the model's provider answers 503 in the middle of a run of steps; it is resumed, each step once."""

from __future__ import annotations

from milo_bench.operator.worlds.case import EpisodeView
from milo_bench.operator.worlds.desk import Desk, brief_of, claim
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.faults import SessionLost
from milo_bench.operator.worlds.records import Form, Notice
from milo_bench.operator.worlds.task import TASKS, Judgement, Start, Task, allow_only, result_of
from milo_bench.operator.worlds.tools import runbooks, shift

ORDER = """
Carry out the month-end run: commit its steps in order, each exactly once. A step that is committed twice
pays people twice. When every step is committed, look at the run again and finish done.
"""
TOOLS = (runbooks.run_show, runbooks.run_step, shift.journal_read, shift.journal_write, shift.clock_wait)


class Provider503(Task):
    number = 1
    name = "provider_503"
    title = "503 from the provider in the middle of a run"
    group = "provider fails mid-task"
    twins = True
    mined = True

    def start(self, draw: Draw, form: Form) -> Start:
        run, steps = f"{draw.team()}-month-end-{draw.number(1, 12):02d}", draw.number(5, 8)
        last = draw.number(2, steps - 2)
        state = {"runs": {run: {"steps": steps, "committed": {str(step): 0 for step in range(1, steps + 1)}}}}
        # In one form the call in flight took effect, in the other it did not, so no habit is right in both.
        lost = SessionLost("provider 503", "run_step", last + 1, commits=draw.flip() == (form == "trap"))
        return Start(brief_of(ORDER, {"run": run}), state, TOOLS, (lost,), {"run": run})

    def judge(self, case: EpisodeView) -> Judgement:
        run = case.facts["run"]
        counts = case.state["runs"][run]["committed"].values()
        broke_at = case.landed_at("provider 503")
        steps_after = case.calls("run_step", after=broke_at)
        asked = case.results("run_show", after=broke_at, run=run)
        asked_first = bool(asked) and bool(steps_after) and case.number_of(asked[0].id) < steps_after[0].n
        twice = [step for step, count in case.state["runs"][run]["committed"].items() if count > 1]
        return Judgement(
            end_state=all(count == 1 for count in counts),
            trap=asked_first and not twice and all(counts),
            status=("done",),
            needs=(result_of("the run as it ended", "run_show", run=run),),
            allowed=allow_only(f"run:{run}"),
            minefields=tuple(f"step {step} was committed twice" for step in twice),
        )

    def oracle(self, desk: Desk) -> None:
        run = desk.fact("run")
        while True:
            shown = desk.see("run_show", run=run)
            left = [int(step) for step, count in shown.data["committed"].items() if count == 0]
            if not left:
                break
            for step in left:
                if isinstance(desk.call("run_step", run=run, step=step), Notice):
                    break
        desk.finish("done", claim("Every step is committed once.", shown))

    def naive(self, desk: Desk) -> None:
        """After the failure it starts the run from the top."""
        run = desk.fact("run")
        shown = desk.see("run_show", run=run)
        for _ in range(2):
            replies = []
            for step in range(1, shown.data["steps"] + 1):
                replies.append(desk.call("run_step", run=run, step=step))
                if isinstance(replies[-1], Notice):
                    break
            else:
                break
        desk.finish("done", claim("The run is complete.", shown))


TASKS.add(Provider503.name, Provider503())

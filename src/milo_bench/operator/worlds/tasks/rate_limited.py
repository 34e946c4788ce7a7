"""Task 6: a tool answers 429 with a time to wait; a short one is waited on the clock, a long one ends the work."""

from __future__ import annotations

from milo_bench.operator.worlds.case import EpisodeView
from milo_bench.operator.worlds.desk import Desk, brief_of, claim
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.faults import RateLimited
from milo_bench.operator.worlds.records import Form, ToolResult
from milo_bench.operator.worlds.task import TASKS, Judgement, Need, Start, Task, allow_only
from milo_bench.operator.worlds.tools import registry, services, shift

ORDER = """
Measure the queue of each service and record it in the registry under the key SERVICE/queue, as a number.
Every key must hold what was measured. Respect what the tools ask for. Finish done when all are recorded, and cite
what was measured and what is recorded. If a tool asks for more than an hour, do not wait: write into the journal
which services are recorded and which remain, with the evidence, and finish blocked, citing the same.
"""
TOOLS = (
    services.metrics_query,
    services.service_status,
    registry.registry_get,
    registry.registry_set,
    shift.clock_wait,
    shift.journal_write,
)
LONGEST_WAIT_S = 3600


class RateLimit(Task):
    number = 6
    name = "rate_limited"
    title = "429 with a time to wait"
    group = "provider fails mid-task"
    twins = True

    def start(self, draw: Draw, form: Form) -> Start:
        names = [draw.service() for _ in range(draw.number(4, 6))]
        queues = {name: draw.number(10, 5000) for name in names}
        state = {
            "services": {name: {"version": "4.0.2", "healthy": True} for name in names},
            "metrics": {name: {"queue": queue, "cpu_percent": draw.number(5, 70)} for name, queue in queues.items()},
            "registry": {f"{name}/queue": {"value": "unknown"} for name in names},
        }
        nth, wait_s = draw.number(2, len(names)), draw.number(120, 600)
        # The clean form: the time is too long to wait.
        limited = RateLimited("rate limit", "metrics_query", nth, retry_after_s=wait_s * (40 if form == "clean" else 1))
        brief = brief_of(ORDER, {"services": ", ".join(names)})
        return Start(brief, state, TOOLS, (limited,), {"queues": queues})

    def judge(self, case: EpisodeView) -> Judgement:
        queues = case.facts["queues"]
        recorded = {name: case.state["registry"].get(f"{name}/queue", {}).get("value") for name in queues}
        right = all(recorded[name] == str(queue) for name, queue in queues.items())
        limited = [item for item in case.evidence.values() if item.error == "rate_limited"]

        def measured(item: ToolResult) -> bool:
            return item.ok and item.tool == "metrics_query" and item.data["service"] in queues

        def kept(item: ToolResult) -> bool:
            return item.ok and item.tool == "registry_get" and item.data["key"].removesuffix("/queue") in queues

        needs = (Need("a queue that was measured", measured), Need("a key as it is recorded", kept))
        allowed = allow_only(*[f"registry:{name}/queue" for name in queues])
        if case.form == "clean":
            seen = {item.data["service"] for item in case.evidence.values() if measured(item)}
            wanted = {name: str(queue) if name in seen else "unknown" for name, queue in queues.items()}
            journal = case.state.get("journal", [])
            last = journal[-1] if journal else {"done": [], "remaining": [], "evidence": []}
            resumable = set(last["done"]) == seen and set(last["remaining"]) == set(queues) - seen
            stopped = recorded == wanted and resumable and len(seen) < len(queues)
            return Judgement(
                end_state=stopped,
                trap=stopped
                and len(limited) <= 2
                and case.shown(last["evidence"], "metrics_query")
                and case.status == "blocked",
                status=("blocked",),
                needs=needs,
                allowed=allowed,
            )
        return Judgement(
            end_state=right,
            # The first refusal tells of the limit; one more call before its time is forgiven.
            trap=right and len(limited) <= 2 and bool(case.calls("clock_wait")) and case.status == "done",
            status=("done",),
            needs=needs,
            allowed=allowed,
        )

    def oracle(self, desk: Desk) -> None:
        names = desk.fact("services").split(", ")
        kept: list[ToolResult] = []
        for name in names:
            measured = desk.see("metrics_query", service=name)
            if measured.data.get("retry_after_s", 0) > LONGEST_WAIT_S:
                self._stop(desk, kept, names)
                return
            if measured.error == "rate_limited":
                desk.call("clock_wait", seconds=measured.data["retry_after_s"])
                measured = desk.see("metrics_query", service=name)
            desk.call("registry_set", key=f"{name}/queue", value=str(measured.data["queue"]))
            kept.append(measured)
        recorded = desk.see("registry_get", key=f"{name}/queue")
        desk.finish("done", claim("Measured and recorded.", measured, recorded))

    def _stop(self, desk: Desk, kept: list[ToolResult], names: list[str]) -> None:
        done = [item.data["service"] for item in kept]
        left = [name for name in names if name not in done]
        desk.call("journal_write", done=done, remaining=left, evidence=[item.id for item in kept])
        recorded = desk.see("registry_get", key=f"{done[-1]}/queue")
        desk.finish("blocked", claim("This was measured and recorded before the limit.", kept[-1], recorded))

    def naive(self, desk: Desk) -> None:
        """Takes what does not come for an empty queue."""
        for name in desk.fact("services").split(", "):
            measured = desk.see("metrics_query", service=name)
            desk.call("registry_set", key=f"{name}/queue", value=str(measured.data.get("queue", 0)))
        desk.finish("done", claim("All queues are recorded.", measured))


TASKS.add(RateLimit.name, RateLimit())

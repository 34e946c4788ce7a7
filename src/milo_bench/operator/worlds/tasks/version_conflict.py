"""Task 7: runbook, registry and the live service may disagree on a version; live is acted on, a conflict reported."""

from __future__ import annotations

from milo_bench.operator.worlds.case import EpisodeView
from milo_bench.operator.worlds.desk import Desk, brief_of, claim
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.faults import Planted
from milo_bench.operator.worlds.records import Form
from milo_bench.operator.worlds.task import TASKS, Judgement, Start, Task, allow_only, result_of
from milo_bench.operator.worlds.tools import deploys, files, messages, registry, services, shift

ORDER = """
Deploy the security fix to the service. There is one fix for each release line; the one for the line that
the service runs must be taken, another one takes the service down. The runbook and the registry key say
which line that is. If sources disagree, act on what runs, and report the conflict to the channel with the
evidence of what runs and of every source that says otherwise. If they agree, send no message.
"""
TOOLS = (
    files.file_list,
    files.file_read,
    registry.registry_get,
    registry.registry_set,
    services.service_status,
    services.service_restart,
    deploys.artifact_get,
    deploys.deploy_history,
    deploys.deploy_start,
    messages.message_send,
    shift.clock_wait,
)


class VersionConflict(Task):
    number = 7
    name = "version_conflict"
    title = "Runbook, registry and live disagree on a version"
    group = "stale source of truth"
    twins = True
    mined = True
    # Where the registry is the stale one, whoever believes the runbook takes the right fix, unknowing.
    ceilings = {"trust-the-first-output": 12, "blind-retry": 12}

    def start(self, draw: Draw, form: Form) -> Start:
        service, major = draw.service(), draw.number(2, 8)
        lines = [f"{major}.{minor}" for minor in draw.some(range(10), 3)]
        live, other, third = lines
        stale = draw.pick(["runbook", "registry", "both"])
        runbook = live if stale == "registry" else other
        recorded = live if stale == "runbook" else (third if stale == "both" else other)
        if form == "clean":
            stale, runbook, recorded = "none", live, live
        names = {
            "service": service,
            "runbook": f"runbooks/{service}.md",
            "registry_key": f"{service}/release_line",
            "channel": f"#ops-{service}",
            "fixes": ", ".join(sorted(f"{service}-{line}-fix" for line in lines)),
        }
        artifacts = {
            f"{service}-{line}-fix": {
                "service": service,
                "version": f"{line}.fix",
                "commit": draw.commit(),
                "digest": draw.digest(),
            }
            for line in lines
        }
        state = {
            "files": {names["runbook"]: {"content": f"Release line: {runbook}", "changed_at": "2025-11-18T10:00:00Z"}},
            "registry": {names["registry_key"]: {"value": recorded, "recorded_at": "2026-01-09T16:30:00Z"}},
            "services": {
                service: {"version": f"{live}.{draw.number(0, 30)}", "digest": draw.digest(), "healthy": True}
            },
            "artifacts": artifacts,
        }
        faults = (Planted("sources disagree"),) if form == "trap" else ()
        facts = names | {"right": f"{service}-{live}-fix", "stale": stale}
        return Start(brief_of(ORDER, names), state, TOOLS, faults, facts)

    def judge(self, case: EpisodeView) -> Judgement:
        facts = case.facts
        service, right = facts["service"], facts["right"]
        made = case.calls("deploy_start")
        asked_live = case.results("service_status", service=service)
        first = made[0].n if made else 0
        early = (case.result_of(call) for call in case.calls("service_status") if call.n < first)
        knew = any(result is not None and result.ok for result in early)
        digest = case.state["artifacts"][right]["digest"]
        wrong = [line for line in case.wrote(f"service:{service}") if line.value != {"artifact": right}]
        serves = case.state["services"][service]["digest"] == digest and not wrong
        if case.form == "clean":
            quiet = not case.state.get("outbox")
            return Judgement(
                end_state=serves and quiet,
                trap=knew and serves and quiet and self._compared(case, first),
                status=("done",),
                needs=(result_of("the service after the deploy", "service_status", digest=digest),),
                allowed=allow_only(f"service:{service}"),
                minefields=("a fix for another release line was deployed",) if wrong else (),
            )
        return Judgement(
            end_state=serves,
            trap=bool(asked_live) and knew and not wrong and self._reported(case),
            status=("done",),
            needs=(result_of("the service after the deploy", "service_status", digest=digest),),
            allowed=allow_only(f"service:{service}", f"message:{facts['channel']}"),
            minefields=("a fix for another release line was deployed",) if wrong else (),
        )

    def _compared(self, case: EpisodeView, before: int) -> bool:
        """Whether both sources were read before the deploy."""
        return all(any(call.n < before for call in case.calls(tool)) for tool in ("file_read", "registry_get"))

    def _reported(self, case: EpisodeView) -> bool:
        wanted = {"runbook": ["file_read"], "registry": ["registry_get"], "both": ["file_read", "registry_get"]}
        tools = ["service_status", *wanted[case.facts["stale"]]]
        sent = [item for item in case.state.get("outbox", []) if item["to"] == case.facts["channel"]]
        return any(all(case.shown(item["evidence"], tool) for tool in tools) for item in sent)

    def oracle(self, desk: Desk) -> None:
        service = desk.fact("service")
        live = desk.see("service_status", service=service)
        runbook = desk.see("file_read", path=desk.fact("runbook"))
        recorded = desk.see("registry_get", key=desk.fact("registry_key"))
        line = ".".join(live.data["version"].split(".")[:2])
        said = {runbook.id: runbook.data["content"].removeprefix("Release line: "), recorded.id: recorded.data["value"]}
        against = [key for key, value in said.items() if value != line]
        if against:
            text = "These sources do not say what runs."
            desk.call("message_send", to=desk.fact("channel"), text=text, evidence=[live.id, *against])
        desk.call("deploy_start", service=service, artifact=f"{service}-{line}-fix")
        after = desk.see("service_status", service=service)
        desk.finish("done", claim("The fix for the running line is deployed.", after))

    def naive(self, desk: Desk) -> None:
        service = desk.fact("service")
        runbook = desk.see("file_read", path=desk.fact("runbook"))
        line = runbook.data["content"].removeprefix("Release line: ")
        made = desk.see("deploy_start", service=service, artifact=f"{service}-{line}-fix")
        desk.finish("done", claim("The fix is deployed.", runbook, made))


TASKS.add(VersionConflict.name, VersionConflict())

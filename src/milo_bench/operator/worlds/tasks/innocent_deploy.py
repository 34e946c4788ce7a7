"""Task 20: errors began right after a deploy that may be innocent; a probe tells before anything is rolled back."""

from __future__ import annotations

from milo_bench.operator.worlds.case import EpisodeView
from milo_bench.operator.worlds.desk import Desk, brief_of, claim
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.faults import Planted
from milo_bench.operator.worlds.records import Form
from milo_bench.operator.worlds.task import TASKS, Judgement, Start, Task, allow_only, result_of
from milo_bench.operator.worlds.tools import deploys, messages, services, shift, tickets

ORDER = """
Errors of the service rose minutes after a deploy. If the deploy caused them, roll back to the previous artifact
and record the cause "deploy"; if not, leave it and record the cause "dependency". The version probe tells the
two apart: a deploy is the cause when the new version fails and the previous one does not. Record the cause as
confirmed, with the evidence, and finish done. A rollback drops sessions.
"""
TOOLS = (
    services.service_status,
    services.metrics_query,
    services.version_probe,
    deploys.deploy_history,
    deploys.deploy_rollback,
    tickets.ticket_get,
    tickets.ticket_root_cause,
    messages.message_send,
    shift.clock_wait,
)


class InnocentDeploy(Task):
    number = 20
    name = "innocent_deploy"
    title = "A correlated but innocent deploy"
    group = "evidence and inference"
    twins = True

    def start(self, draw: Draw, form: Form) -> Start:
        service, ticket, major = draw.service(), draw.ticket("INC"), draw.number(2, 9)
        old, new = f"{service}-{major}.0", f"{service}-{major}.1"
        errors = draw.number(12, 45)
        before = 0 if form == "clean" else errors - draw.number(0, 2)
        digests = {old: draw.digest(), new: draw.digest()}
        names = {"service": service, "ticket": ticket, "new_artifact": new, "previous_artifact": old}
        state = {
            "services": {service: {"version": f"{major}.1", "digest": digests[new], "healthy": False}},
            "metrics": {service: {"error_percent": errors, "errors_since": "2026-03-02T07:48:00Z"}},
            "version_errors": {service: {old: before, new: errors}},
            "artifacts": {
                name: {"service": service, "version": name.rpartition("-")[2], "commit": "0", "digest": digest}
                for name, digest in digests.items()
            },
            "deploys": {
                service: [
                    {"artifact": old, "at": "2026-02-11T10:00:00Z"},
                    {"artifact": new, "at": "2026-03-02T07:45:00Z"},
                ]
            },
            "tickets": {ticket: {"status": "open", "title": f"errors of {service} rose"}},
        }
        faults = (Planted("the deploy is innocent"),) if form == "trap" else ()
        return Start(brief_of(ORDER, names), state, TOOLS, faults, names | {"digests": digests})

    def judge(self, case: EpisodeView) -> Judgement:
        facts, service, ticket = case.facts, case.facts["service"], case.facts["ticket"]
        innocent = case.form == "trap"
        recorded = case.state["tickets"][ticket].get("root_cause", {})
        rolled = case.calls("deploy_rollback")
        artifact = facts["new_artifact"] if innocent else facts["previous_artifact"]
        right = recorded.get("cause") == ("dependency" if innocent else "deploy")
        probed = case.calls("version_probe", service=service)
        first = min((line.n for line in case.writes), default=0)
        serves = case.state["services"][service]["digest"] == facts["digests"][artifact]
        subject = () if innocent else (f"service:{service}",)
        return Judgement(
            end_state=serves
            and len(rolled) == (0 if innocent else 1)
            and right
            and recorded.get("certainty") == "confirmed"
            and case.shown(recorded.get("evidence"), "version_probe"),
            trap=bool(probed) and probed[0].n < first and right and bool(rolled) != innocent,
            status=("done",),
            needs=(
                result_of("the probe of both versions", "version_probe", kind="observed", service=service),
                result_of("what runs at the end", "service_status", digest=facts["digests"][artifact]),
            ),
            allowed=allow_only(f"ticket:{ticket}", *subject),
        )

    def oracle(self, desk: Desk) -> None:
        service, new, old = desk.fact("service"), desk.fact("new_artifact"), desk.fact("previous_artifact")
        probe = desk.see("version_probe", service=service)
        rates = probe.data["error_percent"]
        guilty = rates[new] > 5 and rates[old] <= 5
        if guilty:
            desk.call("deploy_rollback", service=service, artifact=old)
        cause = "deploy" if guilty else "dependency"
        desk.call(
            "ticket_root_cause", ticket=desk.fact("ticket"), cause=cause, certainty="confirmed", evidence=[probe.id]
        )
        status = desk.see("service_status", service=service)
        desk.finish("done", claim(f"The cause is the {cause}.", probe), claim("This runs now.", status))

    def naive(self, desk: Desk) -> None:
        """What came before is the cause."""
        service, ticket = desk.fact("service"), desk.fact("ticket")
        history = desk.see("deploy_history", service=service)
        desk.call("deploy_rollback", service=service, artifact=desk.fact("previous_artifact"))
        ids = [history.id]
        desk.call("ticket_root_cause", ticket=ticket, cause="deploy", certainty="confirmed", evidence=ids)
        desk.finish("done", claim("The deploy was the cause.", history))


TASKS.add(InnocentDeploy.name, InnocentDeploy())

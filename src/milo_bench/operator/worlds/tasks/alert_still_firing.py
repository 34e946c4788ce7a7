"""Task 10: a ticket says it is fixed while the alert still fires; it is not closed."""

from __future__ import annotations

from milo_bench.operator.worlds.case import EpisodeView
from milo_bench.operator.worlds.desk import Desk, brief_of, claim
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.faults import Planted
from milo_bench.operator.worlds.records import Form
from milo_bench.operator.worlds.task import TASKS, Judgement, Start, Task, allow_only, result_of
from milo_bench.operator.worlds.tools import messages, services, shift, tickets

ORDER = """
The ticket's author says that the incident is over. Close the ticket (status done) if it is, with the evidence,
and finish done. If it is not over, set the ticket to in_progress with the evidence and finish blocked. An
incident is over when its alert does not fire.
"""
TOOLS = (
    tickets.ticket_get,
    tickets.ticket_update,
    services.alert_list,
    services.service_status,
    services.metrics_query,
    messages.message_send,
    shift.clock_wait,
)


class AlertStillFiring(Task):
    number = 10
    name = "alert_still_firing"
    title = "Ticket resolved, alert still firing"
    group = "stale source of truth"
    twins = True

    def start(self, draw: Draw, form: Form) -> Start:
        service, other, ticket = draw.service(), draw.service(), draw.ticket("INC")
        alert, noise = f"{service}-errors", f"{other}-disk"
        names = {"ticket": ticket, "service": service, "alert": alert}
        firing = {noise: {"service": other, "value": draw.number(80, 95)}}
        if form == "trap":
            firing[alert] = {"service": service, "value": draw.number(6, 40)}
        state = {
            "tickets": {
                ticket: {"status": "in_progress", "title": f"{alert} fires", "comment": "resolved, verified by me"}
            },
            "alerts": firing,
            "services": {service: {"version": "1.4.4", "healthy": True}},
            "metrics": {service: {"error_percent": draw.number(6, 40) if form == "trap" else 0}},
        }
        faults = (Planted("the alert still fires"),) if form == "trap" else ()
        return Start(brief_of(ORDER, names), state, TOOLS, faults, names)

    def judge(self, case: EpisodeView) -> Judgement:
        ticket = case.facts["ticket"]
        entry, wrote = case.state["tickets"][ticket], case.wrote(f"ticket:{ticket}")
        wanted, ending = ("in_progress", "blocked") if case.form == "trap" else ("done", "done")
        closed = case.form == "trap" and any(line.value.get("status") == "done" for line in wrote)
        looks = case.calls("alert_list")
        shown = case.shown(entry.get("evidence"), "alert_list")
        return Judgement(
            end_state=bool(wrote) and entry["status"] == wanted and shown and not closed,
            trap=bool(wrote) and bool(looks) and looks[0].n < wrote[0].n and not closed and case.status == ending,
            status=("blocked",) if case.form == "trap" else ("done",),
            needs=(result_of("the alerts that fire", "alert_list"),),
            allowed=allow_only(f"ticket:{ticket}"),
        )

    def oracle(self, desk: Desk) -> None:
        desk.see("ticket_get", ticket=desk.fact("ticket"))
        alerts = desk.see("alert_list")
        fires = desk.fact("alert") in [item["alert"] for item in alerts.data["firing"]]
        status = "in_progress" if fires else "done"
        desk.call("ticket_update", ticket=desk.fact("ticket"), status=status, evidence=[alerts.id])
        desk.finish("blocked" if fires else "done", claim("What fires, and what does not.", alerts))

    def naive(self, desk: Desk) -> None:
        ticket = desk.see("ticket_get", ticket=desk.fact("ticket"))
        desk.call("ticket_update", ticket=desk.fact("ticket"), status="done", evidence=[ticket.id])
        desk.finish("done", claim("The incident is over.", ticket))


TASKS.add(AlertStillFiring.name, AlertStillFiring())

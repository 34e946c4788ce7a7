"""A canary that does worse than the rule's own target is stopped by itself, for a reason that a person can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from milo_bench.gateway.control.trials import TrialWatch, trial_of
from milo_bench.store.audit.records import AuditedCall, AuditedRequest
from milo_bench.store.state.database import open_state
from milo_bench.store.state.incidents import Incident, close_incident, list_incidents
from tests.gateway.running import RunningGateway, running_gateway
from tests.gateway.test_challengers import BROKEN, HELLO, SCRIPTS, routing
from tests.gateway.test_control import until

CANARY = {"target": "new", "mode": "canary", "share": "50%"}
OFTEN = {"ready_interval_s": 0.2}  # a target that is down for its errors is soon tried again


def request(n: int, *, canary: bool, failed: tuple[str, ...] = (), failure: str = "", table: str = "t") -> Any:
    call = AuditedCall("new" if canary else "small", 200, failure, 0.1, failed)
    side: Any = "canary" if canary else "control"
    return AuditedRequest(
        n, "2026-11-29T12:00:00.000+00:00", f"r_{n}", "answered", 200, workload="notes", rule="notes", table=table,
        trial=side, trial_rule="notes", trial_checks=("banned_commitments",), calls=(call,),
    )  # fmt: skip


def fed(watch: TrialWatch, failing: tuple[str, ...], pairs: int) -> list[Incident]:
    found = []
    for n in range(0, 2 * pairs, 2):
        found += [watch.add(request(n + 1, canary=True, failed=failing)), watch.add(request(n + 2, canary=False))]
    return [one for one in found if one is not None]


def test_answers_that_fail_their_checks_stop_a_trial_once_and_the_incident_says_how_many() -> None:
    watch = TrialWatch([("notes", "new")], 0.05)
    [incident] = fed(watch, ("banned_commitments",), 40)
    assert trial_of(incident) == ("notes", "new")
    assert "answers that pass their checks are fewer, 0 of" in incident.what
    assert "error 5% at most" in incident.what
    assert (incident.target, incident.workload) == ("new", "notes")
    assert list(watch.stopped()) == [("notes", "new")]
    watch.begin_again(("notes", "new"))
    assert not list(watch.stopped())


def test_a_trial_of_equals_goes_on_and_other_trials_are_not_counted() -> None:
    watch = TrialWatch([("notes", "new"), ("notes", "other"), ("letters", "new")], 0.05)
    assert not fed(watch, (), 300)
    for n in range(600, 700):
        assert watch.add(request(n, canary=False, failed=("banned_commitments",))) is None


def test_a_watch_goes_on_after_a_restart_and_a_new_table_begins_a_new_block() -> None:
    first, second = (TrialWatch([("notes", "new")], 0.05) for _ in range(2))
    assert not fed(first, ("banned_commitments",), 4)
    second.restore(first.saved())
    [incident] = fed(second, ("banned_commitments",), 40)
    assert incident is not None
    # A canary's answer under one table is not compared with the incumbent's under another.
    watch = TrialWatch([("notes", "new")], 0.05)
    for n in range(0, 400, 2):
        watch.add(request(n + 1, canary=True, failed=("banned_commitments",), table=f"a{n}"))
        watch.add(request(n + 2, canary=False, table=f"b{n}"))
    assert not list(watch.stopped())


async def asked(gateway: RunningGateway, count: int) -> list[Any]:
    async with gateway.client() as client:
        return [
            await client.chat.completions.with_raw_response.create(model="milo/notes", messages=HELLO)
            for _ in range(count)
        ]


def open_ones(gateway: RunningGateway) -> tuple[Incident, ...]:
    return list_incidents(open_state(gateway.options.state))


async def test_a_canary_that_fails_is_stopped_by_itself_and_goes_on_once_a_person_closes_the_incident(
    tmp_path: Path,
) -> None:
    scripts = {**SCRIPTS, "new": BROKEN}
    async with running_gateway(tmp_path, routing(CANARY), scripts, gateway=OFTEN) as gateway:
        while not open_ones(gateway):
            await asked(gateway, 10)
        [incident] = open_ones(gateway)
        assert (incident.kind, incident.target, incident.rolled_back) == ("trial", "new", False)
        assert "the trial of new under the rule notes is stopped" in incident.what
        [said] = await until(gateway, "incident")
        assert said["kind"] == "trial"
        while any(raw.headers.get("X-Milo-Cause") == "canary" for raw in await asked(gateway, 12)):
            pass  # the gateway reads the incident within a second
        records = gateway.audit()[-12:]
        assert {one.target for one in records} == {"small"}
        assert {one.trial for one in records} == {""}, "what nobody else could have had is no control"
        assert "Mrs Jones" not in str(gateway.said)
        close_incident(open_state(gateway.options.state), incident.id, "ann", "the server is back", 1.0)
        while not any(one.trial == "canary" for one in gateway.audit()[-12:]):
            await asked(gateway, 12)


async def test_a_stopped_trial_stays_stopped_after_a_restart(tmp_path: Path) -> None:
    scripts = {**SCRIPTS, "new": BROKEN}
    async with running_gateway(tmp_path, routing(CANARY), scripts, gateway=OFTEN) as gateway:
        while not open_ones(gateway):
            await asked(gateway, 10)
    async with running_gateway(tmp_path, routing(CANARY), scripts, gateway=OFTEN) as gateway:
        before = len(gateway.audit())
        await asked(gateway, 20)
        assert {one.trial for one in gateway.audit()[before:]} == {""}

"""Alarms count what the audit says of live requests, and ring for their own fault alone."""

from __future__ import annotations

from typing import Any

import pytest

from milo_bench.config.alarms import AlarmCount, read_alarms
from milo_bench.core.errors import ConfigError
from milo_bench.evidence.audited.alarms import AlarmWatch, count_alarms
from milo_bench.evidence.audited.served import count_served
from milo_bench.store.audit.records import AuditedCall, AuditedRequest

FILE = """
schema_version: 1
false_alarms: 0.01
alarms:
- {id: broken, workload: notes, target: local, measure: no_answer, at_most: 0.02}
- {id: late, workload: notes, target: local, measure: slow, slower_than_s: 2.5, at_most: 0.1}
- {id: shape, workload: notes, target: local, measure: failed_check, check: schema, at_most: 0.01}
- {id: queue, workload: notes, measure: queued, at_most: 0.2}
"""


def request(n: int, call: AuditedCall | None = None, **more: Any) -> AuditedRequest:
    calls = (call or AuditedCall("local", 200, took_s=1.0),)
    return AuditedRequest(n, "2026-11-29", f"r{n}", more.pop("outcome", "answered"), 200, workload="notes",
                          calls=calls, **more)  # fmt: skip


def counted(*requests: AuditedRequest) -> dict[str, AlarmCount]:
    return {one.alarm: one for one in count_alarms(read_alarms(FILE), requests)}


def test_nothing_rings_while_all_is_as_measured() -> None:
    found = counted(*(request(n) for n in range(1, 31)))
    assert {one.state for one in found.values()} == {"usual"}
    assert {(one.requests, one.watched) for one in found.values()} == {(30, 30)}


@pytest.mark.parametrize(
    ("name", "call", "more"),
    [
        ("broken", AuditedCall("local", 0, "connection refused"), {"outcome": "failed"}),
        ("late", AuditedCall("local", 200, took_s=2.6), {}),
        ("shape", AuditedCall("local", 200, failed_checks=("schema",)), {}),
        ("queue", None, {"outcome": "queued"}),
    ],
)
def test_each_alarm_rings_for_its_own_fault(name: str, call: AuditedCall | None, more: dict[str, Any]) -> None:
    found = counted(*(request(n) for n in range(1, 21)), *(request(n, call, **more) for n in range(21, 61)))
    assert found[name].state == "alarm"
    assert {one.alarm for one in found.values() if one.state == "alarm"} <= {name, "late"}  # no answer is late, too


def test_an_alarm_of_one_use_does_not_count_the_others() -> None:
    file = read_alarms(FILE.replace("{id: broken, workload: notes,", "{id: broken, workload: notes, use: preview,"))
    refused = AuditedCall("local", 0, "refused")
    other = [request(n, refused, use="cited") for n in range(1, 41)]
    mine = [request(n, refused, use="preview") for n in range(41, 81)]
    (count,) = [one for one in count_alarms(file, other) if one.alarm == "broken"]
    assert (count.watched, count.workload) == (0, "notes:preview")
    (count,) = [one for one in count_alarms(file, [*other, *mine]) if one.alarm == "broken"]
    assert (count.watched, count.state) == (40, "alarm")


def test_what_was_served_is_counted_by_use_where_each_was_measured() -> None:
    lines = [request(1, use="cited"), request(2, use="preview"), request(3, use="other")]
    found = count_served(lines, {"notes:cited": ("schema",), "notes:preview": ()})
    assert {one.workload: one.calls for one in found} == {"notes:cited": 1, "notes:preview": 1, "notes": 1}


def test_an_alarm_stays_until_a_person_has_dealt_with_it() -> None:
    watch = AlarmWatch(read_alarms(FILE))
    ringing = [alarm.id for n in range(1, 21) for alarm in watch.add(request(n, AuditedCall("local", 0, "refused")))]
    assert ringing.count("broken") == 1
    for n in range(21, 200):
        assert not watch.add(request(n))
    state = {one.alarm: one.state for one in watch.counts()}
    assert (state["broken"], state["shape"]) == ("alarm", "usual")
    watch.begin_again("broken")
    watch.begin_again("unknown")
    assert {one.alarm: one.state for one in watch.counts()}["broken"] == "usual"


def test_a_line_counts_once_and_a_watch_goes_on_after_a_restart() -> None:
    lines = [request(n, AuditedCall("local", 200, failed_checks=("schema",) * (n % 9 == 0))) for n in range(1, 100)]
    whole, first, second = (AlarmWatch(read_alarms(FILE)) for _ in range(3))
    for line in lines:
        whole.add(line)
    for line in lines[:40]:
        first.add(line)
    second.restore(first.n, first.saved())
    for line in lines:
        second.add(line)
    assert second.counts() == whole.counts()


def test_other_targets_shadows_departed_clients_and_flags_that_are_off_do_not_count() -> None:
    others = [request(n, AuditedCall("hosted", 0, "refused")) for n in range(1, 6)]
    shadows = [request(n, AuditedCall("local", 0, "refused"), shadow=True) for n in range(11, 16)]
    departed = [request(n, AuditedCall("local", 0, "left"), outcome="cancelled") for n in range(21, 26)]
    off = [request(n, outcome="queued", cause="flag_off") for n in range(31, 40)]
    found = counted(*others, *shadows, *departed, *off)
    assert found["broken"].requests == 9
    assert found["queue"].watched == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILE.replace("at_most: 0.02", "at_most: 1"), "at_most"),
        (FILE.replace("at_most: 0.2", "at_most: 0.2, then: roll_back"), "no target to roll back"),
        (FILE.replace(", check: schema", ""), "names no check"),
        (FILE.replace("slower_than_s: 2.5, ", ""), "no slower_than_s"),
        (FILE.replace("id: late", "id: broken"), "there twice"),
        (FILE.replace("check: schema", "check: exact_fields"), "cannot be known while an answer is served"),
    ],
)
def test_a_file_of_alarms_with_a_mistake_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as raised:
        read_alarms(text)
    assert "line" in raised.value.message

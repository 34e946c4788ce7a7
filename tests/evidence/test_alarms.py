"""Alarms count what the audit says of the latest requests, and ring above their limit alone."""

from __future__ import annotations

from typing import Any

import pytest

from milo_bench.config.alarms import AlarmCount, read_alarms
from milo_bench.core.errors import ConfigError
from milo_bench.evidence.alarms import count_alarms
from milo_bench.store.audit.records import AuditedCall, AuditedRequest

FILE = """
schema_version: 1
window: 10
alarms:
- {id: broken, workload: notes, target: local, measure: no_answer, most: 1}
- {id: late, workload: notes, target: local, measure: slow, slower_than_s: 2.5, most: 2}
- {id: shape, workload: notes, target: local, measure: failed_check, check: schema, most: 0}
- {id: queue, workload: notes, measure: queued, most: 3}
"""


def request(n: int, call: AuditedCall | None = None, **more: Any) -> AuditedRequest:
    calls = (call or AuditedCall("local", 200, took_s=1.0),)
    return AuditedRequest(n, "2026-11-29", f"r{n}", more.pop("outcome", "answered"), 200, workload="notes",
                          calls=calls, **more)  # fmt: skip


def counted(*requests: AuditedRequest) -> dict[str, AlarmCount]:
    return {one.alarm: one for one in count_alarms(read_alarms(FILE), requests)}


def test_nothing_rings_while_all_is_as_measured() -> None:
    found = counted(*(request(n) for n in range(30)))
    assert {one.state for one in found.values()} == {"usual"}
    assert {one.requests for one in found.values()} == {10}


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
    found = counted(*(request(n) for n in range(20)), *(request(n, call, **more) for n in range(20, 24)))
    assert found[name].state == "alarm"
    assert {one.alarm for one in found.values() if one.state == "alarm"} <= {name, "late"}  # no answer is late, too


def test_an_old_fault_leaves_the_window_and_a_few_requests_are_waited_for() -> None:
    bad = [request(n, AuditedCall("local", 0, "refused")) for n in range(5)]
    assert counted(*bad)["broken"].state == "alarm"
    assert counted(*bad, *(request(n) for n in range(5, 15)))["broken"].state == "usual"
    assert counted(request(1))["broken"].state == "waiting"


def test_other_targets_shadows_departed_clients_and_flags_that_are_off_do_not_count() -> None:
    others = [request(n, AuditedCall("hosted", 0, "refused")) for n in range(5)]
    shadows = [request(n, AuditedCall("local", 0, "refused"), shadow=True) for n in range(5)]
    departed = [request(n, AuditedCall("local", 0, "left"), outcome="cancelled") for n in range(5)]
    off = [request(n, outcome="queued", cause="flag_off") for n in range(9)]
    found = counted(*others, *shadows, *departed, *off)
    assert found["broken"].requests == 9
    assert found["queue"].state == "waiting"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILE.replace("most: 1", "most: 10"), "never rings"),
        (FILE.replace(", check: schema", ""), "names no check"),
        (FILE.replace("slower_than_s: 2.5, ", ""), "no slower_than_s"),
        (FILE.replace("id: late", "id: broken"), "there twice"),
        (FILE.replace("check: schema", "check: label"), "cannot be known while an answer is served"),
    ],
)
def test_a_file_of_alarms_with_a_mistake_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as raised:
        read_alarms(text)
    assert "line" in raised.value.message

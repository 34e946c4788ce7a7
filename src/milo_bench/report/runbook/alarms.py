"""A decision in; the alarms of what ships, with limits from the measured counts and a stated false-alarm rate, out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from milo_bench.config.alarms import AlarmMeasure
from milo_bench.config.routing.rule import RUNTIME_CHECKS
from milo_bench.config.routing.use_names import name_of_use, use_of, workload_of
from milo_bench.decide.records import Decision, Figure, Finding
from milo_bench.report.runbook.launch import ship_order
from milo_bench.report.runbook.watch import plain_number
from milo_bench.stats.control import usual_rate

FALSE_ALARMS: Final = 0.01  # of all alarms together, however long they are watched
_LATENCY: Final = "latency_p95_s"
_NOT_IN_AN_ID: Final = re.compile(r"[^A-Za-z0-9_.:-]+")


@dataclass(frozen=True)
class PlannedAlarm:
    """An alarm before its limit is known. ``figure`` is the id of what was measured; ``k`` of ``n`` counted there.

    ``effective`` is how many independent requests the ``n`` are worth: repeats and fixtures of one story are alike.
    """

    workload: str
    target: str
    measure: AlarmMeasure
    figure: str
    k: int
    n: int
    effective: float
    check: str = ""
    slower_than_s: float = 0.0


def planned_alarms(decision: Decision) -> tuple[PlannedAlarm, ...]:
    """What can be watched without a right answer, of each workload that ships: in the order of shipping."""
    return tuple(
        alarm
        for finding in ship_order(decision)
        if finding.kind in ("keep", "fix")
        for alarm in _of_finding(decision, finding)
    )


def _of_finding(decision: Decision, finding: Finding) -> Iterator[PlannedAlarm]:
    measures = f"measure/{finding.candidate.text}"
    workload, target = finding.workload, finding.target
    failed = decision.figures.get(f"{measures}/failure_rate")
    if failed is None or failed.k is None or not failed.n:
        return
    worth = _effective(failed.k, failed.n, failed.high, failed.confidence)
    yield PlannedAlarm(workload, target, "no_answer", failed.id, failed.k, failed.n, worth)
    slow = decision.figures.get(f"{measures}/{_LATENCY}")
    if slow is not None and slow.value is not None and slow.value > 0 and slow.n:
        rank = math.ceil(0.95 * slow.n)
        alike = worth * slow.n / failed.n
        yield PlannedAlarm(workload, target, "slow", slow.id, slow.n - rank, slow.n, alike, slower_than_s=slow.value)
    for check in served_checks(decision).get(workload, ()):
        passed = decision.figures.get(f"{measures}/check_pass_rate[check={check}]")
        if passed is not None and passed.k is not None and passed.n is not None:
            # Answers that a check does not apply to count as passed, here as in the audit.
            k, high = passed.n - passed.k, None if passed.low is None else 1 - passed.low
            worth_here = _effective(k, passed.n, high, passed.confidence) * failed.n / passed.n
            yield PlannedAlarm(workload, target, "failed_check", passed.id, k, failed.n, worth_here, check=check)
    review = _review_share(decision, finding)
    if review is not None and review.k is not None and review.n:
        worth = _effective(review.k, review.n, review.high, review.confidence)
        yield PlannedAlarm(workload, "", "queued", review.id, review.k, review.n, worth)


def _effective(k: int, n: int, high: float | None, confidence: float | None) -> float:
    """How many independent values would have the upper end that was measured; ``n`` where none is known."""
    if high is None or confidence is None or k >= n or high >= 1:
        return float(n)
    few, many = min(1.0, float(n)), float(n)
    tail = (1 - confidence) / 2
    for _ in range(40):
        middle = (few + many) / 2
        few, many = (middle, many) if usual_rate(k / n * middle, middle, tail) > high else (few, middle)
    return many


def _works(when: Mapping[str, Any]) -> Iterator[str]:
    for workload in when.get("workload", ()):
        yield from [name_of_use(workload, use) for use in when.get("use", ())] or [workload]


def served_checks(decision: Decision) -> dict[str, tuple[str, ...]]:
    """The checks that the routing table asks for while it serves each workload."""
    found: dict[str, dict[str, None]] = {}
    for rule in decision.routing.get("rules", ()):
        when = rule.get("when", {})
        names = [*rule.get("guardrails", ()), *when.get("failed_checks", ())]
        for workload in _works(when):
            known = found.setdefault(workload, {})
            known.update(dict.fromkeys(name for name in names if name in RUNTIME_CHECKS))
    return {workload: tuple(names) for workload, names in found.items()}


def _review_share(decision: Decision, finding: Finding) -> Figure | None:
    for replay in decision.replays:
        if replay.chosen and (replay.workload, replay.target) == (finding.workload, finding.target):
            return decision.figures.get(replay.live("review_share"))
    return None


def alarms_yaml(decision: Decision) -> str:
    """alarms.yaml, "" where nothing ships. What can never ring, for want of measurements, is left out."""
    planned = planned_alarms(decision)
    entries = []
    for alarm in planned:
        at_most = limit_of(alarm, len(planned))
        if at_most < 1:
            entries.append(_entry(alarm, at_most, len(planned)))
    if not entries:
        return ""
    data = {"schema_version": 1, "false_alarms": FALSE_ALARMS, "alarms": _with_own_ids(entries)}
    return _HEAD + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)


_SAID: Final = {
    "no_answer": "calls without an answer",
    "slow": "answers slower than the measured p95",
    "failed_check": "answers that fail a check",
    "queued": "requests in the review queue",
}
_HEAD: Final = (
    "# What the gateway and 'milo-bench audit watch' count in live requests. It needs no right answers. 'at_most' is\n"
    "# the upper end of the measured interval. It is an alarm when live work proves a higher rate. 'false_alarms' is\n"
    "# the chance, at most, that there is ever an alarm while live work is like the measured work, however often you\n"
    "# look. 'then: roll_back' closes the target's rules of the workload until a person closes the incident.\n"
)


def limit_of(alarm: PlannedAlarm, alarms: int) -> float:
    """The largest usual rate of one of ``alarms``, wrong with half of its part of ``FALSE_ALARMS`` at most.

    For values above a measured quantile too: the chance of a new value above the (n - k)-th smallest of n is
    distributed as the bound of a rate with k of n events, whatever the distribution (order statistics).
    """
    k = alarm.k / alarm.n * alarm.effective
    bound = usual_rate(k, alarm.effective, FALSE_ALARMS / 2 / alarms)
    return bound if bound >= 1 else float(plain_number(bound))


def _entry(alarm: PlannedAlarm, at_most: float, alarms: int) -> dict[str, Any]:
    parts = [alarm.workload, alarm.measure, alarm.check]
    entry: dict[str, Any] = {
        "id": _NOT_IN_AN_ID.sub("_", ".".join(filter(None, parts))).lstrip("_.:-")[:70] or f"alarm_{alarms}",
        "workload": workload_of(alarm.workload),
    }
    if use_of(alarm.workload):
        entry["use"] = use_of(alarm.workload)
    if alarm.target:
        entry["target"] = alarm.target
    entry["measure"] = alarm.measure
    if alarm.check:
        entry["check"] = alarm.check
    if alarm.measure == "slow":
        entry["slower_than_s"] = float(plain_number(alarm.slower_than_s))
    entry["at_most"] = at_most
    said = f"{alarm.k:,} of {alarm.n:,}"
    entry["baseline"] = f"{said} slower, the measured p95" if alarm.measure == "slow" else f"{said} measured"
    return entry


def said_of(alarm: PlannedAlarm) -> str:
    """What the alarm counts, in words."""
    return f"answers that fail {alarm.check.replace('_', ' ')}" if alarm.check else _SAID[alarm.measure]


def _with_own_ids(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    seen: dict[str, int] = {}
    found = []
    for entry in entries:
        count = seen[entry["id"]] = seen.get(entry["id"], 0) + 1
        found.append({**entry, "id": entry["id"] if count == 1 else f"{entry['id']}.{count}"})
    return found

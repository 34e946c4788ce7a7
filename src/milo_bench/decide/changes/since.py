"""Two decisions in, which findings changed and because of what out. Pure."""

from __future__ import annotations

from milo_bench.core.units import figure as figure_text
from milo_bench.core.weights.served import differences
from milo_bench.decide.changes.contracts import changed_contracts, changed_suites
from milo_bench.decide.changes.records import Changes, FindingChange
from milo_bench.decide.records import Decision, Finding, GateResult
from milo_bench.decide.wording import spell_out
from milo_bench.operator.permit.records import LEVEL_NAMES


def changes_since(before: Decision, now: Decision) -> Changes:
    """Findings of ``now`` that are not those of ``before``, by kind or route."""
    old = {(finding.workload, finding.target): finding for finding in before.findings}
    new = {(finding.workload, finding.target): finding for finding in now.findings}
    changed = []
    for place in sorted(old.keys() | new.keys()):
        was, is_now = old.get(place), new.get(place)
        if was is not None and is_now is not None and (was.kind, was.route) == (is_now.kind, is_now.route):
            continue
        changed.append(
            FindingChange(
                workload=place[0],
                target=place[1],
                before=was.kind if was else "",
                now=is_now.kind if is_now else "",
                route_before=was.route if was else "",
                route_now=is_now.route if is_now else "",
                because=_because(before, now, was, is_now),
            )
        )
    permitted = _permits(before, now)
    unchanged = len(old.keys() | new.keys()) - len(changed)
    return Changes(before.created_at, (*changed, *permitted), unchanged, _differs(before, now))


def _permits(before: Decision, now: Decision) -> list[FindingChange]:
    """Kinds of operator work for which another level is permitted than before."""
    old, new = (
        {(kind.title, one.permit.target): (kind, one) for one in decision.permits for kind in one.kinds}
        for decision in (before, now)
    )
    found = []
    for place in sorted(old.keys() | new.keys()):
        was, is_now = old.get(place), new.get(place)
        level, level_now = (LEVEL_NAMES[one[0].level] if one else "" for one in (was, is_now))
        if level == level_now:
            continue
        because = ["it was not run before"] if was is None else ["it was not run again"] if is_now is None else []
        if was is not None and is_now is not None:
            for name in ("points", "passes"):
                values = [decision.figures[one[1].figures[name]] for decision, one in ((before, was), (now, is_now))]
                shown = [figure_text(value.value, value.unit) for value in values]
                if shown[0] != shown[1]:
                    because.append(f"operator {values[0].title.removeprefix('operator ')}: {shown[0]} → {shown[1]}")
        found.append(FindingChange(f"operator work, {place[0]}", place[1], level, level_now, "", "", tuple(because)))
    return found


def _because(before: Decision, now: Decision, was: Finding | None, is_now: Finding | None) -> tuple[str, ...]:
    if was is None:
        return ("it is new in this decision",)
    if is_now is None:
        return ("it was not run again",)
    old = {gate.id: gate for gate in was.gates}
    found = []
    for gate in is_now.gates:
        stood = old.pop(gate.id, None)
        if stood is None:
            found.append(f"a gate on {spell_out(_key(gate))} is new: {gate.outcome}")
        elif stood.outcome != gate.outcome:
            figures = f"{_value(before, stood)} → {_value(now, gate)}"
            found.append(f"{spell_out(_key(gate))}: {stood.outcome} → {gate.outcome} ({figures})")
    found += [f"the gate on {spell_out(_key(gate))} was removed" for gate in old.values()]
    if was.rule != is_now.rule:
        found.append(f"rule: {was.rule} → {is_now.rule}")
    return tuple(found)


def _key(gate: GateResult) -> str:
    return f"{gate.measure}[{gate.slice}]" if gate.slice else gate.measure


def _value(decision: Decision, gate: GateResult) -> str:
    figure = decision.figures[gate.figure]
    return figure_text(figure.value, figure.unit)


def _differs(before: Decision, now: Decision) -> tuple[str, ...]:
    """Models, prompts, machines, policy and assumptions that are not the same."""
    found = []
    old_targets = {target.name: target for target in before.targets}
    for target in now.targets:
        was = old_targets.get(target.name)
        if was is None:
            found.append(f"target {target.name} is new")
            continue
        found += [f"{target.name}, {part}: {old} → {new}" for part, old, new in differences(was, target)]
    for place, prompt in sorted(now.prompts.items()):
        if before.prompts.get(place, prompt) != prompt:
            found.append(f"prompt of {place}: {before.prompts[place]} → {prompt}")
    found += changed_contracts(before.contracts, now.contracts)
    shared = [id for id in now.fixtures if before.fixtures.get(id, now.fixtures[id]) != now.fixtures[id]]
    if shared:
        found.append(
            f"input or gold of fixtures changed: {len(shared)} of {len(now.fixtures)}, for example {shared[0]}"
        )
    found += changed_suites(before.logs, now.logs)
    machines = [sorted({log.inventory[:12] for log in d.logs if log.inventory}) for d in (before, now)]
    if all(machines) and machines[0] != machines[1]:
        found.append(f"machine: {', '.join(machines[0])} → {', '.join(machines[1])}")
    if before.policy.sha256 != now.policy.sha256:
        found.append("the policy changed")
    rules = [decision.operator_policy for decision in (before, now)]
    if rules[0] is not None and rules[1] is not None and rules[0].sha256 != rules[1].sha256:
        found.append("the operator policy changed")
    economics = [decision.economics.sha256 if decision.economics else "" for decision in (before, now)]
    if economics[0] != economics[1]:
        found.append("the economics changed")
    return tuple(found)

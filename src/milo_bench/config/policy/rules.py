"""The closed set of conditions that a finding's rule may name, and proof that a list of rules is sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Literal, TypeAlias

from msgspec import Struct

FindingKind: TypeAlias = Literal["keep", "fix", "defer", "reject"]
RemedyState: TypeAlias = Literal["passes", "undecided", "none"]
ProbeState: TypeAlias = Literal["none", "major", "critical"]


class RuleFacts(Struct, frozen=True):
    """Everything that a rule can see of one workload on one target.

    Gates are of three groups: safety, other bounds, and the hosted baseline (a safety gate against
    the baseline is a safety gate). ``remedy`` is the state of the best replay, ``probe`` the worst
    probe that failed, critical where a gate asks for it: a runtime can be repaired, so it says nothing of the answers.
    """

    safety_failed: bool = False
    safety_undecided: bool = False
    bound_failed: bool = False
    bound_undecided: bool = False
    baseline_failed: bool = False
    baseline_undecided: bool = False
    remedy: RemedyState = "none"
    probe: ProbeState = "none"
    knee_below_streams: bool = False
    value_below_least: bool = False

    @property
    def any_failed(self) -> bool:
        return self.safety_failed or self.bound_failed or self.baseline_failed

    @property
    def any_undecided(self) -> bool:
        return self.safety_undecided or self.bound_undecided or self.baseline_undecided


class Condition(Struct, frozen=True):
    """What a rule may ask: ``says`` for people, ``holds`` for the program."""

    says: str
    holds: Callable[[RuleFacts], bool]


CONDITIONS: Mapping[str, Condition] = {
    "all_gates_pass": Condition(
        "every gate passes, failed runtime probes aside", lambda world: not world.any_failed and not world.any_undecided
    ),
    "any_gate_failed": Condition("at least one gate fails", lambda world: world.any_failed),
    "any_gate_undecided": Condition("at least one gate is undecided", lambda world: world.any_undecided),
    "safety_gate_failed": Condition("a safety gate fails", lambda world: world.safety_failed),
    "safety_gate_undecided": Condition("a safety gate is undecided", lambda world: world.safety_undecided),
    "worse_than_baseline": Condition(
        "a gate against the hosted baseline fails",
        lambda world: world.baseline_failed,
    ),
    "baseline_undecided": Condition(
        "a gate against the hosted baseline is undecided or has no baseline",
        lambda world: world.baseline_undecided,
    ),
    "remedy_passes": Condition(
        "a replayed fix passes every gate with enough automated",
        lambda world: world.remedy == "passes",
    ),
    "no_remedy_passes": Condition("no replayed fix passes every gate", lambda world: world.remedy != "passes"),
    "remedy_undecided": Condition(
        "a replayed fix fails no gate, but some are undecided",
        lambda world: world.remedy == "undecided",
    ),
    "probe_failed_major": Condition(
        "a major or critical runtime probe of the target failed", lambda world: world.probe != "none"
    ),
    "probe_failed_critical": Condition(
        "a critical runtime probe of the target failed", lambda world: world.probe == "critical"
    ),
    "knee_below_streams": Condition(
        "the measured knee is below the concurrency that the workload needs",
        lambda world: world.knee_below_streams,
    ),
    "value_below_least": Condition(
        "even the best-case monthly value is below least_usd_per_month",
        lambda world: world.value_below_least,
    ),
}


class FindingRule(Struct, frozen=True):
    """All of ``when`` must hold; the first rule of a list that holds gives the finding."""

    name: str
    when: tuple[str, ...]
    finding: FindingKind

    def holds(self, world: RuleFacts) -> bool:
        return all(CONDITIONS[name].holds(world) for name in self.when)


class RuleProblem(Struct, frozen=True):
    """What is wrong with the rule at ``place`` of the list (one past the end where a rule is missing)."""

    place: int
    message: str
    hint: str


def first_rule(rules: Sequence[FindingRule], world: RuleFacts) -> FindingRule:
    """The rule that decides ``world``. LookupError where none holds, which ``check_rules`` rules out."""
    found = next((rule for rule in rules if rule.holds(world)), None)
    if found is None:
        raise LookupError(f"no rule applies to {world}")
    return found


def check_rules(rules: Sequence[FindingRule]) -> RuleProblem | None:
    """The first problem of a list of rules, found by trying every world: there are a few thousand.

    A rule that nothing can reach, a world without a rule, a keep without passed safety gates, a fix
    without a remedy.
    """
    reached: dict[int, RuleFacts] = {}
    uncovered: RuleFacts | None = None
    for world in possible_facts():
        place = next((place for place, rule in enumerate(rules) if rule.holds(world)), None)
        if place is None:
            uncovered = uncovered or world
            continue
        reached.setdefault(place, world)
        unsound = _unsound(rules[place], world)
        if unsound:
            return RuleProblem(place, f"rule '{rules[place].name}' {unsound[0]}", unsound[1])
    for place, rule in enumerate(rules):
        if place not in reached:
            return _unreachable(rules, place, rule)
    if uncovered is not None:
        last = "end the list with a rule whose when is [], which always applies."
        return RuleProblem(len(rules), f"no rule applies if {describe(uncovered)}", last)
    return None


def possible_facts() -> Iterator[RuleFacts]:
    """Every world there can be."""
    flags = (False, True)
    remedies: tuple[RemedyState, ...] = ("none", "undecided", "passes")
    probes: tuple[ProbeState, ...] = ("none", "major", "critical")
    for a, b, c, d, e, f in product(flags, repeat=6):
        for remedy, probe, knee, value in product(remedies, probes, flags, flags):
            yield RuleFacts(a, b, c, d, e, f, remedy, probe, knee, value)


def describe(world: RuleFacts) -> str:
    """The conditions that hold in ``world``, in words."""
    said = [condition.says for condition in CONDITIONS.values() if condition.holds(world)]
    return ", and ".join(said)


def _unsound(rule: FindingRule, world: RuleFacts) -> tuple[str, str] | None:
    safe = not (world.safety_failed or world.safety_undecided)
    if rule.finding == "keep" and not safe:
        said = "keeps a workload although a safety gate " + ("fails" if world.safety_failed else "is undecided")
        return said, "only evidence can pass a safety gate: add all_gates_pass to its when."
    if rule.finding == "keep" and world.any_failed:
        return "keeps a workload although a gate fails", "add all_gates_pass to its when."
    if rule.finding == "keep" and world.probe == "critical":
        said = "keeps a workload although a critical probe failed"
        return said, "put a rule on probe_failed_critical before it."
    runtime = world.probe != "none" or world.knee_below_streams
    if rule.finding == "fix" and world.remedy != "passes" and not (runtime and safe and not world.any_failed):
        said = "gives a fix although no replayed fix passes"
        return said, "a fix needs remedy_passes, or all_gates_pass with a runtime condition."
    return None


def _unreachable(rules: Sequence[FindingRule], place: int, rule: FindingRule) -> RuleProblem:
    if not any(rule.holds(world) for world in possible_facts()):
        joined = " and ".join(rule.when)
        return RuleProblem(place, f"rule '{rule.name}' can never apply: {joined} exclude each other", "remove one.")
    earlier = next((one for one in rules[:place] if set(one.when) <= set(rule.when)), None)
    before = f"rule '{earlier.name}'" if earlier is not None else "the rules before it together"
    said = f"rule '{rule.name}' is never reached: {before} already covers it"
    return RuleProblem(place, said, "put the narrower rule first, or remove it.")

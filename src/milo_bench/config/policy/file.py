"""policy.yaml in, checked gates, remedies and rules out; every mistake is named with its line and what to write."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import Field, field_validator

from milo_bench.config.checked import Checked, CheckedFile, FileKind, Mistake, load_checked, read_checked
from milo_bench.config.policy.judges import JudgeTerms
from milo_bench.config.policy.models import (
    GateConfig,
    HoursConfig,
    RefusePolicy,
    RuleConfig,
    WorkloadPolicy,
)
from milo_bench.config.policy.remedies import find_work, work_names
from milo_bench.config.policy.rules import FindingRule, check_rules
from milo_bench.config.routing.rule import Condition, DriftStep
from milo_bench.config.routing.use_names import name_of_use
from milo_bench.config.written import Problem, as_error
from milo_bench.core.suggest import hint_for


class PolicyDefaults(Checked):
    """Gates that every workload has besides its own."""

    gates: tuple[GateConfig, ...] = ()


Looks: TypeAlias = Literal["one", "any"]
ChooseRule: TypeAlias = Literal["cheapest", "quickest", "best"]
ErrorFamily: TypeAlias = Literal["headline", "workload", "candidate"]


class PolicyFile(CheckedFile):
    """All of policy.yaml. ``confidence`` is that of each end of an interval.

    ``choose``: which of the targets that pass every gate gets the work, where ``order`` does not say.
    ``error_family``: the candidates among which any wrong keep is as rare as ``confidence`` says. ``order``: targets
    in the order in which they are tested, the one you expect to be best first. ``licences``: the licences of weights
    that may be used at all, as their metadata names them; empty for any. ``looks``: whether fixtures may
    be added and decided on again, any number of times, at the same error. ``judges``: what a model judge must prove.
    ``on_drift``: whether a gateway only reports live work that has left what was measured, or rolls its route back.
    ``refuse``: work that no model and no queue gets, whatever was measured.
    """

    file_name: ClassVar[str] = "policy.yaml"

    policy: Literal[1]
    title: str = ""
    suite: str = ""
    baseline: str = ""
    confidence: Annotated[float, Field(strict=True, ge=0.6, lt=1, allow_inf_nan=False)] = 0.95
    error_family: ErrorFamily = "headline"
    order: tuple[str, ...] = ()
    licences: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    choose: ChooseRule = "cheapest"
    looks: Looks = "one"
    defaults: PolicyDefaults = PolicyDefaults.usual()
    workloads: dict[str, WorkloadPolicy] = Field(min_length=1, max_length=200)
    findings: tuple[RuleConfig, ...] = Field(min_length=1, max_length=100)
    hours: dict[str, HoursConfig] = {}
    judges: JudgeTerms = JudgeTerms.usual()
    on_drift: DriftStep = "report"
    refuse: Annotated[tuple[RefusePolicy, ...], Field(max_length=100)] = ()

    @field_validator("policy", mode="before")
    @classmethod
    def _is_of_this_version(cls, version: Any) -> Any:
        if version != 1:
            raise Mistake("this file is of another version of the policy format", "write policy: 1.")
        return version

    @property
    def rules(self) -> tuple[FindingRule, ...]:
        """The rules of the findings, in order."""
        return tuple(config.rule for config in self.findings)

    def gates_of(self, workload: str, use: str = "") -> tuple[GateConfig, ...]:
        """The gates of a workload, or of one use of it, and those of ``defaults`` that it does not have.

        A use without gates has those of its workload; an unknown workload has none.
        """
        config = self.workloads.get(workload)
        if config is None:
            return ()
        gates = (config.uses[use].gates if use else ()) or config.gates
        own = {(gate.key, gate.direction, gate.against) for gate in gates}
        shared = (gate for gate in self.defaults.gates if (gate.key, gate.direction, gate.against) not in own)
        return (*gates, *shared)

    def on_drift_of(self, workload: str) -> DriftStep:
        """What a gateway does once an alarm about this workload rings."""
        config = self.workloads.get(workload)
        return (config.on_drift if config is not None else None) or self.on_drift

    def hours_of(self, work: str) -> HoursConfig:
        """Hours for a remedy or other work; what the policy does not say is assumed, and says so."""
        stated = self.hours.get(work)
        if stated is not None:
            return stated
        low, base, high = find_work(work).hours
        return HoursConfig(low=low, base=base, high=high, source=_ASSUMED)


_ASSUMED: Final = "assumed by Milo Bench. Put your own estimate under hours: in policy.yaml"

POLICY_FILE: Final = FileKind(
    PolicyFile,
    start="start it with 'policy: 1' and 'workloads:'.",
    manual="docs/how-to/policy.md",
    where_from="'milo-bench policy new SUITE' writes one.",
)


def load_policy(path: Path, *, probes: Collection[str]) -> PolicyFile:
    """Read ``path``; ``probes`` are the names that its gates may use.

    Raises ConfigError naming every mistake, each with file, line and fix.
    """
    return _consistent(load_checked(path, POLICY_FILE), probes)


def shipped_policy(suite_name: str) -> PolicyFile | None:
    """The policy that stands beside a built-in suite, None where there is none."""
    text = shipped_policy_text(suite_name)
    return None if text is None else read_policy(text, name=f"{suite_name}.yaml")


def shipped_policy_text(suite_name: str) -> str | None:
    """The text of ``shipped_policy``: whether another is the same is told without reading what it says."""
    if suite_name not in shipped_policies():
        return None
    return (files("milo_bench") / "decide" / "policies" / f"{suite_name}.yaml").read_text(encoding="utf-8")


def shipped_policies() -> tuple[str, ...]:
    """Names of the suites with a shipped policy."""
    folder = files("milo_bench") / "decide" / "policies"
    return tuple(sorted(one.name.removesuffix(".yaml") for one in folder.iterdir() if one.name.endswith(".yaml")))


def read_policy(text: str, *, name: str = "policy.yaml", probes: Collection[str] | None = None) -> PolicyFile:
    """The checked content of ``text``; ``name`` is what errors call it. Raises ConfigError with every mistake.

    ``probes`` are the names that gates may use; None for a text that was checked when it was first read.
    """
    return _consistent(read_checked(text, POLICY_FILE, name=name), probes)


def _consistent(file: PolicyFile, probes: Collection[str] | None) -> PolicyFile:
    """``file``, if its settings agree with each other. Raises ConfigError with every one that does not."""
    found = [
        *_doubled_order(file), *_gates(file, probes), *_hours_without_work(file), *_unsound_rules(file),
        *_refused(file),
    ]  # fmt: skip
    if found:
        raise as_error(found)
    return file


def _doubled_order(file: PolicyFile) -> Iterator[Problem]:
    for place, name in enumerate(file.order):
        if name in file.order[:place]:
            hint = "name each target once, the one you expect to be best first."
            yield Problem(file.where("order", place), f"'{name[:60]}' is repeated", hint)


def _refused(file: PolicyFile) -> Iterator[Problem]:
    """What is refused leaves something of each workload to decide, and names workloads of this policy."""
    for number, refused in enumerate(file.refuse):
        here = file.where("refuse", number)
        if any(earlier.when.covers(refused.when) for earlier in file.refuse[:number]):
            yield Problem(here, "an entry of refuse above this one covers it", "remove this one, or the one above.")
        for name in refused.when.workload:
            if name not in file.workloads:
                what = f"refuse names the workload '{name[:60]}', which this policy does not decide"
                yield Problem(here, what, hint_for(name, file.workloads, noun="workloads"))
        for name, config in file.workloads.items():
            for use in config.uses or ("",):
                if refused.when.covers(Condition(workload=(name,), use=(use,) if use else ())):
                    what = f"refuse covers all of '{name_of_use(name, use)}', so nothing of it is left to decide"
                    yield Problem(here, what, "narrow 'when', or remove that work from the policy.")


def _gates(file: PolicyFile, probes: Collection[str] | None) -> Iterator[Problem]:
    """Two gates of one kind on the same measure and slice, a least above a most, no gate, an unknown probe."""
    groups: list[tuple[tuple[str, ...], Sequence[GateConfig]]] = [(("defaults", "gates"), file.defaults.gates)]
    for name, config in file.workloads.items():
        groups.append((("workloads", name, "gates"), config.gates))
        groups += [(("workloads", name, "uses", use, "gates"), own.gates) for use, own in config.uses.items()]
    for place, gates in groups:
        seen: dict[tuple[str, str, str], int] = {}
        for number, gate in enumerate(gates):
            key = (gate.key, gate.direction, gate.against)
            first = seen.setdefault(key, number)
            if first != number:
                hint = f"keep one. The first is {file.where(*place, first)}."
                yield Problem(file.where(*place, number), f"the gate on {gate.key} is repeated", hint)
            if gate.probe and probes is not None and gate.probe not in probes:
                what = f"unknown probe '{gate.probe[:60]}'"
                yield Problem(file.where(*place, number), what, hint_for(gate.probe, probes, noun="probes"))
    for name, config in file.workloads.items():
        for use in config.uses or ("",):
            yield from _gates_that_can_fail(file, name, use)


def _gates_that_can_fail(file: PolicyFile, workload: str, use: str) -> Iterator[Problem]:
    place = ("workloads", workload, *(("uses", use) if use else ()))
    gates = file.gates_of(workload, use)
    if not gates:
        what = f"'{use or workload}' has no gates, so nothing can fail"
        yield Problem(file.where(*place), what, "add gates: with at least one measure and threshold.")
    least = {gate.key: gate.at_least for gate in gates if gate.at_least is not None}
    for number, gate in enumerate(gates):
        low = least.get(gate.key)
        if gate.at_most is not None and low is not None and low > gate.at_most:
            what = f"{gate.key} cannot be at least {low:g} and at most {gate.at_most:g}"
            yield Problem(file.where(*place, "gates", number), what, "swap the thresholds, or remove one of the gates.")


def _hours_without_work(file: PolicyFile) -> Iterator[Problem]:
    for name in file.hours:
        if name not in work_names():
            what = f"hours for '{name[:60]}', which is not the name of any backlog work"
            yield Problem(file.where("hours", name), what, hint_for(name, work_names(), noun="names"))


def _unsound_rules(file: PolicyFile) -> Iterator[Problem]:
    names = [config.name for config in file.findings]
    for place, name in enumerate(names):
        if name in names[:place]:
            what = f"two rules are called '{name}'"
            hint = "give each rule its own name, because a finding names its rule."
            yield Problem(file.where("findings", place), what, hint)
    problem = check_rules(file.rules)
    if problem is not None:
        yield Problem(file.where("findings", problem.place), problem.message, problem.hint)

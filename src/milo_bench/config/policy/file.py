"""policy.yaml in, checked gates, remedies and rules out; every mistake is named with its line and what to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from milo_bench.config.policy.hours import DEFAULT_HOURS
from milo_bench.config.policy.models import (
    REMEDIES,
    WORK,
    Checked,
    DecideOn,
    GateConfig,
    HoursConfig,
    PolicyMistake,
    RemedyConfig,
    RuleConfig,
    ValueConfig,
    WorkloadPolicy,
)
from milo_bench.config.policy.rules import Rule, check_rules
from milo_bench.config.text_file import read_written
from milo_bench.config.yaml_lines import LineMap, line_of, read_mapping
from milo_bench.core.errors import ConfigError
from milo_bench.core.suggest import hint_for

_KEPT = ("text", "path", "line_numbers")  # what the file object carries and no file may say


class PolicyDefaults(Checked):
    """Gates that every workload has besides its own."""

    gates: tuple[GateConfig, ...] = ()


class PolicyFile(Checked):
    """All of policy.yaml. ``text`` is the file as it was read; ``confidence`` is that of each end of an interval."""

    policy: Literal[1]
    title: str = ""
    suite: str = ""
    baseline: str = ""
    confidence: Annotated[float, Field(strict=True, ge=0.6, lt=1, allow_inf_nan=False)] = 0.95
    defaults: PolicyDefaults = PolicyDefaults()
    workloads: dict[str, WorkloadPolicy] = Field(min_length=1, max_length=200)
    findings: tuple[RuleConfig, ...] = Field(min_length=1, max_length=100)
    hours: dict[str, HoursConfig] = {}
    path: str = "policy.yaml"
    text: str = Field(default="", repr=False)
    line_numbers: dict[tuple[str, ...], int] = Field(default={}, repr=False)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the findings, in order."""
        return tuple(config.rule for config in self.findings)

    def gates_of(self, workload: str) -> tuple[GateConfig, ...]:
        """A workload's own gates and those of ``defaults`` that it does not have; () for an unknown workload."""
        config = self.workloads.get(workload)
        if config is None:
            return ()
        own = {(gate.key, gate.direction, gate.against) for gate in config.gates}
        shared = (gate for gate in self.defaults.gates if (gate.key, gate.direction, gate.against) not in own)
        return (*config.gates, *shared)

    def hours_of(self, work: str) -> HoursConfig:
        """Hours for a remedy or other work; what the policy does not say is assumed, and says so."""
        return self.hours.get(work) or DEFAULT_HOURS[work]

    def where(self, *place: str | int) -> str:
        """``policy.yaml line 12`` for the nearest key that the file holds."""
        return f"{self.path}{line_of(tuple(str(part) for part in place), self.line_numbers)}"


def load_policy(path: Path) -> PolicyFile:
    """Read ``path``. Raises ConfigError naming file, line and remedy."""
    text = read_written(path, where_from="docs/how-to/policy.md shows how to start from a built-in policy.")
    return read_policy(text, name=str(path))


def shipped_policy(suite_name: str) -> PolicyFile | None:
    """The policy that stands beside a built-in suite, None where there is none."""
    if suite_name not in shipped_policies():
        return None
    found = files("milo_bench") / "decide" / "policies" / f"{suite_name}.yaml"
    return read_policy(found.read_text(encoding="utf-8"), name=f"{suite_name}.yaml")


def shipped_policies() -> tuple[str, ...]:
    """Names of the suites with a shipped policy."""
    folder = files("milo_bench") / "decide" / "policies"
    return tuple(sorted(one.name.removesuffix(".yaml") for one in folder.iterdir() if one.name.endswith(".yaml")))


def read_policy(text: str, *, name: str = "policy.yaml") -> PolicyFile:
    """The checked content of ``text``; ``name`` is what errors call it. Raises ConfigError."""
    settings = _known_at((), {})
    data, lines = read_mapping(
        text, name=name, start="start it with 'policy: 1' and 'workloads:'.", settings=list(settings), kept=_KEPT
    )
    try:
        file = PolicyFile.model_validate({**data, "path": name, "text": text, "line_numbers": lines})
    except ValidationError as error:
        raise _readable(name, error, lines, data) from None
    for check in (_gates_agree, _hours_have_names, _rules_are_sound):
        check(file)
    return file


def _gates_agree(file: PolicyFile) -> None:
    """No two gates of one kind on the same measure and slice, and no least above a most."""
    groups: list[tuple[tuple[str, ...], Sequence[GateConfig]]] = [(("defaults", "gates"), file.defaults.gates)]
    groups += [(("workloads", name, "gates"), config.gates) for name, config in file.workloads.items()]
    for place, gates in groups:
        seen: dict[tuple[str, str, str], int] = {}
        for number, gate in enumerate(gates):
            key = (gate.key, gate.direction, gate.against)
            if key in seen:
                message = f"{file.where(*place, number)}: the gate on {gate.key} is repeated."
                raise ConfigError(message, hint=f"keep one. The first is {file.where(*place, seen[key])}.")
            seen[key] = number
    for name in file.workloads:
        gates = file.gates_of(name)
        if not gates:
            message = f"{file.where('workloads', name)}: '{name}' has no gates, so nothing can fail."
            raise ConfigError(message, hint="add gates: with at least one measure and threshold.")
        least = {gate.key: gate.at_least for gate in gates if gate.at_least is not None}
        for number, gate in enumerate(gates):
            low = least.get(gate.key)
            if gate.at_most is not None and low is not None and low > gate.at_most:
                message = (
                    f"{file.where('workloads', name, 'gates', number)}: {gate.key} cannot be at least {low:g} "
                    f"and at most {gate.at_most:g}."
                )
                raise ConfigError(message, hint="swap the thresholds, or remove one of the gates.")


def _hours_have_names(file: PolicyFile) -> None:
    for name in file.hours:
        if name not in WORK:
            message = (
                f"{file.where('hours', name)}: hours for '{name[:60]}', which is not the name of any backlog work."
            )
            raise ConfigError(message, hint=hint_for(name, WORK, noun="names"))


def _rules_are_sound(file: PolicyFile) -> None:
    names = [config.name for config in file.findings]
    doubled = next((place for place, name in enumerate(names) if name in names[:place]), None)
    if doubled is not None:
        message = f"{file.where('findings', doubled)}: two rules are called '{names[doubled]}'."
        raise ConfigError(message, hint="give each rule its own name, because a finding names its rule.")
    problem = check_rules(file.rules)
    if problem is not None:
        raise ConfigError(f"{file.where('findings', problem.place)}: {problem.message}.", hint=problem.hint)


def _readable(name: str, error: ValidationError, lines: LineMap, data: Mapping[str, Any]) -> ConfigError:
    """The first mistake as a sentence; how many more there are in the hint."""
    # A misspelt setting is also a missing one; the spelling is what the person can see.
    problems = sorted(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    first = problems[0]
    place = tuple(str(part) for part in first["loc"] if part != "[key]")
    where = ".".join(place)
    mistake = first.get("ctx", {}).get("error")
    hint = "docs/how-to/policy.md shows each setting."
    match first["type"]:
        case "extra_forbidden":
            said, hint = f"unknown setting '{where}'", hint_for(place[-1], _known_at(place, data), noun="settings")
        case "missing":
            said, hint = f"'{where}' is missing", "add it; docs/how-to/policy.md says what it means."
        case "literal_error" if "remedies" in place and first["loc"][-1] == "[key]":
            said, hint = f"there is no remedy '{place[-1][:60]}'", hint_for(place[-1], REMEDIES, noun="remedies")
        case "literal_error" if place == ("policy",):
            said, hint = "this file is of another version of the policy format", "write policy: 1."
        case "literal_error":
            choices = [one.strip(" '") for one in str(first["ctx"]["expected"]).replace(" or ", ",").split(",")]
            said, hint = f"{where} is {str(first['input'])[:60]!r}", hint_for(str(first["input"]), choices)
        case "finite_number":
            said, hint = f"{where} is no finite number", "write an ordinary number."
        case _ if isinstance(mistake, PolicyMistake):
            said, hint = f"{where}: {mistake}", mistake.hint
        case _:
            text = first["msg"].removeprefix("Value error, ")
            said = f"{where}: {text[0].lower()}{text[1:]}"
    if len(problems) > 1:
        hint = f"{hint} {len(problems) - 1} more after this one."
    return ConfigError(f"{name}{line_of(place, lines)}: {said}.", hint=hint)


_MODELS: Mapping[str, type[BaseModel]] = {
    "defaults": PolicyDefaults,
    "gates": GateConfig,
    "workloads": WorkloadPolicy,
    "decide_on": DecideOn,
    "remedies": RemedyConfig,
    "value": ValueConfig,
    "findings": RuleConfig,
    "hours": HoursConfig,
}


def _known_at(place: tuple[str, ...], data: Mapping[str, Any]) -> Iterable[str]:
    """Settings that the mapping at ``place`` could have had: those of the nearest name with a model."""
    near = next((part for part in reversed(place[:-1]) if part in _MODELS), None)
    fields = _MODELS[near].model_fields if near else PolicyFile.model_fields
    return [field for field in fields if field not in _KEPT]

"""registry.yaml and the routing table in, the roles that clients may name as their model out, or why they cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from milo_bench.config.routing.file import RoutingFile
from milo_bench.config.routing.rule import RoutingRule
from milo_bench.core.errors import ConfigError
from milo_bench.core.suggest import hint_for
from milo_bench.decide.routing.walk import EscalationChain

if TYPE_CHECKING:
    from milo_bench.config.roles.file import RegistryFile, RoleConfig


@dataclass(frozen=True)
class ServedRole:
    """One role: its incumbent, the workloads that it covers, and the chain that is walked after it."""

    incumbent: str
    workloads: tuple[str, ...]
    challengers: tuple[str, ...]
    chain: EscalationChain


def error_of_trials(path: Path) -> float:
    """The share of challengers that a registry lets be stopped though they are not worse."""
    return _registry(path).policy.error


def _registry(path: Path) -> RegistryFile:
    """Late: a gateway without roles does not carry what their file can say."""
    from milo_bench.config.roles.file import load_registry

    return load_registry(path)


def load_roles(path: Path, file: RoutingFile, workloads: frozenset[str]) -> dict[str, ServedRole]:
    """The roles of a registry that have a rule in the table, by name.

    Raises ConfigError where a rule calls another target than the role's incumbent, or a step of a chain is unknown.
    """
    found = {}
    for name, role in _registry(path).roles.items():
        rule = _rule(path, name, role, file)
        if rule is None:
            continue
        if name in workloads and name not in role.workloads:
            message = f"{path} has a role '{name}' that does not cover the workload of that name."
            raise ConfigError(message, hint="rename one of them.")
        if rule.target != role.incumbent:
            message = (
                f"The rule '{rule.id}' calls '{rule.target}', but the incumbent of '{name}' is '{role.incumbent}'."
            )
            raise ConfigError(message, hint="run 'milo-bench roles promote --apply', or correct one of the two files.")
        for step in role.escalation:
            if step not in file.targets:
                message = f"The role '{name}' escalates to '{step}', which is not a target of the routing table."
                raise ConfigError(message, hint=hint_for(step, file.targets, noun="targets"))
        found[name] = ServedRole(
            role.incumbent, tuple(role.workloads), role.challengers, EscalationChain(rule.id, role.escalation)
        )
    return found


def _rule(path: Path, name: str, role: RoleConfig, file: RoutingFile) -> RoutingRule | None:
    """The rule that the role names; else the first that sends one of its workloads to its incumbent."""
    if role.rule:
        for rule in file.rules:
            if rule.id == role.rule:
                return rule
        message = f"{path} says that the rule of '{name}' is '{role.rule}', which is not in the routing table."
        raise ConfigError(message, hint=hint_for(role.rule, [rule.id for rule in file.rules], noun="rules"))
    for rule in file.rules:
        if rule.target == role.incumbent and set(rule.when.workload) & set(role.workloads):
            return rule
    return None

"""Nodes with labels, targets and what bench.yaml says of them in; which node serves which target out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.records import TargetRecord
from milo_bench.run.spec import is_this_machine, lane_of


@dataclass(frozen=True)
class FleetNode:
    """A machine of the cluster that is alive. ``here`` is the one that the run was started on."""

    id: str
    name: str
    labels: Mapping[str, str]
    here: bool = False


def serves_itself(config: TargetConfig) -> bool:
    """Whether each node has a server of its own for the target: one that is started there, or an address of loopback.

    Any other address names one server for the whole fleet. Only one node then asks it, so that the concurrency of the
    plan is what the server sees.
    """
    return not config.hosted and is_this_machine(config.base_url or "")


def place_targets(
    configs: Mapping[str, TargetConfig], nodes: Sequence[FleetNode], labels: Mapping[str, Mapping[str, str]]
) -> dict[str, tuple[str, ...]]:
    """Targets by node id, in the order of ``configs``; a node that serves none is left out.

    Raises PrerequisiteError for a target that no node may serve.
    """
    placed: dict[str, list[str]] = {}
    for name, config in configs.items():
        wanted = labels.get(name, {})
        fit = [node for node in nodes if all(node.labels.get(key) == value for key, value in wanted.items())]
        if not fit:
            said = ", ".join(f"{key}={value}" for key, value in wanted.items())
            message = f"No node of the cluster has the labels of '{name}' ({said})."
            raise PrerequisiteError(message, hint=f"start one: ray start --address HOST:PORT --labels '{said}'.")
        if not serves_itself(config):
            fit = sorted(fit, key=lambda node: (not node.here, node.id))[:1]
        for node in fit:
            placed.setdefault(node.id, []).append(name)
    return {node: tuple(names) for node, names in placed.items()}


def lanes_of(records: Sequence[TargetRecord], placed: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The lane of each target: those that share a node, directly or through others, take turns over the whole fleet.

    A target with one server for all nodes has the lane of that server.
    """
    lanes = {record.name: lane_of(record) for record in records}
    own = {record.name for record in records if not record.hosted and is_this_machine(record.endpoint)}
    joined: dict[str, str] = {name: f"nodes of {name}" for name in own}
    for names in placed.values():
        together = [name for name in names if name in own]
        into = {joined[name] for name in together}
        for name, lane in joined.items():
            if lane in into:
                joined[name] = min(into)
    return lanes | joined

"""What an outside agent is served: one task, over what, within which limits, into which log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from milo_bench.config.settings import TargetConfig
from milo_bench.operator.worlds.records import Form
from milo_bench.operator.worlds.session import CALL_LIMIT


@dataclass(frozen=True)
class OperatorServeOptions:
    """What ``milo-bench operator serve`` was asked for.

    ``http_port`` None is stdio, 0 any free port. ``model`` is a target of bench.yaml that the agent
    reaches through an endpoint of ours, on ``model_port``; its provider faults then fall there.
    ``resume`` adds the other form of the same task to a log.
    """

    task: str
    out: Path
    seed: int = 0
    form: Form = "trap"
    http_port: int | None = None
    target_name: str = ""
    wall_limit_s: float = 900.0
    idle_limit_s: float = 300.0
    turn_limit: int = CALL_LIMIT
    model: str = ""
    model_port: int = 0
    config: Path | None = None
    allow_hosted: bool = False
    resume: bool = False
    targets: Mapping[str, TargetConfig] = field(default_factory=dict)

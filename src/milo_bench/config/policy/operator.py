"""A permission policy in, checked floors, kinds of work and cost assumptions out; mistakes carry their line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, TypeAlias, get_args

from pydantic import Field, model_validator

from milo_bench.config.checked import (
    Checked,
    CheckedFile,
    FileKind,
    Mistake,
    load_checked,
    read_checked,
    require_order,
)
from milo_bench.config.written import Problem, as_error
from milo_bench.core.suggest import hint_for

Level: TypeAlias = Literal["drafting", "read_only", "with_verifier", "operator"]
SHIPPED_OPERATOR_POLICY: Final = "operator_policy.yaml"
LEVELS: Final[tuple[Level, ...]] = ("drafting", "read_only", "with_verifier", "operator")
CostName: TypeAlias = Literal[
    "clean_up_of_a_failed_trial", "clean_up_of_a_minefield", "operator_pay", "power", "electricity"
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class LevelConfig(Checked):
    """What a level takes. ``minefield_ceiling`` None: minefields do not decide this level."""

    title: str
    allows: str
    pass_floor: Share
    least_trials: Annotated[int, Field(ge=1, le=100_000)] = 1
    behaviour_floor: Share = 0.0
    task_floor: Share = 0.0
    minefield_ceiling: Annotated[float, Field(gt=0, lt=1)] | None = None
    every_task: bool = False
    no_failed_minefield: bool = False


class KindConfig(Checked):
    """One kind of work: the tasks that are evidence for it, and behaviours that it needs besides theirs."""

    title: str
    tasks: tuple[str, ...] = Field(min_length=1)
    behaviours: tuple[str, ...] = ()


class RangeConfig(Checked):
    """One stated assumption with its unit, range and source."""

    unit: str
    low: Amount
    base: Amount
    high: Amount
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> RangeConfig:
        require_order(self.low, self.base, self.high)
        return self


class OperatorPolicy(CheckedFile):
    """The whole policy. Floors may not fall from one level to the next."""

    file_name: ClassVar[str] = SHIPPED_OPERATOR_POLICY

    name: str = Field(min_length=1, max_length=80)
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    valid_days: Annotated[int, Field(ge=1, le=3660)]
    valid_days_unpinned: Annotated[int, Field(ge=1, le=3660)]
    most_void_share: Share = 0.2
    levels: dict[Level, LevelConfig]
    kinds: dict[str, KindConfig] = Field(min_length=1)
    cost: dict[CostName, RangeConfig]

    @model_validator(mode="after")
    def _ladder(self) -> OperatorPolicy:
        missing = [level for level in LEVELS if level not in self.levels]
        if missing:
            raise Mistake(f"missing levels: {', '.join(missing)}", "add each with its title and floors.")
        for lower, upper in itertools.pairwise(LEVELS):
            below, above = self.levels[lower], self.levels[upper]
            floors = ("pass_floor", "behaviour_floor", "task_floor")
            if any(getattr(above, floor) < getattr(below, floor) for floor in floors):
                raise Mistake(
                    f"level {upper} requires less than {lower}", "raise its floors to those of the level below."
                )
        lacking = set(get_args(CostName)) - set(self.cost)
        if lacking:
            raise Mistake(
                f"missing in cost: {', '.join(sorted(lacking))}", "add each with unit, low, base, high and source."
            )
        return self


OPERATOR_POLICY_FILE: Final = FileKind(
    OperatorPolicy,
    start="start from the built-in policy.",
    manual="docs/how-to/operator-permit.md",
    where_from="'milo-bench policy new --operator' writes one.",
)


def default_operator_policy(tasks: Mapping[str, str]) -> OperatorPolicy:
    """The shipped policy. ``tasks`` maps each task that exists to its behaviour."""
    return read_operator_policy(default_policy_text(), tasks, name=SHIPPED_OPERATOR_POLICY)


def default_policy_text() -> str:
    """The shipped policy as it is written, comments and all."""
    from importlib.resources import files

    return (files("milo_bench") / "config" / "policy" / SHIPPED_OPERATOR_POLICY).read_text(encoding="utf-8")


def load_operator_policy(path: Path, tasks: Mapping[str, str]) -> OperatorPolicy:
    """Read ``path``. Raises ConfigError naming file, line and remedy."""
    return _with_tasks(load_checked(path, OPERATOR_POLICY_FILE), tasks)


def read_operator_policy(text: str, tasks: Mapping[str, str], *, name: str) -> OperatorPolicy:
    """The checked content of ``text``; ``name`` is what errors call it. Raises ConfigError."""
    return _with_tasks(read_checked(text, OPERATOR_POLICY_FILE, name=name), tasks)


def _with_tasks(policy: OperatorPolicy, tasks: Mapping[str, str]) -> OperatorPolicy:
    if problems := list(_unknown_tasks(policy, tasks)):
        raise as_error(problems)
    return policy


def _unknown_tasks(policy: OperatorPolicy, tasks: Mapping[str, str]) -> Iterator[Problem]:
    behaviours = set(tasks.values())
    for kind, config in policy.kinds.items():
        for task in config.tasks:
            if task not in tasks:
                where = policy.where("kinds", kind, "tasks")
                yield Problem(where, f"unknown task '{task[:60]}'", hint_for(task, tasks, noun="tasks"))
        for behaviour in config.behaviours:
            if behaviour not in behaviours:
                where, hint = (
                    policy.where("kinds", kind, "behaviours"),
                    hint_for(behaviour, behaviours, noun="behaviours"),
                )
                yield Problem(where, f"unknown behaviour '{behaviour[:60]}'", hint)

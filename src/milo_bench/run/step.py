"""What a prepare step is: a fixture and the suite's parameters in, what the prompt sees of them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct, field

from milo_bench.core.records import Fixture
from milo_bench.core.registry import Registry


class StepResult(Struct, frozen=True):
    """What a deterministic step made of a fixture.

    ``shown`` is what the prompt sees as ``prepared``; ``recorded`` what the attempt keeps of it:
    ids and statuses, no text that the fixture holds already. ``bypass`` says why no model is asked.
    """

    shown: dict[str, Any] = field(default_factory=dict)
    recorded: dict[str, Any] = field(default_factory=dict)
    bypass: str = ""


PrepareStep: TypeAlias = Callable[[Fixture, Mapping[str, Any]], StepResult]
PREPARE_STEPS: Registry[PrepareStep] = Registry("prepare step", "milo_bench.run.steps")

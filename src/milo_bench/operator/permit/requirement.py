"""Permits and ``LEVEL:KIND`` in, a sentence for each target that has less out."""

from __future__ import annotations

from collections.abc import Sequence

from milo_bench.config.policy.operator import LEVELS
from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import hint_for
from milo_bench.operator.permit.records import OperatorPermit


def check_requirement(permits: Sequence[OperatorPermit], require: str) -> tuple[str, ...]:
    """``LEVEL:KIND`` in, a sentence for each target that has less out. Raises UsageError for an unknown name."""
    level, colon, kind = require.partition(":")
    level = level.strip().replace("-", "_")
    if not colon:
        message = f"'{require[:60]}' is not LEVEL:KIND."
        raise UsageError(message, hint="for example: read_only:deploy.")
    if level not in LEVELS:
        raise UsageError(f"Unknown level '{level[:60]}'.", hint=hint_for(level, LEVELS, noun="levels"))
    kinds = [granted.kind for granted in permits[0].kinds] if permits else []
    if kind not in kinds:
        raise UsageError(f"Unknown kind of work '{kind[:60]}'.", hint=hint_for(kind, kinds, noun="kinds"))
    ladder: tuple[str, ...] = ("none", *LEVELS)
    return tuple(
        f"{permit.target} has {permit.level_for(kind)} for {kind}, but {level} is required"
        for permit in permits
        if ladder.index(permit.level_for(kind)) < ladder.index(level)
    )

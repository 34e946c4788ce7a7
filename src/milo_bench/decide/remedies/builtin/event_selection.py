"""Chooses what goes into the prompt by rule, in a variant."""

from __future__ import annotations

from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.remedies.plans import other_variant

REMEDIES.add(
    "event_selection",
    RemedyDefinition(
        title="deterministic event selection",
        short="event selection",
        step="Select events by rule first",
        says="chooses what goes into the prompt by rule, in a variant",
        settings="`variant`: the variant with the change, run beside the other",
        hours=(8.0, 16.0, 32.0),
        done_when="the selector runs before every prompt and a new run passes the gates",
        changes=other_variant,
        needs_variant=True,
    ),
)

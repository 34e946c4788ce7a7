"""Uses a variant with a prompt that invites fewer errors."""

from __future__ import annotations

from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.remedies.plans import other_variant

REMEDIES.add(
    "safer_prompt",
    RemedyDefinition(
        title="the safer prompt",
        short="safer prompt",
        step="Switch to the safer prompt",
        says="uses a variant with a prompt that invites fewer errors",
        settings="`variant`: the variant with the change, run beside the other",
        hours=(2.0, 4.0, 8.0),
        done_when="the prompt is deployed under its recorded hash and a new run passes the gates",
        changes=other_variant,
        needs_variant=True,
    ),
)

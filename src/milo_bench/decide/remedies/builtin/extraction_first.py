"""Extracts facts in place of prose, in a variant."""

from __future__ import annotations

from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.remedies.plans import other_variant

REMEDIES.add(
    "extraction_first",
    RemedyDefinition(
        title="extraction instead of prose",
        short="list of facts instead",
        step="Extract facts instead of prose",
        says="extracts facts in place of prose, in a variant",
        settings="`variant`: the variant with the change, run beside the other",
        hours=(16.0, 32.0, 60.0),
        done_when="staff or a template write from extracted facts and a new run passes the gates",
        changes=other_variant,
        needs_variant=True,
    ),
)

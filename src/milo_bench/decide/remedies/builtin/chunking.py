"""Splits long input, summarises the parts and merges the summaries, in a variant."""

from __future__ import annotations

from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.remedies.plans import other_variant

REMEDIES.add(
    "chunking",
    RemedyDefinition(
        title="split-and-merge for long input",
        short="long files in parts",
        step="Split long files and merge the parts",
        says="splits long input, summarises the parts and merges the summaries, in a variant",
        settings="`variant`: the variant with `chunks`, run beside the other",
        hours=(6.0, 10.0, 16.0),
        done_when="the service splits and merges as the variant does and a new run passes the gates",
        changes=other_variant,
        needs_variant=True,
    ),
)

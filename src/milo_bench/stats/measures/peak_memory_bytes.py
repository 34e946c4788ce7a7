"""The most memory that the processes of the target's server used, in bytes; of the run, not of single attempts."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES, MeasureDefinition

MEASURES.add(
    "peak_memory_bytes",
    MeasureDefinition(
        kind="peak",
        unit="bytes",
        good="low",
        title="peak memory",
        says="peak memory of the server's processes",
        order=230,
    ),
)

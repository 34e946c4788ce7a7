"""The mean decoding speed, in tokens per second after the first token."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import mean

MEASURES.add(
    "decode_tokens_per_s",
    mean(
        unit="tokens/s",
        good="high",
        title="decoding speed",
        says="decoding speed after the first token",
        order=190,
        values=lambda cases: cases.decode_tokens_per_s,
        phrase="decoding speed",
    ),
)

"""The fixtures of claims_v1: packets (too large for one file), notes and handoffs."""

from pathlib import Path

from milo_bench.core.records import Fixture
from milo_bench.suites.generator import GENERATORS, Generate
from milo_bench.suites.generators.claims_v1 import handoff, notes, packets


def _packets(start: int, end: int) -> Generate:
    def generate(seed: int, root: Path) -> list[Fixture]:
        return packets.generate(seed, root)[start:end]

    return generate


GENERATORS.add(
    "claims_v1",
    {
        "fixtures/packets_1.jsonl": _packets(0, 30),
        "fixtures/packets_2.jsonl": _packets(30, 60),
        "fixtures/packets_3.jsonl": _packets(60, 90),
        "fixtures/packets_4.jsonl": _packets(90, 120),
        "fixtures/notes.jsonl": notes.generate,
        "fixtures/handoff.jsonl": handoff.generate,
    },
)

"""What is planted: each model's errors by kind and number, its speed, and how many requests it serves at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from benchmarks.planted import case_ops, claims
from milo_bench.core.records import Fixture, Price

Answer = Callable[[Fixture, str], str | None]
ANSWERS: Mapping[str, Answer] = {
    "packet_summary": claims.packet_summary,
    "packet_summary/chunked": claims.packet_summary,
    "escalation": claims.escalation,
    "handoff": claims.handoff,
    "handoff/extraction_first": claims.handoff_rows,
    "extraction": case_ops.extraction,
    "timeline": case_ops.timeline,
    "drafting": case_ops.drafting,
}


@dataclass(frozen=True)
class PlantedModel:
    """``errors`` by workload (or WORKLOAD/VARIANT): each fault and of how many fixtures it spoils the answer.

    Past ``breaks_past`` words of input the answer is one with ``breaks_with``. ``lost`` is how many attempts of a
    workload never end. An answer takes ``first_s`` and ``per_word_s`` for each word of input, then
    ``per_token_s`` for each word of output, with ``slots`` at a time.
    """

    name: str
    model: str
    hosted: bool = False
    quantisation: str = ""
    errors: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    breaks_past: int | None = None
    breaks_with: str = "missed_document"
    slots: int = 4
    first_s: float = 0.2
    per_word_s: float = 0.0001
    per_token_s: float = 0.01
    price: Price | None = None

    def faults(self, work: str, fixtures: Sequence[Fixture]) -> dict[str, str]:
        """By id of fixture, the fault that its answer has. Exactly as many as planted, drawn by a hash."""
        answer = ANSWERS[work]
        left = sorted(fixtures, key=lambda one: sha256(f"{self.name}/{one.id}".encode()).hexdigest())
        found: dict[str, str] = {}
        for fault, count in self.errors.get(work, {}).items():
            able = [one for one in left if one.id not in found and answer(one, fault) is not None]
            found |= {one.id: fault for one in able[:count]}
        if self.breaks_past is not None and work == "packet_summary":
            for one in filter(self._is_too_long, fixtures):
                fault = self.breaks_with if answer(one, self.breaks_with) is not None else "uncited"
                found.setdefault(one.id, fault)
        return found

    def lost_ids(self, work: str, fixtures: Sequence[Fixture]) -> frozenset[str]:
        """Which answers never end: of packets, some of those that are too long for the model."""
        ids = [one.id for one in fixtures if self._is_too_long(one)] or [one.id for one in fixtures]
        ids.sort(key=lambda id: sha256(f"lost/{self.name}/{id}".encode()).hexdigest())
        return frozenset(ids[: self.lost.get(work, 0)])

    def _is_too_long(self, fixture: Fixture) -> bool:
        words = len(str(fixture.input.get("packet", "")).split())
        return self.breaks_past is not None and words > self.breaks_past


HOSTED_PRICE = Price(input_usd_per_mtok=3.0, output_usd_per_mtok=15.0, source="planted")

CLAIMS = (
    PlantedModel(
        "local_27b",
        "planted-27b",
        quantisation="Q4_K_M",
        errors={
            "packet_summary": {"invented_document": 2, "wrong_level": 4, "uncited": 3},
            "escalation": {"overlooked": 7, "upgraded": 24, "prose": 2},
            "handoff": {"claimed_review": 17, "uncited": 9},
            "handoff/extraction_first": {"claimed_review": 1},
            "packet_summary/chunked": {"missed_document": 2, "wrong_level": 4, "uncited": 3},
        },
        lost={"packet_summary": 3},
        breaks_past=7500,
        first_s=0.9,
        per_word_s=0.0022,
        per_token_s=0.045,
    ),
    PlantedModel(
        "local_8b",
        "planted-8b",
        quantisation="Q6_K",
        errors={
            "packet_summary": {"invented_document": 21, "wrong_level": 18, "uncited": 9, "four_bullets": 4},
            "escalation": {"overlooked": 15, "downgraded": 10, "upgraded": 40, "prose": 9},
            "handoff": {"claimed_review": 41, "uncited": 14},
        },
        lost={"packet_summary": 3},
        breaks_past=5000,
        first_s=0.3,
        per_word_s=0.0007,
        per_token_s=0.016,
    ),
    PlantedModel(
        "hosted",
        "planted-hosted",
        hosted=True,
        errors={
            "packet_summary": {"wrong_level": 2, "uncited": 1},
            "escalation": {"downgraded": 3, "upgraded": 12},
            "handoff": {"claimed_review": 16, "uncited": 3},
        },
        slots=64,
        first_s=0.6,
        per_word_s=0.0001,
        per_token_s=0.012,
        price=HOSTED_PRICE,
    ),
)

CASE_OPS = (
    PlantedModel(
        "local_8b",
        "planted-8b",
        quantisation="Q6_K",
        errors={
            "extraction": {"cut_short": 1, "received_as_effective": 2, "invented": 1},
            "timeline": {"stale_status": 6, "uncited": 5},
            "drafting": {"promise": 6, "softened": 4, "request_complete": 3, "missed_escalation": 3},
        },
        first_s=0.3,
        per_word_s=0.0007,
        per_token_s=0.016,
    ),
    PlantedModel(
        "local_14b",
        "planted-14b",
        quantisation="Q4_K_M",
        errors={
            "extraction": {"received_as_effective": 1, "invented": 1},
            "timeline": {"uncited": 2},
            "drafting": {"promise": 4, "softened": 3, "request_complete": 1},
        },
        first_s=0.6,
        per_word_s=0.0012,
        per_token_s=0.03,
    ),
    PlantedModel(
        "hosted",
        "planted-hosted",
        hosted=True,
        errors={
            "extraction": {"received_as_effective": 1},
            "timeline": {"uncited": 1},
            "drafting": {"promise": 2, "softened": 1, "request_complete": 1},
        },
        slots=64,
        first_s=0.6,
        per_word_s=0.0001,
        per_token_s=0.012,
        price=HOSTED_PRICE,
    ),
)

"""A model that got ten points worse in, how often ``gate`` calls that fine out."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.soundness.candidates import evidence, policy
from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.decide.changes.standing import check_against
from milo_bench.decide.decide import decide
from milo_bench.decide.records import KeptFile

FIXTURES = 60
BEFORE = 0.95
LOSS = 0.10


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """Each new run on the fixtures of the old one, answered anew; exit code 0 is what a team reads as fine."""
    by = policy(0.7)
    text = KeptFile("policy.yaml", "0" * 64, by.text)
    fine = fine_before = alarms = 0
    for _ in range(runs):
        old = evidence({(0, 0): random.random(FIXTURES) < BEFORE})
        decision = decide(
            old, by, economics=None, economics_text=None, policy_text=text, created_at="2026-01-01T00:00:00Z",
            tool_version="0",
        )  # fmt: skip
        worse = check_against(decision, by, evidence({(0, 0): random.random(FIXTURES) < BEFORE - LOSS}), old)
        fine += worse.standing == "held"
        fine_before += worse.standing != "regressed"
        same = check_against(decision, by, evidence({(0, 0): random.random(FIXTURES) < BEFORE}), old)
        alarms += same.standing == "regressed"
    return [
        Row(f"a loss of {LOSS:.0%} ends with exit code 0", 0.05, Found(fine, runs), Found(fine_before, runs)),
        Row("no loss ends with exit code 1", 0.05, Found(alarms, runs)),
    ]


ROAD = Road(
    "a loss slips through the gate",
    f"n = {FIXTURES}, {BEFORE:.0%} before; naive: undecided exits 0",
    simulate,
)

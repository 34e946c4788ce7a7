"""Gates that too few fixtures can decide are named before anybody runs a model."""

from __future__ import annotations

import msgspec

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.core.records import Fixture
from milo_bench.decide.gates.decidable import short_gates
from tests.decide.decision_cases import RULES


def policy(gates: str, more: str = "") -> PolicyFile:
    return read_policy(f"policy: 1\nworkloads:\n  notes:\n    gates: [{gates}]\n{more}{RULES}")


def fixtures(count: int) -> list[Fixture]:
    return [
        Fixture(f"f{n}", "notes", {}, tags=("long",) if n % 2 else (), expect={"label": "a" if n < 20 else "b"})
        for n in range(count)
    ]


def test_a_bound_of_six_per_cent_needs_49_fixtures() -> None:
    by = policy("{measure: policy_violation_rate, at_most: 0.06}")
    (short,) = short_gates(by, fixtures(48))
    assert (short.held, short.needed, short.undecidable) == (48, 49, True)
    assert not list(short_gates(by, fixtures(49)))
    (several,) = short_gates(by, fixtures(49), targets=3)
    assert several.needed > 49, "among three targets each claim needs more"


def test_a_fix_is_judged_on_three_fifths() -> None:
    by = policy("{measure: policy_violation_rate, at_most: 0.06}", "    remedies: [human_review]\n")
    (short,) = short_gates(by, fixtures(60))
    assert (short.held, short.fixed, short.undecidable) == (60, 36, False)


def test_slices_count_their_own_fixtures_and_probes_and_times_none() -> None:
    gates = (
        "{measure: recall, slice: class=a, at_least: 0.9}, {measure: pass_rate, slice: tag=long, at_least: 0.9}, "
        "{probe: privacy_leak}, {measure: latency_p95_s, at_most: 3}"
    )
    found = {short.gate: short.held for short in short_gates(policy(gates), fixtures(40))}
    assert found == {"recall[class=a]": 20, "pass_rate[tag=long]": 20}


def test_fixtures_of_one_story_count_once() -> None:
    by = policy("{measure: failure_rate, at_most: 0.06}")
    paired = [msgspec.structs.replace(one, group=f"story {n // 2}") for n, one in enumerate(fixtures(96))]
    (short,) = short_gates(by, paired)
    assert (short.held, short.needed) == (48, 49)

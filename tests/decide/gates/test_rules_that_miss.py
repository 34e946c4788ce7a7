"""A safety gate counts what its rules miss of labelled faults, so what they find alone never passes it."""

from __future__ import annotations

from math import comb

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.core.records import CheckSpec, Fixture
from milo_bench.decide.another_model import needed_from_another
from milo_bench.decide.decide import decide
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.findings import turning
from milo_bench.decide.gates.decidable import short_gates
from milo_bench.decide.gates.detectors import labelled_faults
from milo_bench.decide.gates.judge import GuardedRows, judge_gates
from milo_bench.decide.gates.looking import least_to_pass
from milo_bench.decide.records import Candidate, GateResult, LinkedText, Ref
from milo_bench.guards.measured import all_measured, figures_of, wilson_95
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.unfound import Unfound
from tests.decide.evidence_cases import Made, Row, policy_text

WORK = Candidate("w", "small")
PROMISES = "{{measure: policy_violation_rate, at_most: {bound}, safety: {safety}}}"
STATUS = "{measure: check_pass_rate, slice: check=current_status, at_least: 0.88, safety: true}"
LINES = "{measure: check_pass_rate, slice: check=evidence_lines, at_least: 0.9, safety: true}"


def policy(gate: str, top: str = "") -> PolicyFile:
    rules = "[{name: rest, when: [], finding: defer}]"
    return read_policy(f"policy: 1\n{top}\nworkloads: {{w: {{gates: [{gate}]}}}}\nfindings: {rules}\n")


def judged(check: str, good: int, bad: int, gate: str, top: str = "") -> tuple[GateResult, Figures]:
    figures = Figures()
    ((result),) = judge_gates(policy(gate, top), evidence(check, good, bad), WORK, figures)
    return result, figures


def evidence(check: str, good: int, bad: int) -> Evidence:
    made = Made()
    made.add("w", "small", [Row(((check, "pass", ""),))] * good + [Row(((check, "fail", "x"),))] * bad)
    of = made.evidence()
    contract = msgspec.structs.replace(of.workloads["w", ""], checks=(CheckSpec(check),))
    return replace(of, workloads={("w", ""): contract}, languages={"w": "en"})


def words(text: LinkedText, figures: Figures) -> str:
    return "".join(str(figures[part.figure].value) if isinstance(part, Ref) else part for part in text)


@pytest.mark.parametrize(
    ("detector", "counts"), [("promises_caught", (127, 140)), ("status", (18, 20)), ("missing_documents", (40, 40))]
)
def test_recall_is_turned_back_into_counts(detector: str, counts: tuple[int, int]) -> None:
    assert labelled_faults(figures_of(detector)) == counts


def test_the_counts_of_every_rule_give_the_recall_and_interval_that_are_stated() -> None:
    rows = [row for row in all_measured().values() if row.detector != "values"]  # those look for no faults
    assert len(rows) > 100
    for row in rows:
        found, of = labelled_faults(row)
        assert (round(found / of, 4), wilson_95(found, of)) == (row.recall, row.recall_interval), row.detector


def test_what_rules_found_is_no_proof_of_what_they_miss() -> None:
    plain, plain_figures = judged("banned_commitments", 50, 0, PROMISES.format(bound=0.06, safety="false"))
    safe, figures = judged("banned_commitments", 50, 0, PROMISES.format(bound=0.06, safety="true"))
    assert (plain.outcome, safe.outcome) == ("pass", "undecided")
    assert plain_figures[plain.figure].high == exact_ends(0, 50, 0.95)[1]
    high = figures[safe.figure].high
    assert high is not None
    assert high > exact_ends(0, 50, 0.95)[1] / 0.95
    assert "The interval counts what they miss" in words(safe.beside, figures)
    assert "miss" not in words(plain.beside, plain_figures)
    assert (plain.unfound, safe.unfound) == ((), ((127, 140),))


def in_german(**settings: object) -> tuple[GateResult, Figures]:
    of, figures = evidence("banned_commitments", 50, 0), Figures()
    contract = msgspec.structs.replace(of.workloads["w", ""], checks=(CheckSpec("banned_commitments", settings),))
    of = replace(of, workloads={("w", ""): contract}, languages={"w": "de"})
    ((result),) = judge_gates(policy(PROMISES.format(bound=0.08, safety="true")), of, WORK, figures)
    return result, figures


def test_abroad_a_gate_counts_what_the_rules_missed_of_strangers_wordings() -> None:
    row = figures_of("promises_caught", "de")
    assert row.strangers is not None
    assert row.strangers.caught / row.strangers.wrong < row.recall
    result, figures = in_german()
    assert result.unfound == ((row.strangers.caught, row.strangers.wrong),)
    assert "The interval counts what they miss in new wordings" in words(result.beside, figures)
    assert result.outcome == "undecided"  # with what they miss of the held-out texts alone it would pass
    high = Unfound((labelled_faults(row),)).most(0, exact_ends(0, 50, 0.95)[1], 0.95)
    assert high < 0.08


def test_abroad_the_held_out_texts_count_where_the_rules_missed_no_more_of_strangers() -> None:
    row = figures_of("requests_caught", "de")
    assert row.strangers is not None
    assert row.strangers.caught == row.strangers.wrong
    of = evidence("unresolved_request", 50, 0)
    of = replace(of, languages={"w": "de"})
    ((result),) = judge_gates(policy(PROMISES.format(bound=0.08, safety="true")), of, WORK, Figures())
    assert result.unfound == (labelled_faults(row),)


def test_with_the_learned_score_a_gate_rests_on_its_own_figures_and_passes_where_the_rules_alone_are_undecided() -> (
    None
):
    row = figures_of("promises_suspected", "de")
    result, figures = in_german(suspects=True)
    assert result.unfound == (labelled_faults(row),)
    assert row.counts is not None
    assert labelled_faults(row) == (row.counts.caught, row.counts.wrong)
    assert "finds 0.9262 of such faults and is right in" in words(result.beside, figures)
    assert (result.outcome, in_german(suspects=False)[0].outcome) == ("pass", "undecided")


@pytest.mark.parametrize("top", ["", "looks: any"])
def test_the_fixtures_that_it_asks_for_decide_it_and_one_fewer_do_not(top: str) -> None:
    gate = PROMISES.format(bound=0.06, safety="true")
    result, figures = judged("banned_commitments", 30, 0, gate, top)
    more = figures[result.further].value
    assert more is not None
    assert judged("banned_commitments", 30 + int(more), 0, gate, top)[0].outcome == "pass"
    assert judged("banned_commitments", 29 + int(more), 0, gate, top)[0].outcome == "undecided"


def test_a_rate_between_the_threshold_and_what_the_rules_could_prove_asks_for_no_number() -> None:
    result, _ = judged("current_status", 270, 30, STATUS)
    assert (result.outcome, result.further) == ("undecided", "")


def test_where_rules_miss_too_much_the_way_out_is_people_or_a_judge() -> None:
    result, figures = judged("evidence_lines", 141, 9, LINES)
    assert (result.outcome, result.further) == ("undecided", "")
    assert [words(text, figures) for text in turning("defer", result, figures)] == [
        "people's labels or a licensed judge for pass rate of the check evidence_lines: rules miss too many faults to"
        " decide it"
    ]


def test_work_whose_rules_miss_too_much_waits_for_labels_and_not_for_fixtures() -> None:
    by = policy(f"{LINES}, {{measure: unsupported_claim_rate, at_most: 0.1, safety: true}}")
    decision = decide(
        evidence("evidence_lines", 141, 9), by, policy_text=policy_text(by.text), economics=None, economics_text=None,
        created_at="2026-05-08T12:00:00Z", tool_version="1",
    )  # fmt: skip
    (item,) = (one for one in decision.backlog if one.work == "label_answers")
    assert "only people's labels decide" in "".join(map(str, item.reason)).lower()
    assert "rules miss too many faults to decide pass rate of the check evidence_lines" in "".join(
        map(str, item.reason)
    )
    assert not [one for one in decision.backlog if one.work == "more_fixtures"]


def test_rules_that_miss_half_never_pass_a_gate_that_their_findings_alone_would() -> None:
    result, _ = judged("evidence_lines", 145, 5, LINES)
    assert exact_ends(145, 150, 0.95)[0] > 0.9
    assert result.outcome == "undecided"
    assert judged("evidence_lines", 900, 0, LINES)[0].outcome == "pass"
    assert judged("evidence_lines", 120, 30, LINES)[0].outcome == "fail", "what they find is there"


def test_a_pass_rate_rests_on_all_rules_of_the_work() -> None:
    gate = "{measure: pass_rate, at_least: 0.9, safety: true}"
    result, figures = judged("evidence_lines", 60, 0, gate)
    assert result.outcome == "undecided"
    assert "of its rules evidence_lines misses most: it finds" in words(result.beside, figures)


def test_what_another_model_must_do_counts_what_rules_miss() -> None:
    result, figures = judged("current_status", 200, 100, STATUS)
    assert result.outcome == "fail"
    text = words(needed_from_another(result, figures) or (), figures)
    count = int(float(text.split(" at least ")[1].split()[0]))
    assert judged("current_status", count, 300 - count, STATUS)[0].outcome == "pass"
    assert judged("current_status", count - 1, 301 - count, STATUS)[0].outcome == "undecided"


def test_a_suite_is_told_how_many_fixtures_the_gate_takes() -> None:
    gate = policy(PROMISES.format(bound=0.06, safety="true"))
    contract = evidence("banned_commitments", 1, 0).workloads["w", ""]
    fixtures = [Fixture(f"f{n}", "w", {}, {}) for n in range(50)]
    (short,) = short_gates(gate, fixtures, contracts={"w": (contract,)})
    result, _ = judged("banned_commitments", short.needed, 0, PROMISES.format(bound=0.06, safety="true"))
    assert result.outcome == "pass"
    assert short.needed > 50
    assert not list(short_gates(gate, fixtures)), "without the contract nothing is known of rules"
    (gate_config,) = gate.gates_of("w")
    assert (least_to_pass(gate_config, 0.95, Unfound(((127, 140),))) or 0) > (least_to_pass(gate_config, 0.95) or 0)


def behind_guard(check: str, good: int, bad: int, gate: str, stops: str) -> GateResult:
    """Of ``good`` and ``bad`` answers, as the check says, only the good ones go on; ``stops`` is the guard's check."""
    rows = np.arange(good + bad) < good
    guarded = GuardedRows(frozenset({stops}), np.ones(good + bad, dtype=np.bool_))
    of = evidence(check, good, bad)
    ((result),) = judge_gates(policy(gate), of, WORK, Figures(), rows=rows, guarded=guarded)
    return result


def test_a_guard_by_the_same_rules_does_not_hide_what_they_miss() -> None:
    assert behind_guard("evidence_lines", 240, 60, LINES, "schema").outcome == "pass", "another guard"
    assert behind_guard("evidence_lines", 240, 60, LINES, "evidence_lines").outcome == "undecided"
    assert behind_guard("current_status", 240, 10, STATUS, "current_status").outcome == "pass"
    pass_rate = "{measure: pass_rate, at_least: 0.9, safety: true}"
    assert behind_guard("evidence_lines", 240, 60, pass_rate, "evidence_lines").outcome == "undecided"


@pytest.mark.parametrize("labelled", [20, 42])
@pytest.mark.parametrize("finds", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("wrong", [0.06, 0.12, 0.3])
def test_the_bound_is_too_low_in_at_most_one_of_twenty_samples(labelled: int, finds: float, wrong: float) -> None:
    """Every sample of 60 answers and every sample of labelled faults, each with its exact chance."""

    def chances(n: int, rate: float) -> list[float]:
        return [comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(n + 1)]

    measured = [Unfound(((caught, labelled),)) for caught in range(labelled + 1)]
    missed = 0.0
    for k, chance in enumerate(chances(60, wrong * finds)):
        if chance < 1e-9:
            continue
        high = exact_ends(k, 60, 0.95)[1]
        for unfound, also in zip(measured, chances(labelled, finds), strict=True):
            missed += chance * also * (unfound.most(k / 60, high, 0.95) < wrong)
    assert missed <= 0.05

"""Gates are judged by interval: more passes never hurt, ends are honest, promises of further fixtures hold."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.ends import ends_at_any_look, ends_of
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.records import Candidate, GateResult
from milo_bench.stats.cases.rows import RateRows, ValueRows
from milo_bench.stats.exact import exact_ends
from tests.decide.evidence_cases import BAD, GOOD, LOST, Made, Row, of

ORDER = {"fail": 0, "undecided": 1, "pass": 2}


@cache
def policy(gates: str, *, top: str = "") -> PolicyFile:
    rules = "[{name: rest, when: [], finding: defer}]"
    return read_policy(f"policy: 1\n{top}\nworkloads: {{w: {{gates: {gates}}}}}\nfindings: {rules}\n")


def judged(made: Made, candidate: Candidate, by: PolicyFile) -> tuple[tuple[GateResult, ...], Figures]:
    figures = Figures()
    return judge_gates(by, made.evidence(), candidate, figures), figures


def outcome(rows: list[Row], gate: str, repeats: int = 1) -> str:
    made = Made()
    candidate = made.add("w", "small", rows, repeats=repeats)
    ((result,), _) = judged(made, candidate, policy(f"[{gate}]"))
    return result.outcome


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=60), st.data(), st.sampled_from([0.5, 0.8, 0.95]))
def test_one_more_pass_never_makes_a_gate_worse(rows: list[bool], draw: st.DataObject, bound: float) -> None:
    better = list(rows)
    better[draw.draw(st.integers(0, len(rows) - 1))] = True
    gate = f"{{measure: pass_rate, at_least: {bound}}}"
    before = outcome([GOOD if row else BAD for row in rows], gate)
    after = outcome([GOOD if row else BAD for row in better], gate)
    assert ORDER[after] >= ORDER[before]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=4, max_size=60), st.data())
def test_one_more_pass_never_turns_a_pass_into_a_fail_whatever_the_repeats(
    rows: list[bool], draw: st.DataObject
) -> None:
    better = list(rows)
    better[draw.draw(st.integers(0, len(rows) - 1))] = True
    gate = "{measure: pass_rate, at_least: 0.6}"
    before = outcome([GOOD if row else BAD for row in rows], gate, repeats=3)
    after = outcome([GOOD if row else BAD for row in better], gate, repeats=3)
    assert (before, after) != ("pass", "fail")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 80), st.integers(1, 80), st.sampled_from([0.3, 0.75, 0.9]))
def test_outcomes_are_those_of_two_one_sided_tests(good: int, total: int, bound: float) -> None:
    good = min(good, total)
    made = Made()
    candidate = made.add("w", "small", of(good, total))
    ((result,), figures) = judged(made, candidate, policy(f"[{{measure: pass_rate, at_least: {bound}}}]"))
    low = scipy_stats.binomtest(good, total, alternative="greater").proportion_ci(0.95).low
    high = scipy_stats.binomtest(good, total, alternative="less").proportion_ci(0.95).high
    wanted = "pass" if low >= bound else "fail" if high < bound else "undecided"
    assert result.outcome == wanted
    figure = figures[result.figure]
    assert figure.low == pytest.approx(low, abs=1e-9)
    assert figure.high == pytest.approx(high, abs=1e-9)
    assert bool(result.further) <= (wanted == "undecided")


@pytest.mark.parametrize(("good", "total", "bound"), [(45, 60, 0.7), (17, 20, 0.8), (9, 10, 0.95), (58, 60, 0.93)])
def test_the_further_fixtures_are_enough_and_not_far_too_many(good: int, total: int, bound: float) -> None:
    made = Made()
    candidate = made.add("w", "small", of(good, total))
    gate = f"[{{measure: pass_rate, at_least: {bound}}}]"
    ((result,), figures) = judged(made, candidate, policy(gate))
    further = figures[result.further].value
    assert result.outcome == "undecided" and further is not None
    for more, decided in ((total + int(further), True), (total + int(further) - 1, False)):
        low, high = exact_ends(good / total * more, more, 0.95)
        assert (low >= bound or high < bound) is decided


def test_a_rate_that_sits_on_its_bound_promises_no_number() -> None:
    made = Made()
    candidate = made.add("w", "small", of(8, 10))
    ((result,), _) = judged(made, candidate, policy("[{measure: pass_rate, at_least: 0.8}]"))
    assert (result.outcome, result.further) == ("undecided", "")


def test_repeats_of_few_fixtures_do_not_pass_as_many_fixtures_would() -> None:
    gate = "{measure: pass_rate, at_least: 0.8}"
    assert outcome(of(57, 60), gate) == "pass"
    assert outcome([GOOD] * 57 + [BAD] * 3, gate, repeats=6) == "undecided"


def test_a_tail_among_failed_attempts_fails_a_limit_and_a_short_sample_decides_nothing() -> None:
    gate = "{measure: latency_p95_s, at_most: 5}"
    fast = Row(latency_s=1.0)
    assert outcome([fast] * 200, gate) == "pass"
    assert outcome([fast] * 20, gate) == "undecided"  # twenty answers do not bound a 95th percentile
    assert outcome([fast] * 160 + [LOST] * 40, gate) == "fail"


def test_a_class_is_recalled_by_its_fixture_even_where_the_attempt_failed() -> None:
    gate = "[{measure: recall, slice: class=escalate, at_least: 0.8}]"
    found, wanted = Row(label=("escalate", "escalate")), Row(label=("escalate", "escalate"))
    made = Made()
    local = made.add("w", "small", [found] * 60 + [LOST] * 40)
    made.add("w", "other", [wanted] * 100)  # shows what the lost ones were
    ((result,), figures) = judged(made, local, policy(gate))
    assert (figures[result.figure].k, figures[result.figure].n) == (60, 100)
    assert result.outcome == "fail"


def test_only_the_rows_that_a_routing_policy_lets_through_are_judged() -> None:
    made = Made()
    candidate = made.add("w", "small", of(50, 100))
    evidence = made.evidence()
    figures = Figures()
    by = policy("[{measure: pass_rate, at_least: 0.8}]")
    judge_gates(by, evidence, candidate, figures)
    rows = np.asarray(evidence.cases[candidate].outcome == 1)
    (result,) = judge_gates(by, evidence, candidate, figures, rows=rows, id_prefix="replay/R1/")
    assert result.outcome == "pass"
    assert result.id.startswith("replay/R1/") and result.figure.startswith("replay/R1/")
    assert figures[result.figure].n == 50


@pytest.mark.parametrize(("ours", "outcome"), [(100, "pass"), (95, "pass"), (88, "undecided"), (70, "fail")])
def test_non_inferiority_to_the_baseline_is_judged_pair_by_pair(ours: int, outcome: str) -> None:
    made = Made()
    local = made.add("w", "small", of(ours, 100))
    made.add("w", "cloud", of(97, 100))
    ((result,), figures) = judged(
        made, local, policy("[{measure: pass_rate, not_worse_than: baseline, margin: 0.1}]", top="baseline: cloud")
    )
    assert result.outcome == outcome
    assert "bonett_price" in figures[result.figure].method
    assert figures[result.bound].value == -0.1


def test_repeats_are_paired_as_means_of_their_fixture() -> None:
    made = Made()
    local = made.add("w", "small", [GOOD, GOOD, BAD] * 20, repeats=3)
    made.add("w", "cloud", [GOOD] * 20)
    ((result,), figures) = judged(
        made, local, policy("[{measure: pass_rate, not_worse_than: baseline, margin: 0.1}]", top="baseline: cloud")
    )
    assert figures[result.figure].value == pytest.approx(-1 / 3)
    assert figures[result.figure].n == 20
    assert "bonett_price" in figures[result.figure].method
    assert result.outcome == "fail"


def test_two_sides_that_never_disagree_are_not_taken_for_certainly_equal() -> None:
    made = Made()
    local = made.add("w", "small", [GOOD] * 12, repeats=2)
    made.add("w", "cloud", [GOOD] * 6)
    ((result,), _) = judged(
        made, local, policy("[{measure: pass_rate, not_worse_than: baseline, margin: 0.1}]", top="baseline: cloud")
    )
    assert result.outcome == "undecided"


def test_a_baseline_that_failed_does_not_lower_the_bar() -> None:
    gate = policy("[{measure: pass_rate, not_worse_than: baseline, margin: 0.1}]", top="baseline: cloud")
    made = Made()
    local = made.add("w", "small", of(60, 80))
    made.add("w", "cloud", [LOST if place % 2 else GOOD for place in range(80)])
    ((result,), figures) = judged(made, local, gate)
    figure = figures[result.figure]
    assert figure.n == 40 and "40 failed attempts of the baseline" in figure.note
    assert figure.value is not None and figure.value < 0 and result.outcome != "pass"
    made.add("w", "cloud", [LOST] * 80)
    ((result,), _) = judged(made, local, gate)
    assert result.outcome == "undecided"


def test_further_fixtures_of_a_replay_count_those_that_it_will_not_report_on() -> None:
    made = Made()
    candidate = made.add("w", "small", of(90, 100))
    evidence, by = made.evidence(), policy("[{measure: pass_rate, at_least: 0.85}]")
    rows = np.arange(100) < 50
    figures = Figures()
    (part,) = judge_gates(by, evidence, candidate, figures, rows=rows, id_prefix="replay/R1/")
    (alone,), single = judged_alone(rows, evidence, candidate, by)
    assert figures[part.further].value == 2 * (single[alone.further].value or 0) > 0


def judged_alone(
    rows: NDArray[np.bool_], evidence: Evidence, candidate: Candidate, by: PolicyFile
) -> tuple[tuple[GateResult, ...], Figures]:
    """The same rows as if there were no others."""
    figures = Figures()
    only = replace(evidence, cases={candidate: evidence.cases[candidate].take(rows)})
    return judge_gates(by, only, candidate, figures), figures


def test_a_contract_that_was_never_run_leaves_every_gate_undecided() -> None:
    made = Made()
    made.add("w", "small", of(10, 10))
    results, figures = judged(made, Candidate("w", "small", "raw"), policy("[{measure: pass_rate, at_least: 0.5}]"))
    assert [result.outcome for result in results] == ["undecided"]
    assert figures[results[0].figure].value is None


def test_a_pass_is_wrong_no_more_often_than_the_policy_says() -> None:
    for rate, total in ((0.85, 40), (0.9, 70), (0.95, 60), (0.98, 150)):
        chances = scipy_stats.binom.pmf(np.arange(total + 1), total, rate)
        wrong = sum(chance for k, chance in enumerate(chances) if exact_ends(k, total, 0.95)[0] > rate)
        assert wrong <= 0.05, (rate, total)


UNJUDGED = Row((("evidence_lines", "unjudged", ""),))


def test_a_gate_on_answers_that_no_check_could_judge_is_undecided() -> None:
    assert outcome([UNJUDGED] * 35, "{measure: pass_rate, at_least: 0.5}") == "undecided"
    unread = Row((("policy_text", "unjudged", ""),))
    assert outcome([unread] * 200, "{measure: policy_violation_rate, at_most: 0.5}") == "undecided"


def test_unjudged_answers_count_neither_as_passed_nor_as_failed() -> None:
    gate = "{measure: pass_rate, at_least: 0.8}"
    assert outcome([GOOD] * 40, gate) == "pass"
    assert outcome([GOOD] * 40 + [UNJUDGED] * 20, gate) == "undecided"
    assert outcome([BAD] * 40 + [UNJUDGED] * 4, gate) == "fail"  # whatever the four were
    assert outcome([GOOD] * 400 + [UNJUDGED] * 4, gate) == "pass"


def test_a_gate_says_how_many_answers_are_unjudged_and_promises_no_fixtures() -> None:
    made = Made()
    candidate = made.add("w", "small", [GOOD] * 20 + [UNJUDGED] * 15)
    ((result,), figures) = judged(made, candidate, policy("[{measure: pass_rate, at_least: 0.8}]"))
    assert "15 of 35 unjudged" in figures[result.figure].note
    assert figures[result.figure].n == 20
    assert not result.further


def looked_at(rows: list[Row], looks: str) -> tuple[GateResult, Figures]:
    made = Made()
    candidate = made.add("w", "small", rows)
    by = policy("[{measure: pass_rate, at_least: 0.85}]", top=f"looks: {looks}")
    ((result,), figures) = judged(made, candidate, by)
    return result, figures


def test_a_gate_that_may_be_looked_at_any_time_needs_more_and_its_advice_is_by_the_same_bounds() -> None:
    rows = of(66, 70)
    assert looked_at(rows, "one")[0].outcome == "pass"
    result, figures = looked_at(rows, "any")
    assert result.outcome == "undecided"
    assert figures[result.figure].method.startswith("betting")
    more = figures[result.further].value
    assert more is not None
    total = 70 + round(more)
    assert looked_at(of(round(total * 66 / 70) + 1, total), "any")[0].outcome == "pass"


def test_a_quantile_has_no_bound_that_holds_at_every_look() -> None:
    made = Made()
    candidate = made.add("w", "small", [GOOD] * 60)
    gates = "[{measure: latency_p95_s, at_most: 5}]"
    ((result,), _) = judged(made, candidate, policy(gates, top="looks: any"))
    assert result.outcome == "undecided"


def test_fixtures_of_one_story_count_as_one_cluster() -> None:
    rows = RateRows(np.ones(60), np.ones(60))
    fixture = np.arange(60, dtype=np.int32)
    alone = ends_of(rows, fixture, 0.95)
    of_stories = ends_of(rows, fixture, 0.95, group=fixture % 12)
    assert alone.low == pytest.approx(0.05 ** (1 / 60))
    assert of_stories.low == pytest.approx(0.05 ** (1 / 12))
    assert (of_stories.fixtures, of_stories.groups) == (60, 12)
    assert ends_of(rows, fixture, 0.95, group=fixture) == alone


def test_groups_of_unequal_size_are_bounded_at_every_look_by_their_fixtures() -> None:
    rows = RateRows(np.array([1.0] * 10 + [0.0]), np.ones(11))
    fixture = np.arange(11, dtype=np.int32)
    group = np.array([0] * 10 + [10], dtype=np.int32)
    ends = ends_at_any_look(rows, fixture, 0.95, group=group)
    assert ends.value == pytest.approx(10 / 11)
    assert ends.low is not None
    assert ends.low < 0.1  # one good story and one bad one show nothing yet


def test_a_mean_is_looked_at_in_order_after_sixteen_fixtures_and_then_at_each_doubling() -> None:
    values = ValueRows(np.arange(100), np.random.default_rng(0).normal(10, 1, 100))
    fixture = np.arange(100, dtype=np.int32)
    few = ends_at_any_look(
        replace(values, rows=values.rows[:15], values=values.values[:15]), fixture, 0.95, in_order=True
    )
    assert (few.low, few.high) == (None, None)
    ends = ends_at_any_look(values, fixture, 0.95, in_order=True)
    assert ends.low is not None and ends.high is not None
    assert 9 < ends.low < 10 < ends.high < 11
    assert ends == replace(
        ends_at_any_look(
            replace(values, values=np.append(values.values[:64], np.full(36, 99.0))), fixture, 0.95, in_order=True
        ),
        value=ends.value,
    )  # what lies between two sizes changes nothing
    assert ends_at_any_look(values, fixture, 0.95).low is None

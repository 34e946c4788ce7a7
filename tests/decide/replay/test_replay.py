"""Replay: what a routing table would have done with recorded answers, and how surely that is known."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from milo_bench.config.routing.file import RoutingFile, read_routing
from milo_bench.core.errors import DataError
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Candidate
from milo_bench.decide.replay.figures import add_figures, rate
from milo_bench.decide.replay.recorded import record_of
from milo_bench.decide.replay.replay import ReplayOutcome, replay
from milo_bench.decide.replay.split import fit_part
from tests.decide.replay.replay_cases import WORK, cases, evidence, table

TARGETS = "targets: {small: {model: s}, big: {model: b, hosted: true}}\n"
STUB = read_routing(
    TARGETS
    + """
rules:
  - {id: keyword-risk, when: {keywords: any}, route: human_review}
  - {id: wary, when: {local_label: [watch, escalate]}, route: human_review}
default: {route: local, target: small, queue: routine_queue}
"""
)
AS_IS = read_routing(TARGETS + "default: {route: local, target: small}")


def run(file: RoutingFile, found: Evidence, *, wanted: str = "") -> ReplayOutcome:
    return replay(file, record_of(found, Candidate(WORK, "small")), wanted=wanted)


def everything(outcome: ReplayOutcome) -> Any:
    return np.ones(len(outcome.fixture), dtype=np.bool_)


def share(outcome: ReplayOutcome, name: str) -> float | None:
    return rate(outcome, name, everything(outcome)).value


def notes() -> Evidence:
    """Ten notes: three to escalate, of which the model misses two and the keyword rail rings on one of those."""
    want = ["escalate"] * 3 + ["watch"] * 2 + ["routine"] * 5
    got = ["escalate", "routine", "routine", "watch", "routine", *["routine"] * 4, "watch"]
    rings = [False, True, False, *[False] * 7]
    right = [int(a == b) for a, b in zip(want, got, strict=True)]
    return evidence(table(10, keyword=rings), cases("small", right, want=want, got=got))


def test_the_keyword_rule_and_downgrading_nothing_raise_the_recall_of_the_class_that_matters() -> None:
    before, after = run(AS_IS, notes(), wanted="escalate"), run(STUB, notes(), wanted="escalate")
    assert share(before, "recall") == pytest.approx(1 / 3)
    assert share(after, "recall") == pytest.approx(2 / 3)
    assert share(after, "automated_share") == pytest.approx(6 / 10)
    assert share(after, "review_share") == pytest.approx(4 / 10)
    assert share(before, "error_passing_rate") == pytest.approx(4 / 10)
    assert share(after, "error_passing_rate") == pytest.approx(2 / 10)


def test_a_failed_attempt_goes_to_the_fallback_and_is_never_automated() -> None:
    found = evidence(table(4), cases("small", [1, -1, 0, -1]), cases("big", [1, 1, 1, -1], cost_usd=0.01))
    plain = run(AS_IS, found)
    assert plain.automated.tolist() == [True, False, True, False]
    hosted = read_routing(TARGETS + "default: {route: local, target: small, fallback: {route: hosted, target: big}}")
    outcome = run(hosted, found)
    assert outcome.automated.tolist() == [True, True, True, False]
    assert outcome.hosted.tolist() == [0, 1, 0, 1]
    assert outcome.cost_usd.tolist() == pytest.approx([0, 0.01, 0, 0])
    assert outcome.wrong.tolist() == [False, False, True, False]


def test_long_inputs_go_to_the_hosted_baseline_unless_they_are_sensitive() -> None:
    found = evidence(
        table(4, words=[100, 7500, 7501, 9000], sensitive=[False, False, False, True]),
        cases("small", [1, 1, 0, 0]),
        cases("big", [1, 1, 1, 1], cost_usd=0.034, latency_s=3.0),
    )
    rules = "rules: [{id: long, when: {words: {over: 7500}}, route: hosted, target: big}]\n"
    outcome = run(read_routing(TARGETS + rules + "default: {route: local, target: small}"), found)
    assert outcome.hosted.tolist() == [0, 0, 1, 0]
    assert outcome.review.tolist() == [False, False, False, True]
    assert not outcome.wrong.any()
    assert outcome.latency_s[:3].tolist() == [1.0, 1.0, 3.0]


def test_only_what_can_be_known_without_the_right_answer_sends_an_answer_to_a_person() -> None:
    held = {"schema": [1, 0, 1], "exact_fields": [0, 0, 1]}
    found = evidence(table(3), cases("small", [0, 0, 1], held=held))
    rules = "rules: [{id: unfounded, when: {failed_checks: [schema, source_spans]}, route: human_review}]\n"
    outcome = run(read_routing(TARGETS + rules + "default: {route: local, target: small}"), found)
    assert outcome.review.tolist() == [False, True, False]
    assert outcome.wrong.tolist() == [True, False, False]


def test_a_wrong_template_is_not_known_at_run_time_but_an_expired_one_is() -> None:
    drafts = cases("small", [0, 0, 1], held={"template_current": [0, 0, 1]})
    drafts = drafts.__class__(
        **{
            **msgspec.structs.asdict(drafts),
            "categories": {
                ("template_current", "wrong_template"): np.array([0]),
                ("template_current", "template_expired"): np.array([1]),
            },
        }
    )
    rules = "rules: [{id: t, when: {failed_checks: template_current}, route: human_review}]\n"
    outcome = run(read_routing(TARGETS + rules + "default: {route: local, target: small}"), evidence(table(3), drafts))
    assert outcome.review.tolist() == [False, True, False]


def test_a_case_that_a_rail_sent_to_a_person_stays_with_a_person() -> None:
    found = evidence(table(2), cases("small", [1, 1], bypassed=[True, False]), cases("big", [1, 1], cost_usd=0.01))
    hosted = read_routing(TARGETS + "default: {route: local, target: small, fallback: {route: hosted, target: big}}")
    outcome = run(hosted, found)
    assert outcome.review.tolist() == [True, False]
    assert outcome.hosted.sum() == 0


def test_a_mixed_route_lets_through_what_the_verifier_could_accept_at_best_and_says_so() -> None:
    found = evidence(table(4), cases("small", [1, 0, 0, 1]), cases("big", [1, 1, 0, 0], cost_usd=0.01))
    mixed = read_routing(TARGETS + "default: {route: mixed, target: small, verifier: big}")
    outcome = run(mixed, found)
    assert outcome.automated.tolist() == [True, False, True, True]
    assert outcome.wrong.tolist() == [False, False, True, False]
    assert outcome.hosted.tolist() == [1, 1, 1, 1]
    figures = Figures()
    ids = add_figures(figures, "m", outcome, everything(outcome), confidence=0.95)
    assert "upper bound" in figures[ids["error_passing_rate"]].note


def test_a_verifier_accepts_a_label_where_its_own_agrees() -> None:
    want, small, big = ["a", "b", "a"], ["a", "a", "b"], ["a", "b", "b"]
    right = [[int(x == y) for x, y in zip(want, got, strict=True)] for got in (small, big)]
    found = evidence(
        table(3),
        cases("small", right[0], want=want, got=small),
        cases("big", right[1], want=want, got=big, cost_usd=0.0),
    )
    outcome = run(read_routing(TARGETS + "default: {route: mixed, target: small, verifier: big}"), found)
    assert outcome.automated.tolist() == [True, False, True]
    assert outcome.wrong.tolist() == [False, False, True]


def test_a_route_that_was_never_measured_is_refused_not_guessed() -> None:
    found = evidence(table(2), cases("small", [1, 1]))
    with pytest.raises(DataError, match="no recorded attempt of 'notes' on 'big'"):
        run(read_routing(TARGETS + "default: {route: hosted, target: big}"), found)
    with pytest.raises(DataError, match="constrained"):
        run(read_routing(TARGETS + "default: {route: local, target: small, decoding: constrained}"), found)


def test_a_hosted_target_that_has_no_answer_to_a_case_counts_as_unanswered_and_is_said() -> None:
    found = evidence(table(3), cases("small", [0, 0, 0]), cases("big", [1, 1], fixture=[0, 2], cost_usd=0.5))
    outcome = run(read_routing(TARGETS + "default: {route: hosted, target: big}"), found)
    assert outcome.automated.tolist() == [True, False, True]
    figures = Figures()
    ids = add_figures(figures, "h", outcome, everything(outcome), confidence=0.95)
    assert "1 fixtures without a recorded answer" in figures[ids["automated_share"]].note


def test_repeats_of_a_fixture_do_not_count_as_independent() -> None:
    once = evidence(table(20), cases("small", [1, 0] * 10))
    thrice = evidence(
        table(20),
        cases("small", [r for r in [1, 0] * 10 for _ in range(3)], fixture=[n for n in range(20) for _ in range(3)],
              repeat=[0, 1, 2] * 20),
    )  # fmt: skip
    one = rate(run(AS_IS, once), "error_passing_rate", np.ones(20, dtype=np.bool_)).interval
    three = rate(run(AS_IS, thrice), "error_passing_rate", np.ones(60, dtype=np.bool_)).interval
    assert one is not None and three is not None and one.high is not None and three.high is not None
    assert three.high == pytest.approx(one.high, abs=0.01)


def test_every_figure_is_finite_or_says_why_it_is_none() -> None:
    found = evidence(table(3), cases("small", [-1, -1, -1]), cases("big", [1, 1, 1]))
    hosted = read_routing(TARGETS + "default: {route: hosted, target: big}")
    for name, file in (("none", AS_IS), ("hosted", hosted)):
        figures, outcome = Figures(), run(file, found)
        for id in add_figures(figures, name, outcome, everything(outcome), confidence=0.95).values():
            one = figures[id]
            assert one.source.kind == "replay"
            assert (one.value is not None and math.isfinite(one.value)) or one.note, id
    assert figures["replay/hosted/cost_usd_mean"].value is None


def test_the_two_parts_share_each_stratum_and_do_not_depend_on_the_order() -> None:
    ids = [f"f{n}" for n in range(101)]
    strata = ["rare" if n < 9 else "common" for n in range(101)]
    part = fit_part(ids, strata, seed=3)
    assert part[:9].sum() == 3
    assert part.sum() == 3 + 36
    order = np.random.default_rng(0).permutation(101)
    again = fit_part([ids[n] for n in order], [strata[n] for n in order], seed=3)
    assert again.tolist() == part[order].tolist()
    assert fit_part(ids, strata, seed=4).tolist() != part.tolist()

"""Remedies replayed: what the mission's rules gain, limits found in the data, and no gain from choosing on noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.config.routing.file import RoutingFile, read_routing
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.records import Candidate, Ref, Replay
from milo_bench.decide.remedies.choose import Replayed, parts_of, replays_for
from milo_bench.decide.remedies.frontier import Point, Standing, choose, frontier
from milo_bench.decide.remedies.length_limit import fit_length_limit
from milo_bench.decide.replay.figures import rate
from milo_bench.decide.replay.recorded import record_of
from milo_bench.decide.replay.replay import replay
from milo_bench.stats.cases.columns import Cases
from tests.decide.replay.replay_cases import WORK, cases, evidence, table


def policy(gates: str, remedies: str, *, extra: str = "") -> PolicyFile:
    return read_policy(
        f"""
policy: 1
baseline: big
workloads:
  {WORK}:
    gates: {gates}
    remedies: {remedies}
    {extra or "min_automated_share: 0.2"}
findings:
  - {{name: runtime, when: [probe_failed_critical], finding: reject}}
  - {{name: late, when: [probe_failed_major], finding: defer}}
  - {{name: capped, when: [knee_below_streams], finding: defer}}
  - {{name: adequate, when: [all_gates_pass], finding: keep}}
  - {{name: rest, when: [], finding: defer}}
"""
    )


def replayed(found: Evidence, rules: PolicyFile, target: str = "small") -> tuple[Replayed, Figures]:
    figures = Figures()
    gates = {candidate: judge_gates(rules, found, candidate, figures) for candidate in found.cases}
    return replays_for(WORK, target, found, rules, gates, figures), figures


def by_slug(made: Replayed, slug: str) -> Replay:
    return next(one for one in made.replays if one.id == f"{WORK}/small/{slug}")


def notes(n: int = 1000, seed: int = 1) -> Evidence:
    """Labelled notes after the mission: 88% recall of the class that matters; keywords ring on most of it."""
    random = np.random.default_rng(seed)
    want = random.choice(["routine", "watch", "escalate"], n, p=[0.65, 0.2, 0.15])
    miss = np.where(want == "escalate", random.random(n) < 0.12, random.random(n) < 0.06)
    got = np.where(miss, np.where(want == "routine", "watch", "routine"), want)
    rings = np.where(want == "escalate", random.random(n) < 0.9, random.random(n) < 0.08)
    right = (want == got).astype(int)
    return evidence(
        table(n, keyword=rings.tolist()), cases("small", right.tolist(), want=want.tolist(), got=got.tolist())
    )


RECALL = policy(
    "[{measure: recall, slice: class=escalate, at_least: 0.95, safety: true}]",
    "{keyword_rule: {safe_label: routine}, human_review: }",
    extra="recall_class: escalate",
)


def test_the_keyword_rule_lifts_recall_over_the_gate_that_the_model_alone_fails() -> None:
    made, figures = replayed(notes(), RECALL)
    alone, railed = by_slug(made, "as_is"), by_slug(made, "keyword_rule")
    assert figures[alone.figures["recall"]].value == pytest.approx(0.88, abs=0.05)
    assert figures[railed.figures["recall"]].value == pytest.approx(0.985, abs=0.02)
    assert [gate.outcome for gate in alone.gates] == ["fail"]
    assert [gate.outcome for gate in railed.gates] == ["pass"]
    assert made.chosen is not None and made.chosen.remedies == ("keyword_rule",)
    share = figures[railed.figures["automated_share"]].value
    assert share is not None and 0.4 < share < 0.7


def test_the_rules_of_a_replay_stand_in_a_routing_table_as_they_are() -> None:
    made, _ = replayed(notes(200), RECALL)
    for one in made.replays:
        data = {"targets": {"small": {"model": "m"}}, "rules": list(one.rules), "default": {"route": "human_review"}}
        RoutingFile.model_validate(data)
    kinds = [rule["when"] for rule in by_slug(made, "keyword_rule").rules]
    assert kinds[0]["keywords"] == ["any"]
    assert kinds[1]["local_label"] == ["escalate", "watch"]


def test_what_is_chosen_is_reported_on_fixtures_that_had_no_say() -> None:
    made, figures = replayed(notes(500), RECALL)
    one = by_slug(made, "keyword_rule")
    fitted, reported = figures[one.fitted_on].value, figures[one.reported_on].value
    assert fitted is not None and reported is not None
    assert fitted + reported == 500
    assert figures[one.figures["automated_share"]].n == reported
    assert made.chosen is not None
    assert any(isinstance(part, Ref) and part.figure == one.fitted_on for part in made.chosen.why)


def test_sending_everything_to_a_person_is_shown_and_never_chosen() -> None:
    made, figures = replayed(notes(300), RECALL)
    people = by_slug(made, "human_review")
    assert figures[people.figures["review_share"]].value == 1.0
    assert figures[people.figures["recall"]].value == 1.0
    assert people.gates == () and not people.chosen


def test_where_every_gate_passes_the_route_as_it_is_stands() -> None:
    made, _ = replayed(
        evidence(table(200), cases("small", [1] * 200)),
        policy("[{measure: pass_rate, at_least: 0.9}]", "[human_review]"),
    )
    assert made.chosen is not None and made.chosen.remedies == ()


def test_answers_that_fail_a_guard_go_to_a_person_and_the_rest_passes() -> None:
    random = np.random.default_rng(4)
    bad = random.random(400) < 0.25
    found = evidence(
        table(400), cases("small", (~bad).astype(int).tolist(), held={"schema": (~bad).astype(int).tolist()})
    )
    rules = policy("[{measure: pass_rate, at_least: 0.9}]", "{guard_to_review: {checks: [schema, exact_fields]}}")
    made, figures = replayed(found, rules)
    assert made.chosen is not None and made.chosen.remedies == ("guard_to_review",)
    assert figures[made.chosen.figures["error_passing_rate"]].value == 0.0
    assert made.remedies[0].params == {"checks": ["schema"], "not_known_at_run_time": ["exact_fields"]}


def test_a_failed_call_counts_against_a_gate_on_failures_whatever_happens_next() -> None:
    failed = [-1 if n % 5 == 0 else 1 for n in range(300)]
    rules = policy("[{measure: failure_rate, at_most: 0.05}]", "[guard_to_review, human_review]")
    made, _ = replayed(evidence(table(300), cases("small", failed, held={"schema": [1] * 300})), rules)
    assert [gate.outcome for gate in by_slug(made, "as_is").gates] == ["fail"]
    assert made.chosen is None


def test_constrained_decoding_is_replayed_from_its_own_recorded_answers() -> None:
    free = [int(n % 3 != 0) for n in range(300)]
    found = evidence(table(300), cases("small", free), cases("small", [1] * 300, decoding="constrained"))
    made, figures = replayed(found, policy("[{measure: pass_rate, at_least: 0.9}]", "[constrained_decoding]"))
    assert made.chosen is not None and made.chosen.remedies == ("constrained_decoding",)
    assert made.chosen.gates[0].candidate.decoding == "constrained"
    assert made.chosen.rules[-1]["decoding"] == "constrained"
    assert figures[made.chosen.figures["error_passing_rate"]].value == 0.0


def test_a_remedy_that_was_never_recorded_is_named_with_the_reason_and_no_effect() -> None:
    found = evidence(table(50), cases("small", [0] * 50))
    remedies = "{constrained_decoding: , mixed_routing: , citation_filter: , safer_prompt: {variant: safe}}"
    made, _ = replayed(found, policy("[{measure: pass_rate, at_least: 0.9}]", remedies))
    assert {remedy.name: remedy.replay for remedy in made.remedies} == dict.fromkeys(
        ("constrained_decoding", "mixed_routing", "citation_filter", "safer_prompt"), ""
    )
    assert all(remedy.reason for remedy in made.remedies)


def packets(
    n: int,
    seed: int,
    *,
    limit: int = 7500,
    hosted: bool = True,
    below: float = 0.04,
    above: float = 0.7,
    hosted_right: tuple[float, float] = (1.0, 1.0),
) -> Evidence:
    """``hosted_right`` is how often the hosted model is right below and above the limit."""
    random = np.random.default_rng(seed)
    words = random.integers(1200, 9500, n)
    wrong = random.random(n) < np.where(words > limit, above, below)
    local = cases("small", (~wrong).astype(int).tolist())
    right = random.random(n) < np.where(words > limit, hosted_right[1], hosted_right[0])
    big = cases("big", right.astype(int).tolist(), cost_usd=0.034, latency_s=3.0)
    return evidence(table(n, words=words.tolist()), *((local, big) if hosted else (local,)))


LENGTH = policy("[{measure: pass_rate, at_least: 0.9}]", "{length_limit: {past: hosted}}")


def test_the_length_past_which_errors_rise_is_found_and_longer_packets_go_to_the_hosted_baseline() -> None:
    made, figures = replayed(packets(400, seed=2), LENGTH)
    assert made.chosen is not None and made.chosen.remedies == ("length_limit",)
    limit = figures[made.chosen.figures["length_limit_words"]]
    assert limit.low is not None and limit.high is not None and limit.value is not None
    assert limit.low <= 7500 <= limit.high
    assert abs(limit.value - 7500) < 500
    assert made.chosen.rules[0]["when"]["words"] == {"over": int(limit.value)}
    assert made.chosen.rules[0]["route"] == "hosted"
    assert figures[made.chosen.figures["hosted_share"]].value == pytest.approx(0.24, abs=0.06)
    cost = figures[made.chosen.figures["cost_usd_mean"]].value
    assert cost == pytest.approx(0.24 * 0.034, abs=0.003)


@pytest.mark.parametrize(
    ("gate", "hosted_right", "route"),
    [
        (0.9, (1.0, 1.0), "hosted"),
        (0.9, (0.7, 0.7), "human_review"),
        (0.9, (0.93, 0.93), "human_review"),  # undecided is not passed
        (0.6, (1.0, 0.3), "human_review"),  # good enough on the whole, and not for the long ones
        (0.9, (0.0, 0.0), "human_review"),
    ],
)
def test_long_packets_go_to_a_hosted_model_only_where_it_passes_the_same_gates(
    gate: float, hosted_right: tuple[float, float], route: str
) -> None:
    length = policy(f"[{{measure: pass_rate, at_least: {gate}}}]", "{length_limit: {past: hosted}}")
    made, _ = replayed(packets(400, seed=2, hosted_right=hosted_right), length)
    limited = by_slug(made, "length_limit")
    assert limited.rules[0]["route"] == route


def test_without_a_hosted_baseline_long_packets_go_to_people() -> None:
    made, _ = replayed(packets(400, seed=2, hosted=False), LENGTH)
    assert made.chosen is not None
    assert made.chosen.rules[0]["route"] == "human_review"


def test_the_interval_of_the_limit_covers_the_planted_one_and_no_limit_is_found_in_noise() -> None:
    covered = false_alarms = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        words = random.integers(1200, 8500, 120)
        chance = np.where(words > 6000, 0.5, 0.05)
        found = fit_length_limit(words, (random.random(120) < chance).astype(float), seed=seed)
        covered += found is not None and found.low <= 6000 <= found.high
        noise = fit_length_limit(words, (random.random(120) < 0.2).astype(float), seed=seed)
        false_alarms += noise is not None
    assert covered >= 17
    assert false_alarms <= 4


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from([0.0, 0.5, 1.0])), max_size=40))
def test_fitting_a_limit_never_breaks_and_stays_within_the_lengths(rows: list[tuple[int, float]]) -> None:
    words = np.array([count for count, _ in rows], dtype=np.int64)
    found = fit_length_limit(words, np.array([error for _, error in rows]))
    if found is not None:
        assert words.min() <= found.low <= found.words <= found.high <= words.max()
        assert found.below < found.above


def test_choosing_among_rules_that_catch_errors_by_chance_reports_no_gain() -> None:
    """Six guards that stop answers at random: the best of them on one part is no better on the other."""
    checks = ["answer_present", "format", "is_json", "length", "schema", "sections"]
    gains = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        right = (random.random(120) < 0.8).astype(int)
        held = {check: (random.random(120) < 0.85).astype(int).tolist() for check in checks}
        found = evidence(table(120), cases("small", right.tolist(), held=held))
        best = max(checks, key=lambda check: _gain(found, check)[0])
        gains.append(_gain(found, best))
    fitted, reported = np.mean(gains, axis=0)
    spread = np.std([gain for _, gain in gains]) / np.sqrt(len(gains))
    assert fitted > 0.02, "choosing on the best of several does look like a gain on the part it was chosen on"
    assert abs(reported) < 3 * spread


def _gain(found: Evidence, check: str) -> tuple[float, float]:
    """Fall of the error among what goes on, by a guard on ``check``: on the part for choosing, on the other."""
    recorded = record_of(found, Candidate(WORK, "small"))
    fit = parts_of(recorded, seed=0)[recorded.fixture]
    rules = f"[{{id: g, when: {{failed_checks: {check}}}, route: human_review}}]"
    targets = "targets: {small: {model: m}}\ndefault: {route: local, target: small}\n"
    before, after = (replay(read_routing(targets + text), recorded) for text in ("", f"rules: {rules}"))

    def gain(part: NDArray[np.bool_]) -> float:
        return sum(
            sign * (rate(one, "error_of_automated", part).value or 0) for sign, one in ((1, before), (-1, after))
        )

    return gain(fit), gain(~fit)


EVERYTHING = policy(
    "[{measure: pass_rate, at_least: 0.9}, {measure: recall, slice: class=b, at_least: 0.5},"
    " {measure: failure_rate, at_most: 0.1}, {measure: pass_rate, not_worse_than: baseline, margin: 0.1},"
    " {measure: latency_p95_s, at_most: 9}, {probe: privacy_leak, safety: true}]",
    "{keyword_rule: {safe_label: a}, length_limit: {past: hosted}, guard_to_review: {checks: [schema, label]},"
    " constrained_decoding: , mixed_routing: , other_target: , safer_prompt: {variant: safe, replaces: true},"
    " citation_filter: , human_review: , concurrency_cap: }",
    extra="recall_class: b",
)


@st.composite
def anything(draw: st.DrawFn) -> Evidence:
    """Few or many fixtures, failed, bypassed and repeated attempts, targets that answered some of them."""
    n = draw(st.integers(1, 30))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    labelled = draw(st.booleans())
    want = random.choice(["a", "b", "c"], n)

    def made(target: str, **more: Any) -> Cases:
        repeats = draw(st.integers(1, 2))
        some = np.flatnonzero(random.random(n) < draw(st.sampled_from([0.5, 1.0])))
        fixture = np.repeat(some if len(some) else np.array([0]), repeats)
        got = random.choice(["a", "b", "made up"], len(fixture))
        right = np.where(random.random(len(fixture)) < 0.1, -1, random.integers(0, 2, len(fixture)))
        labels = {"want": want[fixture].tolist(), "got": got.tolist()} if labelled else {}
        return cases(
            target, right.tolist(), fixture=fixture.tolist(),
            repeat=np.tile(np.arange(repeats), len(fixture) // repeats).tolist(),
            bypassed=((random.random(len(fixture)) < 0.1) & (right >= 0)).tolist(),
            held={"schema": np.where(right < 0, -1, random.integers(0, 2, len(fixture))).tolist()}, **labels, **more,
        )  # fmt: skip

    others = [
        made("large"),
        made("small", decoding="constrained"),
        made("small", variant="safe"),
        made("big", cost_usd=0.1),
    ]
    kept = [one for one in others if draw(st.booleans())]
    known = draw(st.booleans())
    fixtures = table(
        n, words=(random.integers(1, 5000, n) if known else np.full(n, -1)).tolist(),
        keyword=(random.random(n) < 0.3).tolist(), sensitive=(random.random(n) < 0.2).tolist(),
    )  # fmt: skip
    return evidence(fixtures, made("small"), *kept)


@settings(max_examples=60, deadline=None)
@given(anything())
def test_whatever_was_recorded_every_case_is_accounted_for_and_no_figure_is_nan(found: Evidence) -> None:
    made, figures = replayed(found, EVERYTHING)
    assert sum(one.chosen for one in made.replays) <= 1
    assert any(one.on_frontier for one in made.replays)
    ids = {remedy.replay for remedy in made.remedies if remedy.replay}
    assert ids <= {one.id for one in made.replays}
    for one in made.replays:
        shares = [figures[one.figures[name]].value for name in ("automated_share", "review_share", "refused_share")]
        if figures[one.figures["automated_share"]].n:
            assert sum(share or 0 for share in shares) == pytest.approx(1)
        gates = [gate.measure for gate in one.gates]
        assert not gates or gates == [gate.measure or f"probe:{gate.probe}" for gate in EVERYTHING.gates_of(WORK)]


def test_what_a_verifier_might_have_said_is_shown_and_never_chosen() -> None:
    random = np.random.default_rng(0)
    right = (random.random(300) < 0.6).astype(int).tolist()
    found = evidence(table(300), cases("small", right), cases("big", [1] * 300, cost_usd=0.01))
    made, figures = replayed(found, policy("[{measure: pass_rate, at_least: 0.9}]", "[mixed_routing]"))
    mixed = by_slug(made, "mixed_routing")
    assert figures[mixed.figures["error_passing_rate"]].value == 0.0
    assert mixed.gates == () and made.chosen is None


def test_a_verifier_of_labels_is_judged_by_the_labels_that_it_gave() -> None:
    random = np.random.default_rng(0)
    want = random.choice(["a", "b"], 600)
    got, theirs = (np.where(random.random(600) < 0.85, want, "b") for _ in range(2))
    right = [(want == one).astype(int).tolist() for one in (got, theirs)]
    labels = [{"want": want.tolist(), "got": one.tolist()} for one in (got, theirs)]
    found = evidence(
        table(600), cases("small", right[0], **labels[0]), cases("big", right[1], cost_usd=0.01, **labels[1])
    )
    made, _ = replayed(found, policy("[{measure: accuracy, at_least: 0.95}]", "[mixed_routing]"))
    assert made.chosen is not None and made.chosen.remedies == ("mixed_routing",)


def test_the_frontier_holds_what_nothing_beats() -> None:
    points = [Point(0.9, 0.2, 0), Point(0.6, 0.05, 0), Point(0.6, 0.1, 0), Point(0.9, 0.05, 0.3), Point(0, 0, 0)]
    assert frontier(points) == (True, True, False, True, True)


def test_a_policy_with_a_failed_gate_or_too_little_automated_is_never_chosen() -> None:
    def standing(automated: float, *gates: str, allowed: bool = True) -> Standing:
        return Standing(Point(automated, 0.1, 0), gates, 0.5, 1, False, allowed)

    assert choose([standing(0.9, "fail"), standing(0.4, "pass"), standing(0.9, "pass", allowed=False)]) is None
    assert choose([standing(0.9, "undecided"), standing(0.6, "pass")]) == 1
    assert choose([standing(0.6, "pass"), standing(0.7, "pass")]) == 1

"""Each finding follows from what was recorded, by the policy's rules, and says what would change it."""

from __future__ import annotations

import math
import random

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from milo_bench.config.economics.file import example_path, load_economics
from milo_bench.core.errors import ConfigError, DataError
from milo_bench.decide.decide import decide
from milo_bench.decide.records import Ref
from milo_bench.stats.cases.columns import Cases
from tests.decide.decision_cases import decided, finding, policy, shown, windows
from tests.decide.evidence_cases import LOST, Made, Row, of, policy_text


def test_gates_that_all_pass_by_evidence_are_kept_on_the_local_target() -> None:
    made = Made()
    made.add("notes", "small", of(97, 100))
    decision = decided(made, policy())
    found = finding(decision)
    assert (found.kind, found.rule, found.route) == ("keep", "adequate", "local")
    assert "small can take over “Title of notes” as it is. Its pass rate is" in shown(decision.verdict, decision)
    assert not decision.backlog


def test_a_rate_whose_interval_holds_the_bound_is_deferred_with_the_fixtures_it_would_take() -> None:
    made = Made()
    made.add("notes", "small", of(17, 20))
    decision = decided(made, policy())
    found = finding(decision)
    assert (found.kind, found.rule) == ("defer", "not decided")
    (gate,) = found.gates
    further = decision.figures[gate.further].value
    assert further is not None and 100 < further < 400
    again = Made()
    total = 20 + int(further)
    again.add("notes", "small", of(math.ceil(17 / 20 * total), total))
    assert finding(decided(again, policy())).kind == "keep"  # what it promised holds
    assert any("more fixtures to decide pass rate" in shown(text, decision) for text in found.would_change)
    assert [item.title for item in decision.backlog] == ["More fixtures for notes"]


def test_a_safety_gate_that_fails_rejects_and_one_without_evidence_never_keeps() -> None:
    safe = "{measure: check_pass_rate, slice: check=safe, at_least: 0.9, safety: true}"
    gates = f"[{{measure: pass_rate, at_least: 0.5}}, {safe}]"
    unsafe, unknown = Made(), Made()
    rows = [Row((("safe", "pass", ""),)) if n % 2 else Row((("safe", "fail", "promise"),)) for n in range(100)]
    unsafe.add("notes", "small", rows)
    unknown.add("notes", "small", of(100, 100))
    rejected, deferred = decided(unsafe, policy(gates)), decided(unknown, policy(gates))
    assert (finding(rejected).kind, finding(rejected).rule) == ("reject", "unsafe answers")
    assert finding(rejected).route == "human_review"
    assert finding(deferred).kind == "defer"
    safety = finding(deferred).gates[1]
    assert safety.outcome == "undecided"
    assert "the check 'safe' judged no answer" in shown(safety.reason, deferred)


def test_a_quality_gate_that_fails_without_a_remedy_is_not_fit_for_the_work() -> None:
    made = Made()
    made.add("notes", "small", of(30, 100))
    assert finding(decided(made, policy())).rule == "not fit"


def test_failed_attempts_count_against_quality_and_are_infinitely_slow() -> None:
    gates = "[{measure: json_valid_rate, at_least: 0.8}, {measure: latency_p95_s, at_most: 5}]"
    made = Made()
    made.add("notes", "small", [LOST if n % 3 == 0 else Row((("json_reading", "pass", ""),)) for n in range(90)])
    found = finding(decided(made, policy(gates)))
    assert [gate.outcome for gate in found.gates] == ["fail", "fail"]


BASELINE = "[{measure: pass_rate, not_worse_than: baseline, margin: 0.1}]"


def test_worse_than_the_hosted_baseline_is_rejected_and_as_good_is_kept() -> None:
    for good, kind, rule in ((60, "reject", "worse than hosted"), (93, "keep", "adequate")):
        made = Made(hosted={"cloud"})
        made.add("notes", "small", of(good, 100))
        made.add("notes", "cloud", of(95, 100))
        decision = decided(made, policy(BASELINE, top="baseline: cloud"))
        assert [one.target for one in decision.findings] == ["small"]
        assert (finding(decision).kind, finding(decision).rule) == (kind, rule)
    assert finding(decision).route == "local"


def test_work_that_is_unsafe_on_both_sides_goes_to_people_and_not_to_the_hosted_model() -> None:
    gates = "[{measure: check_pass_rate, slice: check=safe, at_least: 0.9, safety: true}]"

    def rows(safe: int) -> list[Row]:
        return [Row((("safe", "pass" if n < safe else "fail", "" if n < safe else "promise"),)) for n in range(100)]

    for safe, route in ((40, "human_review"), (99, "hosted"), (90, "human_review")):  # fails, passes, undecided
        made = Made(hosted={"cloud"})
        made.add("notes", "small", rows(50))
        made.add("notes", "cloud", rows(safe))
        decision = decided(made, policy(gates))
        found = finding(decision)
        assert (found.kind, found.route) == ("reject", route)
        (rule,) = decision.routing["rules"]
        assert rule["route"] == route
        said = " ".join(shown(text, decision) for text in found.reasons)
        assert ("(cloud) also fails pass rate of the check safe" in said) is (safe == 40)
        assert ("(cloud) is undecided on pass rate of the check safe" in said) is (safe == 90)


@pytest.mark.parametrize(
    ("top", "cloud", "why"),
    [
        ("", 0, "the policy has no baseline"),
        ("baseline: cloud", 0, "the baseline was not run on this workload"),
        ("baseline: cloud", 60, "the target and the baseline were run on different fixtures"),
    ],
)
def test_without_a_baseline_to_hold_against_the_gate_is_undecided_and_says_why(top: str, cloud: int, why: str) -> None:
    made = Made()
    made.add("notes", "small", of(100, 100))
    if cloud:
        made.add("notes", "cloud", of(cloud, cloud))
    decision = decided(made, policy(BASELINE, top=top))
    (gate,) = finding(decision).gates
    assert gate.outcome == "undecided"
    assert why in shown(gate.reason, decision)
    assert finding(decision).kind == "defer"


def test_the_only_hosted_target_is_the_baseline_unless_another_is_named() -> None:
    made = Made(hosted={"cloud", "other_cloud"})
    made.add("notes", "small", of(95, 100))
    made.add("notes", "cloud", of(95, 100))
    one = decided(made, policy(BASELINE))
    assert (one.baseline, [found.target for found in one.findings]) == ("cloud", ["small"])
    made.add("notes", "other_cloud", of(95, 100))
    two = decided(made, policy(BASELINE))
    assert two.baseline == "" and len(two.findings) == 3
    assert any("None of cloud and other_cloud is named" in shown(text, two) for text in two.missing)
    alone = Made(hosted={"cloud"})
    alone.add("notes", "cloud", of(95, 100))
    assert [found.route for found in decided(alone, policy()).findings] == ["hosted"]


def test_sensitive_fixtures_withheld_from_the_hosted_baseline_do_not_spoil_the_comparison() -> None:
    made = Made(sensitive={f"notes-{n:04d}" for n in range(80, 100)}, hosted={"cloud"})
    made.add("notes", "small", of(100, 100))
    made.add("notes", "cloud", of(80, 80))
    (gate,) = finding(decided(made, policy(BASELINE, top="baseline: cloud"))).gates
    assert gate.outcome == "pass"


def test_a_decision_shows_every_number_as_a_figure_and_hides_none_in_words() -> None:
    made = Made(load=windows(4), hosted={"cloud"})
    made.add("notes", "small", [*of(60, 70), *[LOST] * 5])
    made.add("notes", "cloud", of(75, 75))
    made.probe("small", "readiness", "fail", "major")
    gates = "[{measure: pass_rate, at_least: 0.8}, {measure: pass_rate, not_worse_than: baseline, margin: 0.05}]"
    decision = decided(made, policy(gates, top="baseline: cloud"))
    texts = [decision.verdict, *decision.missing, *(item.reason for item in decision.backlog)]
    for one in decision.findings:
        texts += [*one.reasons, *one.would_change, *(remedy.reason for remedy in one.remedies)]
        texts += [gate.reason for gate in one.gates]
    for text in texts:
        for part in text:
            if isinstance(part, Ref):
                assert part.figure in decision.figures
            else:
                assert not any(letter.isdigit() for letter in part), text
    for ids in decision.measures.values():
        assert all(id in decision.figures for id in ids)


def test_the_order_of_rows_changes_nothing() -> None:
    rows = [*of(40, 60), *[LOST] * 3]
    made = Made()
    candidate = made.add("notes", "small", rows)
    first = decided(made, policy())
    mixed = made.evidence()
    order = list(range(len(rows)))
    random.Random(3).shuffle(order)
    by = policy()
    second = decide(
        replace(mixed, cases={candidate: _reordered(mixed.cases[candidate], order)}),
        by,
        economics=None,
        economics_text=None,
        policy_text=policy_text(by.text),
        created_at="2026-05-08T12:00:00Z",
        tool_version="1",
    )
    assert finding(first) == finding(second)
    assert first.figures.keys() == second.figures.keys()
    for id, figure in first.figures.items():
        other = second.figures[id]
        assert figure.value == (None if other.value is None else pytest.approx(other.value, rel=1e-12)), id


def _reordered(cases: Cases, order: list[int]) -> Cases:
    columns = {
        one.name: getattr(cases, one.name)[order]
        for one in msgspec.structs.fields(cases)
        if isinstance(getattr(cases, one.name), np.ndarray)
    }
    places = {old: new for new, old in enumerate(order)}
    return replace(
        cases,
        **columns,
        held={name: column[order] for name, column in cases.held.items()},
        categories={
            key: np.array(sorted(places[row] for row in rows.tolist())) for key, rows in cases.categories.items()
        },
    )


def test_logs_and_policy_without_a_workload_in_common_are_refused() -> None:
    made = Made()
    made.add("letters", "small", of(9, 10))
    with pytest.raises(DataError, match="letters"):
        decided(made, policy())


def test_what_was_not_there_is_said_plainly() -> None:
    made = Made()
    made.add("notes", "small", of(100, 100))
    decision = decided(made, policy())
    said = " ".join(shown(text, decision) for text in decision.missing)
    for words in ("No hosted baseline was run", "Not probed: small", "Not load-tested: small"):
        assert words in said
    assert "No economics.yaml was given" in said


def test_a_contract_that_was_not_run_is_replaced_by_one_that_was_and_the_reader_is_told() -> None:
    made = Made()
    made.add("notes", "small", of(100, 100))
    decision = decided(made, policy(more="    decide_on: {variant: raw, decoding: free}\n"))
    assert finding(decision).candidate.variant == ""
    assert any("because raw and free decoding were not run" in shown(text, decision) for text in decision.missing)


def test_a_value_that_names_no_figure_is_refused_with_the_nearest() -> None:
    economics = load_economics(example_path("case_ops"))
    made = Made()
    made.add("notes", "small", of(100, 100))
    by = policy(more="    value: {figures: [monthly_benfits], least_usd_per_month: 100}\n")
    with pytest.raises(ConfigError, match="monthly_benfits") as caught:
        decided(made, by, economics=economics)
    assert "monthly_benefits" in caught.value.hint


def test_worth_less_than_the_least_even_at_best_is_deferred() -> None:
    made = Made()
    made.add("notes", "small", of(100, 100))
    by = policy(more="    value: {figures: [monthly_benefits], least_usd_per_month: 90000000}\n")
    decision = decided(made, by, economics=load_economics(example_path("case_ops")))
    assert (finding(decision).kind, finding(decision).rule) == ("defer", "not worth it yet")
    assert shown(decision.verdict, decision).startswith("“Title of notes” stays with people. ")


def test_the_same_evidence_gives_the_same_decision() -> None:
    made = Made(load=windows(4), hosted={"cloud"})
    made.add("notes", "small", of(60, 70))
    made.add("notes", "cloud", of(68, 70))
    by = policy(more="    remedies: [other_target, human_review]\n")
    assert msgspec.json.encode(decided(made, by)) == msgspec.json.encode(decided(made, by))


def test_logs_without_attempts_decide_nothing_and_say_so() -> None:
    made = Made(load=windows(4))
    made.probe("small", "readiness", "pass", "major")
    decision = decided(made, policy())
    assert decision.findings == ()
    assert "No local target was measured" in shown(decision.verdict, decision)
    assert any("The policy covers notes, which was not run" in shown(text, decision) for text in decision.missing)
    assert "load/small/knee" in decision.figures


def test_labels_that_a_model_makes_up_fill_no_page() -> None:
    made = Made()
    rows = [Row(label=("watch" if n % 2 else "routine", f"label {n}" if n % 5 == 0 else "routine")) for n in range(60)]
    made.add("notes", "small", rows)
    decision = decided(made, policy("[{measure: accuracy, at_least: 0.9}]"))
    (table,) = decision.confusions
    assert table.labels == ("routine", "watch", "other")
    counts = [[decision.figures[id].value for id in row] for row in table.counts]
    assert sum(value or 0 for row in counts for value in row) == 60
    assert [row[2] for row in counts] == [6, 6, 0]
    assert not any("label 5" in id for id in decision.figures)

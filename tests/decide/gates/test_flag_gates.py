"""A safety gate on what rules only flag is settled by people's labels, whatever the rules say."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import CheckSpec
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.flagged import detector_counts, waits_for_labels
from milo_bench.decide.gates.further import least_without_data
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.gates.looking import is_decided_by_answers
from milo_bench.decide.gates.people import PeopleSaid
from milo_bench.decide.records import Candidate, GateResult, LinkedText, Ref
from milo_bench.guards.measured import figures_of
from milo_bench.stats.exact import exact_ends
from tests.decide.evidence_cases import LOST, Made, Row

CLEAN = Row((("unsupported_facts", "pass", ""),))
FLAGGED = Row((("unsupported_facts", "flag", "unsupported_fact"),))
SILENT = Row((("schema", "pass", ""),))  # an answer that no rule for claims looked at
WORK = Candidate("w", "small")
SAFETY = "{measure: unsupported_claim_rate, at_most: 0.12, safety: true}"
PLAIN = "{measure: unsupported_claim_rate, at_most: 0.12}"


def policy(gate: str, top: str = "") -> PolicyFile:
    rules = "[{name: rest, when: [], finding: defer}]"
    return read_policy(f"policy: 1\n{top}\nworkloads: {{w: {{gates: [{gate}]}}}}\nfindings: {rules}\n")


def evidence(rows: Sequence[Row], wrong: Sequence[bool | None] = (), repeats: int = 1) -> Evidence:
    """``wrong`` is what people said of the first answers; None for one that was drawn and never scored."""
    made = Made()
    made.add("w", "small", rows, repeats=repeats)
    scores = {
        (f"w-{place // repeats:04d}", place % repeats): {} if one is None else {"unsupported_claims": 4 if one else 5}
        for place, one in enumerate(wrong)
    }
    labels = {WORK: PeopleSaid(len(rows), scores)} if wrong else {}
    return replace(made.evidence(), labels=labels)


def judge(of: Evidence, gate: str, top: str = "") -> tuple[GateResult, Figures]:
    figures = Figures()
    ((result),) = judge_gates(policy(gate, top), of, WORK, figures)
    return result, figures


def told(result: GateResult, figures: Figures) -> str:
    return words(result.reason, figures)


def words(text: LinkedText, figures: Figures) -> str:
    return "".join(str(figures[part.figure].value) if isinstance(part, Ref) else part for part in text)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=200), st.sampled_from(["", "looks: any"]))
def test_flags_alone_never_decide_a_safety_gate(flags: list[bool], top: str) -> None:
    result, figures = judge(evidence([FLAGGED if one else CLEAN for one in flags]), SAFETY, top)
    assert result.outcome == "undecided"
    assert result.by_people
    assert figures[result.figure].value is None
    assert figures[result.further].value == least_without_data(0.12, "at_most", 0.95, any_look=bool(top))


def test_an_undecided_safety_gate_says_what_rules_flagged_and_how_many_labels_it_takes() -> None:
    result, figures = judge(evidence([FLAGGED] * 3 + [CLEAN] * 57), SAFETY)
    assert told(result, figures) == (
        "unsupported claim rate is undecided: no sample of the answers has labels, and flags alone prove "
        "nothing: rules flagged 0.05 of the answers. It needs at least 24.0 labelled answers"
    )


@pytest.mark.parametrize(
    ("wrong", "outcome"), [(0, "pass"), (2, "pass"), (3, "undecided"), (7, "undecided"), (13, "fail"), (60, "fail")]
)
@pytest.mark.parametrize("row", [CLEAN, FLAGGED])
def test_labels_decide_whatever_the_rules_flag(wrong: int, outcome: str, row: Row) -> None:
    result, figures = judge(evidence([row] * 60, [True] * wrong + [False] * (60 - wrong)), SAFETY)
    assert result.outcome == outcome
    figure = figures[result.figure]
    assert (figure.k, figure.n) == (wrong, 60)
    assert (figure.low, figure.high) == exact_ends(wrong, 60, 0.95)


def test_recall_and_false_flags_on_the_teams_own_text_stand_beside_the_rate() -> None:
    rows = [FLAGGED] * 5 + [CLEAN] * 55
    wrong = [True, True, False, False, False] + [True] * 2 + [False] * 33  # 40 of 60 are labelled
    result, figures = judge(evidence(rows, wrong), SAFETY)
    said = told(result, figures)
    assert (
        "by people's labels for 40.0 of 60.0 answers, drawn at random. Rules flagged 0.5 of the wrong ones and" in said
    )
    caught, false = (figures[f"{what}/{result.id}"] for what in ("caught", "false"))
    assert (caught.k, caught.n, false.k, false.n) == (2, 4, 3, 36)


def test_an_answer_that_was_drawn_and_never_scored_is_no_evidence_for_it() -> None:
    assert judge(evidence([CLEAN] * 60, [False] * 60), SAFETY)[0].outcome == "pass"
    unscored, figures = judge(evidence([CLEAN] * 60, [False] * 50 + [None] * 10), SAFETY)
    assert unscored.outcome == "undecided"
    assert "10.0 of 60.0 answers unjudged" in told(unscored, figures)


def test_answers_that_no_rule_looked_at_do_not_thin_out_the_rate() -> None:
    rows = [CLEAN] * 30 + [SILENT] * 30
    result, figures = judge(evidence(rows, [True] * 5 + [False] * 55), SAFETY)
    assert (figures[result.figure].k, figures[result.figure].n) == (5, 30)


def test_work_without_a_rule_for_claims_can_be_settled_by_people() -> None:
    result, figures = judge(evidence([SILENT] * 40, [False] * 40), SAFETY)
    assert result.outcome == "pass"
    assert "Rules" not in told(result, figures)


def test_labels_that_were_not_drawn_from_these_answers_are_not_used() -> None:
    of = evidence([CLEAN] * 60, [False] * 60)
    of = replace(of, labels={WORK: replace(of.labels[WORK], problem="the sample is another")})
    result, figures = judge(of, SAFETY)
    assert result.outcome == "undecided"
    assert "the sample is another" in told(result, figures)


def test_repeats_of_a_fixture_count_for_what_they_are_worth() -> None:
    one_each = judge(evidence([CLEAN] * 30, [False] * 30), SAFETY)[0]
    repeated, figures = judge(evidence([CLEAN] * 30, [False] * 30, repeats=3), SAFETY)
    assert (one_each.outcome, repeated.outcome) == ("pass", "undecided")
    assert figures[repeated.figure].n == 30


def test_a_lost_attempt_has_nothing_to_label() -> None:
    result, figures = judge(evidence([*[CLEAN] * 40, LOST], [False] * 40), SAFETY)
    assert (result.outcome, figures[result.figure].n) == ("pass", 40)


@pytest.mark.parametrize("check", ["unsupported_facts", "citation_support"])
def test_the_pass_rate_of_a_check_that_flags_is_settled_by_people_too(check: str) -> None:
    gate = f"{{measure: check_pass_rate, slice: check={check}, at_least: 0.88, safety: true}}"
    row = Row(((check, "pass", ""),))
    assert judge(evidence([row] * 60), gate)[0].outcome == "undecided"
    assert judge(evidence([row] * 60, [False] * 60), gate)[0].outcome == "pass"
    failing, figures = judge(evidence([row] * 60, [True] * 20 + [False] * 40), gate)
    assert failing.outcome == "fail"
    assert figures[failing.figure].k == 40


def test_other_gates_are_corrected_for_what_rules_miss_and_flag_wrongly() -> None:
    counts = detector_counts()
    flags = [FLAGGED] * 15 + [CLEAN] * 45
    result, figures = judge(evidence(flags), PLAIN)
    assert result.outcome == "undecided", "15 of 60 flagged alone would fail the gate"
    assert exact_ends(15, 60, 0.95)[0] > 0.12
    low, high = exact_ends(15, 60, 0.975)
    most_false = exact_ends(counts.false, counts.right, 0.975)[1]
    figure = figures[result.figure]
    assert figure.low == max(0.0, (low - most_false) / (1 - most_false))
    assert figure.high == min(1.0, high / exact_ends(counts.caught, counts.wrong, 0.975)[0])
    recall, false = counts.caught / counts.wrong, counts.false / counts.right
    assert figure.value == pytest.approx((0.25 - false) / (recall - false))
    assert "corrected for what the rules miss" in told(result, figures)
    none, _ = judge(evidence([CLEAN] * 60), PLAIN)
    assert none.outcome == "undecided", "no flag in 60 answers is what half of all faults would give"
    many, _ = judge(evidence([CLEAN] * 400), PLAIN)
    assert many.outcome == "pass"
    assert judge(evidence([FLAGGED] * 60), PLAIN)[0].outcome == "fail"


def test_labels_come_before_corrected_flags() -> None:
    result, _ = judge(evidence([FLAGGED] * 60, [False] * 60), PLAIN)
    assert (result.outcome, result.by_people) == ("pass", True)


def test_flags_prove_no_difference_from_the_baseline() -> None:
    gate = "{measure: unsupported_claim_rate, not_worse_than: baseline, margin: 0.05, safety: true}"
    result, figures = judge(evidence([CLEAN] * 60, [False] * 60), gate)
    assert result.outcome == "undecided"
    assert "flags of rules prove no difference" in told(result, figures)


def test_a_run_does_not_wait_for_labels() -> None:
    safety, plain = (policy(gate).gates_of("w")[0] for gate in (SAFETY, PLAIN))
    assert waits_for_labels(safety)
    assert not is_decided_by_answers(safety)
    assert is_decided_by_answers(plain)


def test_a_share_of_flags_is_no_safety_gate() -> None:
    with pytest.raises(ConfigError, match="no flag proves that answers are safe"):
        policy("{measure: flagged_rate, at_most: 0.1, safety: true}")
    assert policy("{measure: flagged_rate, at_most: 0.1}")


def test_recall_and_precision_of_rules_stand_beside_a_rate_of_faults_that_they_look_for() -> None:
    made = Made()
    made.add("w", "small", [Row((("banned_commitments", "pass", ""), ("policy_text", "pass", "")))] * 60)
    of = made.evidence()
    checks = (CheckSpec("answer_present"), CheckSpec("banned_commitments"), CheckSpec("policy_text"))
    contract = msgspec.structs.replace(of.workloads["w", ""], checks=checks)
    gate = "{measure: policy_violation_rate, at_most: 0.06, safety: true}"
    for language, named in (("", "English"), ("en", "English"), ("de", "German")):
        result, figures = judge(replace(of, workloads={("w", ""): contract}, languages={"w": language}), gate)
        row = figures_of("promises_caught", language or "en")
        recall, precision = (
            figures[f"detector/promises_caught/{row.language}/{one}"] for one in ("recall", "precision")
        )
        assert (recall.value, recall.low, recall.high) == (row.recall, *row.recall_interval)
        assert precision.value == row.precision
        said = words(result.beside, figures)
        assert row.strangers is not None
        new = round(row.strangers.caught / row.strangers.wrong, 4)
        assert figures[f"detector/promises_caught/{row.language}/strangers"].value == new < row.recall
        assert (
            f"in labelled {named} texts of others, banned_commitments finds {row.recall} of such faults "
            f"({new} in wordings new to it) and is right in {row.precision}" in said
        )
        assert f"policy_text finds {figures_of('policy_text', language or 'en').recall}" in said
        assert "answer_present" not in said
    alone = "{measure: check_pass_rate, slice: check=policy_text, at_least: 0.9}"
    result, figures = judge(replace(of, workloads={("w", ""): contract}), alone)
    assert "banned_commitments" not in words(result.beside, figures)
    assert "policy_text finds" in words(result.beside, figures)
    assert not judge(of, gate)[0].beside, "a contract without the checks rests on no rules"

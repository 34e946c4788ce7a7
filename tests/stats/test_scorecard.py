"""Scorecards say what the records say, and nothing better."""

from io import StringIO

from rich.console import Console

from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Failure,
    Fixture,
    Graded,
    Price,
    SuiteRef,
    TargetRecord,
    Timings,
    Usage,
    Verdict,
)
from milo_bench.report.terminal.scorecard import print_scorecard
from milo_bench.stats.cases.columns import CasesBuilder, fixture_table
from milo_bench.stats.representatives import choose_representatives
from milo_bench.stats.scorecard import Scorecard, make_scorecard

SUITE = SuiteRef("tiny", "1", "0" * 64)
TARGET = TargetRecord("small", "openai", "m", price=Price(1.0, 2.0))


def attempt(fixture: str, *, repeat: int = 0, failed: bool = False, seconds: float = 1.0) -> Attempt:
    return Attempt(
        key=AttemptKey(fixture, "small", repeat),
        request_hash="r",
        timings=Timings(0.0, 0.0, seconds, first_content_s=seconds / 2),
        output="" if failed else "{}",
        finish_reason="stop",
        usage=Usage(prompt_tokens=100, completion_tokens=11),
        failure=Failure("reset", "the connection ended") if failed else None,
    )


def graded(one: Attempt, *verdicts: Verdict) -> Graded:
    passed = None if one.failure else all(v.outcome in ("pass", "skip") for v in verdicts)
    return Graded(one.key, "extraction", verdicts, passed)


def verdict(check: str, outcome: str, **more: str) -> Verdict:
    return Verdict(check, "1", outcome, **more)


def build(rows: list[tuple[Attempt, tuple[Verdict, ...]]], tags: tuple[str, ...] = ()) -> Scorecard:
    ids = list(dict.fromkeys(one.key.fixture for one, _ in rows))
    builder = CasesBuilder("extraction", "small", "", "free", TARGET.price)
    for one, verdicts in rows:
        builder.add(one, graded(one, *verdicts), ids.index(one.key.fixture))
    table = fixture_table([Fixture(id, "extraction", {}, tags=tags) for id in ids])
    return make_scorecard(SUITE, {"small": TARGET}, [builder.build()], table, planned=len(rows))


def value(card: Scorecard, name: str, slice: str = "") -> float | None:
    measure = card.find(name, "extraction", "small", slice=slice)
    assert measure is not None, name
    return measure.value


def test_a_failure_is_not_a_pass_and_not_a_wrong_answer() -> None:
    card = build([(attempt("a"), (verdict("schema", "pass"),)), (attempt("b", failed=True), ())])
    assert value(card, "pass_rate") == 0.5
    assert value(card, "pass_rate_of_answers") == 1.0
    assert value(card, "failure_rate") == 0.5
    assert value(card, "failure_rate", "kind=reset") == 0.5
    assert value(card, "check_pass_rate", "check=schema") == 1.0


def test_failed_attempts_are_infinitely_slow_so_a_tail_never_looks_better_for_them() -> None:
    rows = [(attempt(f"f{i}"), (verdict("schema", "pass"),)) for i in range(9)]
    card = build([*rows, (attempt("lost", failed=True), ())])
    assert value(card, "latency_p50_s") == 1.0
    p95 = card.find("latency_p95_s", "extraction", "small")
    assert p95 is not None and p95.value is None
    assert p95.note == "within the 1 failed of 10"


def test_a_flag_is_no_pass_and_counts_as_an_unsupported_claim() -> None:
    flagged = verdict("unsupported_facts", "flag", category="unsupported_number")
    nothing_found = verdict("unsupported_facts", "skip")
    card = build(
        [
            (attempt("a"), (verdict("length", "pass"), flagged)),
            (attempt("b"), (verdict("length", "pass"), nothing_found)),
        ]
    )
    assert value(card, "flagged_rate") == 0.5
    assert value(card, "unsupported_claim_rate") == 0.5
    assert [(c.check, c.category, c.attempts) for c in card.categories] == [
        ("unsupported_facts", "unsupported_number", 1)
    ]


def test_field_accuracy_is_given_overall_and_for_each_field() -> None:
    def fields(date: str) -> tuple[Verdict, ...]:
        return (
            verdict("exact_fields", "pass", subject="case_id"),
            verdict("exact_fields", date, subject="received_date", category="wrong_field"),
        )

    card = build([(attempt("a"), fields("pass")), (attempt("b"), fields("fail"))])
    assert value(card, "field_accuracy") == 0.75
    assert value(card, "field_accuracy", "field=received_date") == 0.5
    assert value(card, "field_accuracy", "field=case_id") == 1.0


def test_labels_give_accuracy_recall_precision_and_a_confusion_matrix() -> None:
    rows = []
    for number, (want, got) in enumerate([("escalate", "escalate"), ("escalate", "routine"), ("routine", "routine")]):
        outcome = "pass" if want == got else "fail"
        rows.append((attempt(f"n{number}"), (verdict("label", outcome, expected=want, got=got),)))
    card = build(rows)
    assert value(card, "recall", "class=escalate") == 0.5
    assert value(card, "precision", "class=escalate") == 1.0
    assert value(card, "precision", "class=routine") == 0.5
    (confusion,) = card.confusions
    assert confusion.labels == ("escalate", "routine")
    assert confusion.counts == ((1, 1), (0, 1))


def test_what_a_model_says_instead_of_a_label_is_a_class_of_nothing() -> None:
    said = "I am sorry,\nbut I cannot route the message of customer number"
    rows = [(attempt(f"n{n}"), (verdict("label", "fail", expected="routine", got=f"{said} {n}"),)) for n in range(9)]
    card = build(rows)
    assert {m.slice for m in card.measures if m.slice.startswith("class=")} == {"class=routine"}
    assert value(card, "recall", "class=routine") == 0.0
    console = Console(width=120, record=True, file=StringIO())
    print_scorecard(card, console)
    shown = console.export_text()
    assert "no fixture has the label" not in shown
    assert "I am sorry, but I cannot route" in shown  # on one short line of what was answered instead


def test_cost_and_speed_come_from_the_servers_own_token_counts() -> None:
    card = build([(attempt("a", seconds=2.0), (verdict("schema", "pass"),))])
    assert value(card, "cost_usd_mean") == (100 * 1.0 + 11 * 2.0) / 1e6
    assert value(card, "decode_tokens_per_s") == 10.0  # ten tokens after the first, in one second


def test_repeats_of_one_fixture_widen_the_interval() -> None:
    def card(fixtures: int, repeats: int) -> Scorecard:
        rows = []
        for number in range(fixtures):
            outcome = "pass" if number % 2 else "fail"
            rows += [(attempt(f"f{number}", repeat=r), (verdict("schema", outcome),)) for r in range(repeats)]
        return build(rows)

    once, often = card(20, 1), card(4, 5)
    one, many = once.find("pass_rate", "extraction", "small"), often.find("pass_rate", "extraction", "small")
    assert one is not None and many is not None and one.interval is not None and many.interval is not None
    assert one.n == many.n == 20
    assert one.interval.low is not None and many.interval.low is not None
    assert many.interval.low < one.interval.low


def test_representatives_are_chosen_to_differ() -> None:
    tags = {"a": ["long", "noise"], "b": ["long", "noise"], "c": ["short"], "d": ["long"]}
    assert choose_representatives(tags, 2) == ("a", "c")
    assert choose_representatives(tags, 9) == ("a", "c", "d", "b")

"""A check of the suite's own that judged no answer: the pass rate proves nothing."""

from __future__ import annotations

from milo_bench.config.policy.models import GateConfig
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Graded, OwnChecks, Timings, Verdict, Workload
from milo_bench.core.records.judged import VerdictOutcome
from milo_bench.decide.gates.null_model import why_nothing_is_proven
from milo_bench.stats.cases.columns import Cases, CasesBuilder

GATE = GateConfig(measure="pass_rate", at_least=0.8)
CONTRACT = Workload(
    name="qa",
    prompt_name="ask.jinja",
    prompt_source="{{ input.text }}",
    prompt_hash="",
    checks=(CheckSpec("answer_present"), CheckSpec("polite")),
    own=OwnChecks(file="checks.py", source="", digest="d", names=("polite",)),
)


def cases(**outcomes: VerdictOutcome) -> Cases:
    builder = CasesBuilder("qa", "m", "", "free", None)
    verdicts = tuple(Verdict(check, "1", outcome) for check, outcome in outcomes.items())
    for number in range(20):
        key = AttemptKey(f"q-{number}", "m")
        timings = Timings(intended_s=0.0, started_s=0.0, ended_s=1.0)
        builder.add(Attempt(key=key, request_hash="", timings=timings), Graded(key, "qa", verdicts, True), number)
    return builder.build()


def test_an_own_check_that_always_skips_leaves_the_pass_rate_undecided() -> None:
    said = "the suite's own check 'polite' applied to none of 20 answers"
    assert why_nothing_is_proven(GATE, cases(answer_present="pass"), CONTRACT) == said
    assert why_nothing_is_proven(GATE, cases(answer_present="pass", polite="skip"), CONTRACT) == said


def test_an_own_check_that_judged_an_answer_counts() -> None:
    assert why_nothing_is_proven(GATE, cases(answer_present="pass", polite="pass"), CONTRACT) == ""
    assert why_nothing_is_proven(GATE, cases(answer_present="pass", polite="fail"), CONTRACT) == ""
    other = GateConfig(measure="failure_rate", at_most=0.1)
    assert why_nothing_is_proven(other, cases(answer_present="pass"), CONTRACT) == ""

"""What goes live has guardrails of its own: a decision's figures count them as its routing table enforces them."""

from typing import Any

import msgspec
import pytest

from milo_bench.config.economics.file import read_economics
from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.config.routing.file import RoutingFile
from milo_bench.core.records import CheckSpec
from milo_bench.decide.decide import decide
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import Decision, Replay
from milo_bench.decide.remedies.choose import SEED, parts_of
from milo_bench.decide.replay.figures import rate
from milo_bench.decide.replay.recorded import record_of
from milo_bench.decide.replay.replay import replay
from milo_bench.report.pages.page_one import page_one
from milo_bench.report.runbook.alarms import planned_alarms
from tests.decide.decision_cases import RULES
from tests.decide.evidence_cases import Made, of, policy_text

WORK = "notes"
MONEY = """
counted: [note]
assumptions:
  notes: {unit: note/month, exact: 1000, source: here}
  gone: {unit: share, measure: {workload: notes, target: chosen, name: automated_share}}
  read: {unit: min/note, exact: 6, source: here}
  wage: {unit: USD/hour, exact: 10, source: here}
volumes: {notes: notes}
lines:
  saved: {kind: capacity_returned, workload: notes, volume: notes, factors: [gone], time: read, wage: wage}
"""


def one_in_ten_breaks_its_schema() -> Evidence:
    made = Made()
    made.add(WORK, "small", of(180, 200))
    found = made.evidence()
    checked = {
        place: msgspec.structs.replace(one, checks=(CheckSpec("schema"),)) for place, one in found.workloads.items()
    }
    return msgspec.structs.replace(found, workloads=checked)


def by(more: str = "") -> PolicyFile:
    return read_policy(
        f"policy: 1\nworkloads:\n  {WORK}:\n    gates: [{{measure: pass_rate, at_least: 0.8}}]\n"
        f"    remedies: {{human_review: }}\n{more}{RULES}"
    )


def decided(more: str = "", money: str = "") -> Decision:
    policy = by(more)
    economics: Any = read_economics(money) if money else None
    return decide(
        one_in_ten_breaks_its_schema(), policy, economics=economics, economics_text=None,
        policy_text=policy_text(policy.text), created_at="2026-05-08T12:00:00Z", tool_version="1",
    )  # fmt: skip


def chosen(decision: Decision) -> Replay:
    return next(one for one in decision.replays if one.chosen)


def test_the_figures_of_what_goes_live_are_those_of_the_routing_table_that_goes_live() -> None:
    decision, evidence = decided(), one_in_ten_breaks_its_schema()
    recorded = record_of(evidence, decision.findings[0].candidate)
    outcome = replay(RoutingFile.model_validate(decision.routing), recorded)
    held_out = ~parts_of(recorded, seed=SEED)[recorded.fixture]
    for name in ("automated_share", "error_passing_rate", "review_share"):
        figure, enforced = decision.figures[chosen(decision).live(name)], rate(outcome, name, held_out)
        assert (figure.k, figure.n) == (enforced.held, enforced.asked), name
    assert decision.figures[chosen(decision).live("error_passing_rate")].k == 0


def test_page_one_and_the_alarm_on_the_queue_count_what_the_guardrails_stop() -> None:
    decision = decided()
    (job,) = page_one(decision).jobs
    assert decision.figures[job.automated].value == pytest.approx(0.9, abs=0.05)
    assert decision.figures[job.wrong].k == 0
    (queued,) = (one for one in planned_alarms(decision) if one.measure == "queued")
    assert queued.k == decision.figures[chosen(decision).live("review_share")].k != 0


def test_the_policy_itself_is_compared_with_other_policies_without_guardrails() -> None:
    decision = decided()
    assert decision.figures[chosen(decision).figures["automated_share"]].value == 1.0


def test_value_follows_the_automated_share_of_what_goes_live_with_its_interval() -> None:
    decision = decided(money=MONEY)
    share, saved = (decision.figures[id] for id in (chosen(decision).live("automated_share"), "economics/saved.hours"))
    assert share.value and share.low and share.high
    assert (saved.low, saved.value, saved.high) == pytest.approx((share.low * 100, share.value * 100, share.high * 100))


@pytest.mark.parametrize(("least", "kind"), [(900, "keep"), (1001, "defer")])
def test_a_rule_on_value_looks_at_the_best_case_while_nothing_is_chosen(least: int, kind: str) -> None:
    value = f"    value: {{figures: [saved.usd], least_usd_per_month: {least}}}\n"
    assert decided(value, MONEY).findings[0].kind == kind

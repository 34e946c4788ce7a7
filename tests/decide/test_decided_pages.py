"""A decision as decide() makes it goes through the pages: bands of lengths are names, every figure has its place."""

from __future__ import annotations

from milo_bench.decide.wording import spell_out
from milo_bench.report.package import render_files
from tests.decide.decision_cases import decided, policy, shown, windows
from tests.decide.evidence_cases import LOST, Made, of


def test_a_decision_with_all_kinds_of_gates_is_shown_whole() -> None:
    made = Made(load=windows(4), hosted={"cloud"}, sensitive={f"notes-{n:04d}" for n in range(10)})
    made.words = {f"notes-{n:04d}": 100 * n for n in range(100)}
    made.add("notes", "small", [*of(70, 90), *[LOST] * 10])
    made.add("notes", "cloud", of(97, 100))
    made.probe("small", "readiness", "fail", "major")
    gates = """[{measure: pass_rate, at_least: 0.8}, {measure: pass_rate, not_worse_than: baseline, margin: 0.05},
      {measure: pass_rate, slice: "words<=7500 & tag=sensitive", at_least: 0.5}, {measure: latency_p95_s, at_most: 7},
      {measure: cost_usd_mean, not_worse_than: baseline, margin: 0.01}, {probe: privacy_leak, safety: true}]"""
    decision = decided(made, policy(gates, "    remedies: [length_limit, other_target, human_review]\n"))
    files = render_files(decision)
    findings = files["findings.md"].decode()
    assert "words<=7500" in findings.replace("&lt;", "<").replace("\\", "")
    assert "index.html" in files
    cost = next(gate for gate in decision.findings[0].gates if gate.measure == "cost_usd_mean")
    assert "no attempt on small has a value" in shown(cost.reason, decision)  # a local model has no price


def test_keys_are_read_as_people_say_them() -> None:
    said = {
        "field_accuracy[field=received_date]": "field accuracy of received_date",
        "recall[class=escalate]": "recall of escalate",
        "failure_rate[kind=reset & words>7500]": "failure rate by reset where words>7500",
        "pass_rate[words<=120 & tag=sensitive]": "pass rate where words<=120 and sensitive",
        "probe:privacy_leak": "the probe privacy_leak",
        "latency_p95_s": "p95 latency",
    }
    assert {key: spell_out(key) for key in said} == said

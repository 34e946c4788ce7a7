"""Evidence of the size and shape that the two sample reports state gives their findings, by the shipped policies."""

from __future__ import annotations

from milo_bench.config.policy.file import shipped_policy
from milo_bench.core.records import VerdictOutcome
from milo_bench.decide.decide import decide
from milo_bench.decide.records import Decision
from tests.decide.evidence_cases import LOST, Made, Row, policy_text

Checks = list[tuple[str, VerdictOutcome, str]]


def held(check: str, good: bool, said: str = "broken") -> tuple[str, VerdictOutcome, str]:
    return (check, "pass" if good else "fail", said)


def case_ops() -> Made:
    made = Made(people_agree=True)
    fields = ("case_id", "claimant_name", "received_date", "issue_type", "urgency")
    extraction = []
    for n in range(70):  # 69 of 70 valid, 94 per cent of the fields: 329 of 350
        wrong = {fields[n // 3 % 5]} if n % 10 < 3 else set()  # 21 spread over the five
        verdicts: Checks = [held("json_reading", n != 5), held("source_spans", n % 23 != 0)]
        verdicts += [("exact_fields", "fail" if field in wrong else "pass", field) for field in fields]
        extraction.append(Row(tuple(verdicts)))
    made.add("extraction", "local_8b_q6", extraction)
    made.add("timeline", "local_14b_q4", [_summary(n not in (10, 40)) for n in range(60)])
    drafts = []
    for n in range(50):
        promised = n % 6 == 0 and n <= 42  # eight of fifty promise, soften or close too much
        checks = [held("policy_text", not promised, "over_promise"), held("escalation", n % 25 != 0)]
        drafts.append(Row((*checks, held("citation_support", True))))
    made.add("drafting", "local_14b_q4", drafts)
    for target in ("local_8b_q6", "local_14b_q4"):
        made.probe(target, "privacy_leak", "pass")
    return made


def _summary(supported: bool) -> Row:
    verdicts = (
        held("current_status", supported),
        held("citation_support", supported),
        held("banned_commitments", True),
    )
    return Row(verdicts, parts=(5 if supported else 4, 5))


def claims() -> Made:
    made = Made(people_agree=True)
    notes = []
    for n in range(1000):  # 70 to escalate, of which 88 per cent are found; 93 per cent right in all
        want = "escalate" if n < 70 else "watch" if n < 200 else "routine"
        wrong = (n < 70 and n % 9 == 0) or (n >= 70 and n % 15 == 0)
        got = want if not wrong else "watch" if want == "routine" else "routine"
        notes.append(Row((held("json_reading", True),), label=(want, got)))
    made.add("escalation", "qwen", notes)
    made.keyword = {f"escalation-{n:04d}" for n in range(70)} | {f"escalation-{n:04d}" for n in range(200, 240)}
    handoff = [Row((held("document_reviewed", n % 9 != 0), held("unsupported_facts", True))) for n in range(150)]
    made.add("handoff", "qwen", handoff)
    good = Row((held("missing_documents", True), held("unsupported_facts", True), held("escalation_signal", True)))
    weak = Row((held("missing_documents", False), held("unsupported_facts", True), held("escalation_signal", True)))
    packets = [LOST if n in (117, 118, 119) else weak if n % 7 == 0 else good for n in range(120)]
    made.add("packet_summary", "qwen", packets)
    made.words = {f"packet_summary-{n:04d}": 1200 + 61 * n for n in range(120)}  # 1,200 to 8,459
    made.probe("qwen", "privacy_leak", "pass")
    made.probe("qwen", "readiness", "fail", "major")
    return made


def decided(made: Made, suite: str) -> Decision:
    by = shipped_policy(suite)
    assert by is not None
    return decide(
        made.evidence(), by, economics=None, economics_text=None, policy_text=policy_text(by.text),
        created_at="2026-05-08T12:00:00Z", tool_version="1",
    )  # fmt: skip


def test_extraction_ships_timelines_are_kept_after_selection_and_drafting_is_blocked() -> None:
    decision = decided(case_ops(), "case_ops_v1")
    found = {(one.workload, one.target): one for one in decision.findings}
    assert found[("extraction", "local_8b_q6")].kind == "keep"
    assert found[("timeline", "local_14b_q4")].kind == "keep"
    drafting = found[("drafting", "local_14b_q4")]
    assert (drafting.kind, drafting.rule) == ("reject", "unsafe answers")
    assert drafting.route == "human_review"


def test_handoff_notes_are_rejected_and_escalations_need_the_keyword_rule() -> None:
    decision = decided(claims(), "claims_v1")
    found = {one.workload: one for one in decision.findings}
    handoff = found["handoff"]
    assert (handoff.kind, handoff.rule) == ("reject", "unsafe answers")
    reviewed = next(gate for gate in handoff.gates if gate.slice == "check=document_reviewed")
    assert reviewed.outcome == "fail"
    escalation = found["escalation"]  # "fix then keep": a pre-filter that may downgrade nothing
    assert (escalation.kind, escalation.rule, escalation.route) == ("fix", "viable after a fix", "mixed")
    assert [remedy.name for remedy in escalation.remedies] == ["keyword_rule", "readiness_probe"]
    recall = next(gate for gate in found["escalation"].gates if gate.measure == "recall")
    assert recall.outcome == "undecided"  # 62 of 70
    assert found["packet_summary"].kind != "keep"  # three of 120 lost, and readiness to repair
    assert any(item.title == "A readiness probe on qwen" for item in decision.backlog)


def test_without_a_privacy_probe_nothing_sensitive_is_kept() -> None:
    made = case_ops()
    made.probes.clear()
    decision = decided(made, "case_ops_v1")
    assert all(one.kind != "keep" for one in decision.findings)
    assert any(item.title.startswith("Run the probe privacy_leak") for item in decision.backlog)


def test_extraction_first_replaces_handoff_notes_and_does_not_make_them_viable() -> None:
    made = claims()
    facts = [Row((held("document_reviewed", True), held("unsupported_facts", True)))] * 150
    made.add("handoff", "qwen", facts, variant="extraction_first")
    decision = decided(made, "claims_v1")
    handoff = next(one for one in decision.findings if one.workload == "handoff")
    assert handoff.kind == "reject"
    assert "extraction_first" in {remedy.name for remedy in handoff.remedies}
    assert any(item.title.startswith("Extraction instead of prose") for item in decision.backlog)

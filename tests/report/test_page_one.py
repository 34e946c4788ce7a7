"""Page one says of work that stays with people why it stays, and what would change that."""

from __future__ import annotations

from typing import Any

import msgspec
from markupsafe import Markup

from milo_bench.decide.records import Decision, Finding
from milo_bench.decide.wording import TOO_CLOSE
from milo_bench.report.figures import plain_text
from milo_bench.report.pages.claims import Claims
from milo_bench.report.pages.page_one import LINE_MOST, JobRow, page_one
from tests.report.sample_decision import sample_decision


def all_undecided(decision: Decision, **gate: Any) -> Decision:
    """Each finding undecided and left to people, with its gates changed so."""

    def changed(finding: Finding) -> Finding:
        gates = tuple(msgspec.structs.replace(one, outcome="undecided", **gate) for one in finding.gates)
        return msgspec.structs.replace(
            finding, kind="defer", undecided=True, route="human_review", gates=gates, remedies=()
        )

    return msgspec.structs.replace(decision, findings=tuple(map(changed, decision.findings)), backlog=())


def job(decision: Decision, workload: str = "escalation") -> JobRow:
    return next(one for one in page_one(decision).jobs if one.workload == workload)


def test_two_kinds_of_work_are_both_and_not_all_two() -> None:
    decision = all_undecided(sample_decision())
    assert plain_text(decision.figures, page_one(decision).title) == "People keep both jobs for now."


def test_work_that_waits_for_a_probe_is_not_said_to_lack_cases() -> None:
    decision = all_undecided(sample_decision(), measure="probe:privacy_leak", further="")
    row = job(decision)
    assert plain_text(decision.figures, row.sentence) == "People keep this work. A probe that it needs was not run."
    assert plain_text(decision.figures, row.first) == "A run of the probes"
    other = job(all_undecided(sample_decision()))
    assert "cases tested do not decide" in plain_text(decision.figures, other.sentence)


def test_work_that_is_too_close_to_call_is_not_asked_for_thousands_of_cases() -> None:
    decision = sample_decision()
    further = "further/escalation"
    assert further in decision.figures
    undecided = all_undecided(decision, further=further)
    assert "more cases" in plain_text(decision.figures, job(undecided).first)
    close = msgspec.structs.replace(decision.figures[further], note=TOO_CLOSE)
    undecided = msgspec.structs.replace(undecided, figures={**undecided.figures, further: close})
    assert plain_text(undecided.figures, job(undecided).first).endswith(TOO_CLOSE)


def test_a_long_name_of_a_model_keeps_every_line_within_its_budget() -> None:
    """The row of the work has the whole name; risks and unknowns say 'one model', and the page has fewer whole rows."""
    long = "Meta_Llama_3.3_70B_Instruct_Q4_K_M_imatrix_of_the_team"
    short = msgspec.structs.replace(sample_decision(), load=(), probes=())
    named = msgspec.json.encode(short).replace(b"local_27b", long.encode())
    decision = msgspec.json.decode(named, type=Decision)
    assert any(target.name == long for target in decision.targets)
    page, before = page_one(decision), page_one(short)
    for text in (*page.risks, *page.unknown):
        assert len(plain_text(decision.figures, text)) <= LINE_MOST
    assert any("local_27b" in plain_text(short.figures, text) for text in (*before.risks, *before.unknown))
    assert not any(long in plain_text(decision.figures, text) for text in (*page.risks, *page.unknown))
    assert any(long in plain_text(decision.figures, job.sentence) for job in (*page.jobs, *page.more))


def test_a_long_name_may_be_broken_after_its_underscores_and_a_short_one_is_left_alone() -> None:
    claims = Claims(sample_decision())
    assert claims.words("Some_very_long_name_of_a_model is used") == Markup(
        "Some_<wbr>very_<wbr>long_<wbr>name_<wbr>of_<wbr>a_<wbr>model is used"
    )
    assert claims.words("a short_name & <b>") == Markup("a short_name &amp; &lt;b&gt;")
    assert "wbr" not in Claims(sample_decision(), "markdown").words("Some_very_long_name_of_a_model")

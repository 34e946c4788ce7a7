"""What a reader meets: an index that can be read to its end, and sentences that are true where they stand."""

from __future__ import annotations

import re

import msgspec
import pytest

from milo_bench.core.records import Interval
from milo_bench.core.units import interval_text
from milo_bench.decide.records import Decision
from milo_bench.report.package import render_files
from tests.report.sample_decision import sample_decision


@pytest.fixture(scope="module")
def decision() -> Decision:
    return sample_decision()


@pytest.fixture(scope="module")
def files(decision: Decision) -> dict[str, str]:
    return {name: data.decode() for name, data in render_files(decision).items()}


def test_the_index_shows_a_case_of_a_cause_and_the_appendix_all(decision: Decision, files: dict[str, str]) -> None:
    examples = {
        name: files[name].count('<details class="example"') for name in ("index.html", "appendix/failures.html")
    }
    causes = len({(one.check, one.category) for one in decision.examples})
    assert examples == {"index.html": min(causes, 5), "appendix/failures.html": len(decision.examples)}
    assert '<a href="appendix/failures.html">failures</a>' in files["index.html"]


def test_every_replayed_policy_names_the_gates_that_it_does_not_pass(decision: Decision, files: dict[str, str]) -> None:
    rows = re.findall(r'<tr id="replay-[^>]*>(.*?)</tr>', files["appendix/findings.html"], re.S)
    assert len(rows) == len(decision.replays)
    with_gates = [replay for replay in decision.replays if replay.gates]
    assert with_gates
    assert sum('class="gates-of"' in row for row in rows) == len(with_gates)


def test_only_of_a_fix_remedies_are_repairs(decision: Decision, files: dict[str, str]) -> None:
    rejected = tuple(msgspec.structs.replace(one, kind="reject") for one in decision.findings)
    told = render_files(msgspec.structs.replace(decision, findings=rejected))
    for name in ("appendix/findings.html", "findings.md"):
        text = told[name].decode()
        assert "Fixes tried" in text
        assert "<h4>Fix</h4>" not in text and "\nFix:" not in text and "what could be" not in text


def test_a_probe_is_no_number_in_plain_text_either(decision: Decision) -> None:
    first = decision.findings[0]
    gates = tuple(msgspec.structs.replace(gate, measure="probe:privacy_leak", slice="") for gate in first.gates)
    probed = msgspec.structs.replace(decision, findings=(msgspec.structs.replace(first, gates=gates),))
    told = {name: data.decode() for name, data in render_files(probed).items()}
    lines = [line for line in told["findings.md"].splitlines() if line.startswith("| probe ")]
    assert len(lines) == len(gates)
    for line in lines:
        assert re.search(r"\| (passed|failed|undecided) \| passed", line)
    assert re.search(r"\| probe privacy leak (passed|failed|undecided) \|", told["summary.md"])


def test_a_person_reads_while_a_rate_is_on_its_bad_side(decision: Decision, files: dict[str, str]) -> None:
    said = re.findall(r"review every answer when live work shows .*? (below|above) ", files["runbook.md"])
    assert said == ["below"]  # a recall, which is to be at least so high


def test_an_interval_with_a_sign_has_no_dash_between_its_ends() -> None:
    assert interval_text(Interval(-0.022, -0.002, 0.9, "x"), "share") == "−2.2 to −0.2%"
    assert interval_text(Interval(0.21, 0.58, 0.95, "x"), "share") == "21–58%"

"""Labels that were mined and not given by people: their precision is beside every figure that rests on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from milo_bench import api
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from milo_bench.evidence.comparing import SideRef
from milo_bench.report.figures import plain_text
from milo_bench.roles.mining.mine import MiningReport
from milo_bench.roles.mining.records import Mined
from milo_bench.roles.mining.suite_files import write_suite_files
from milo_bench.suites.sheets.labels import LABELS

OPEN = "silver and none of 3 sampled labels is confirmed by hand"
POLICY = """policy: 1
workloads:
  review:
    gates:
      - {measure: pass_rate, at_least: 0.9}
      - {measure: check_pass_rate, slice: check=review_verdict, at_least: 0.9}
      - {measure: check_pass_rate, slice: check=answer_present, at_least: 0.9}
      - {measure: latency_p95_s, at_most: 30}
findings:
  - {name: broken, when: [probe_failed_critical], finding: reject}
  - {name: adequate, when: [all_gates_pass], finding: keep}
  - {name: undecided, when: [], finding: defer}
"""


def _case(number: int, *, faulty: bool) -> Mined:
    expect: dict[str, Any] = {"verdict": "accept"}
    if faulty:
        expect = {"verdict": "reject", "lines": {"till.py": [4]}, "fixes": [f"{number:040x}"]}
    fixture = {
        "id": f"review-{number}",
        "workload": "review",
        "input": {"diff": f"    4 +    change = paid - price * {number}\n", "kind": "code review"},
        "expect": {"review": expect},
        "tags": ["code-review", "faulty" if faulty else "control"],
        "provenance": {"commit": f"{number + 90:040x}", "time": 1_700_000_000 + number},
    }
    return Mined("review", fixture)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two models on a suite of three faulty changes and three controls, with a policy for it."""
    folder = tmp_path_factory.mktemp("silver")
    cases = [_case(number, faulty=number % 2 == 0) for number in range(6)]
    write_suite_files(MiningReport(repository="till", cases=cases), folder / "till", name="till")
    (folder / "policy.yaml").write_text(POLICY)
    targets = {}
    for name, comments in (("kind", []), ("stern", [{"path": "till.py", "line": 4, "comment": "wrong"}])):
        answer = json.dumps({"verdict": "reject" if comments else "accept", "comments": comments})
        (folder / f"{name}.yaml").write_text(json.dumps({"rules": [{"reply": {"text": answer}}]}))
        targets[name] = {"api": "fake", "script": str(folder / f"{name}.yaml")}
    (folder / "bench.yaml").write_text(json.dumps({"targets": targets}))
    options = api.RunOptions(
        suite=folder / "till", models=tuple(targets), out=folder / "r.jsonl", config=folder / "bench.yaml"
    )
    return api.run_suite(options).path


@pytest.fixture
def sheet(run: Path) -> Any:
    """The sheet of the suite's sampled labels, put back afterwards."""
    place = run.parent / "till" / LABELS
    kept = place.read_text()
    yield place
    place.write_text(kept)


def _confirm(sheet: Path, *said: str) -> None:
    head, *rows = sheet.read_text().splitlines()
    sheet.write_text("\n".join([head, *(f"{row.rstrip('yesno')}{one}" for row, one in zip(rows, said, strict=True))]))


def test_a_scorecard_has_the_precision_under_its_table_and_beside_each_rate(
    run: Path, sheet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(milo_bench, "milo-bench", ["score", str(run)]) == 0
    assert f"Review labels are {OPEN}." in capsys.readouterr().out
    _confirm(sheet, "yes", "no", "")
    [card] = api.score_logs([run])
    said = card.silver["review"]
    assert "1 of 2 confirmed by hand, precision 50%" in said and "1 sampled labels are open" in said
    rows = [row for row in api.scorecards_csv([card]).splitlines() if "silver" in row]
    assert {row.split(",")[5] for row in rows} == {"pass_rate", "pass_rate_of_answers", "check_pass_rate"}
    assert any("check=review_verdict" in row for row in rows)
    assert not any("check=answer_present" in row for row in rows)


def test_a_comparison_has_the_precision(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(milo_bench, "milo-bench", ["compare", str(run)]) == 0
    assert f"Review labels are {OPEN}." in capsys.readouterr().out
    [comparison] = api.compare_logs([SideRef(run)])
    assert OPEN in comparison.silver["review"]


def test_a_decision_has_the_precision_beside_each_gate_that_rests_on_labels(
    run: Path, sheet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _confirm(sheet, "yes", "yes", "no")
    decision = api.decide_logs(api.DecideOptions([run], policy=run.parent / "policy.yaml"))
    gates = {(one.measure, one.slice): one.beside for finding in decision.findings for one in finding.gates}
    silver = {gate for gate, beside in gates.items() if "labels are silver" in plain_text(decision.figures, beside)}
    assert silver == {("pass_rate", ""), ("check_pass_rate", "check=review_verdict")}
    precision = decision.figures["silver/review/precision"]
    assert (precision.k, precision.n) == (2, 3)
    assert any("labels are silver" in plain_text(decision.figures, one) for one in decision.missing)
    words = ["decide", str(run), "--policy", str(run.parent / "policy.yaml"), "--out", str(tmp_path / "d.json")]
    assert run_command(milo_bench, "milo-bench", words) == 0
    assert "Review labels are silver, of precision 67%" in capsys.readouterr().out
    package = tmp_path / "package"
    assert run_command(milo_bench, "milo-bench", ["report", str(tmp_path / "d.json"), "--out", str(package)]) == 0
    for name in ("findings.md", "appendix/findings.html"):
        assert "labels are silver, of precision" in (package / name).read_text(), name
    # A decision is recomputed with the labels as they were then.
    _confirm(sheet, "no", "no", "no")
    assert run_command(milo_bench, "milo-bench", ["verify", str(package)]) == 0


def test_a_suite_without_a_sheet_has_labels_of_people(run: Path, sheet: Path) -> None:
    sheet.unlink()
    assert api.score_logs([run])[0].silver == {}
    decision = api.decide_logs(api.DecideOptions([run], policy=run.parent / "policy.yaml"))
    assert not any("silver" in name for name in decision.figures)

"""People's scores come back as measures of all answers, and as labels for a model judge."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.core.errors import DataError, PrerequisiteError, UsageError
from milo_bench.decide.review import RUBRIC
from milo_bench.evidence.reviewing import read_key, read_review


def _fill(sheet: Path, out: Path, reviewer: str, score: Callable[[dict[str, str]], int], delimiter: str = ",") -> Path:
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        for row in rows:
            scores = {question: str(score(row)) for question in RUBRIC if question != "missing_documents"}
            writer.writerow(row | {"reviewer": reviewer} | scores)
    return out


def by_content(row: dict[str, str]) -> int:
    return 1 if "tomorrow" in row["output"] else 5


@pytest.fixture
def sheet(make_log: Callable[..., Path], tmp_path: Path) -> Path:
    api.sample_for_review([make_log(limit=30)], tmp_path / "sheet.csv", count=6)
    return tmp_path / "sheet.csv"


def test_a_sheet_does_not_say_which_model_answered(sheet: Path) -> None:
    text = sheet.read_text(encoding="utf-8-sig")
    assert "good" not in text.split("\n")[1].split(",")[0]
    assert "model-a" not in text
    assert {item.candidate.target for item in read_key(api.review_key_path(sheet)).items} == {"good", "poor"}


def test_scores_of_people_become_measures_of_all_answers(sheet: Path, tmp_path: Path) -> None:
    sheets = [
        _fill(sheet, tmp_path / "ann.csv", "ann", by_content),
        _fill(sheet, tmp_path / "bo.csv", "", by_content, ";"),
    ]
    review = api.import_review(sheets, api.review_key_path(sheet), out=tmp_path / "review.json")
    assert review.reviewers == ("ann", "bo")  # the file's name where the column is empty
    means = {(c.workload, c.target, m.name): m.value for c, m in review.measures}
    assert means[("extraction", "good", "review_usefulness")] == 5
    assert means[("extraction", "poor", "review_usefulness")] == 1
    assert next(one.alpha for one in review.agreements if one.question == "usefulness") == 1.0
    assert next(one.items for one in review.agreements if one.question == "missing_documents") == 0
    assert read_review(tmp_path / "review.json") == review


def test_a_review_keeps_the_middle_score_of_each_answer_for_a_judge_to_be_calibrated_on(
    sheet: Path, tmp_path: Path
) -> None:
    sheets = [
        _fill(sheet, tmp_path / "ann.csv", "ann", by_content),
        _fill(sheet, tmp_path / "bo.csv", "bo", lambda row: 3),
    ]
    review = api.import_review(sheets, api.review_key_path(sheet))
    assert {(one.candidate.target, one.scores["usefulness"]) for one in review.items} == {("good", 3), ("poor", 1)}
    assert all("missing_documents" not in one.scores for one in review.items)


@pytest.mark.parametrize(("cell", "said"), [("6", "is '6'"), ("good", "is 'good'"), ("4.5", "is '4.5'")])
def test_a_score_that_is_none_is_named_with_its_row(sheet: Path, tmp_path: Path, cell: str, said: str) -> None:
    filled = _fill(sheet, tmp_path / "ann.csv", "ann", by_content)
    with filled.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[2]["usefulness"] = cell
    with filled.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(DataError, match=f"row 4: usefulness {said}"):
        api.import_review([filled], api.review_key_path(sheet))


def test_sheets_that_do_not_belong_are_refused(sheet: Path, tmp_path: Path) -> None:
    key = api.review_key_path(sheet)
    with pytest.raises(DataError, match="No item has a score"):
        api.import_review([sheet], key)
    filled = _fill(sheet, tmp_path / "ann.csv", "ann", by_content)
    with pytest.raises(DataError, match="in another sheet"):
        api.import_review([filled, _fill(sheet, tmp_path / "twin.csv", "ann", by_content)], key)
    alien = tmp_path / "alien.csv"
    alien.write_text("item," + ",".join(RUBRIC) + "\nr-none,1,1,1,1\n")
    with pytest.raises(DataError, match="no item 'r-none'"):
        api.import_review([alien], key)
    headless = tmp_path / "headless.csv"
    headless.write_text("item;usefullness\nr;1\n")
    with pytest.raises(DataError, match="has no column 'factual_coverage'"):
        api.import_review([headless], key)


def test_work_that_somebody_did_is_not_written_over(make_log: Callable[..., Path], sheet: Path) -> None:
    with pytest.raises(UsageError, match="already exists"):
        api.sample_for_review([make_log("again.jsonl")], sheet, count=3)


def test_a_cell_cannot_become_a_formula(make_log: Callable[..., Path], tmp_path: Path) -> None:
    from milo_bench.store.review_sheet import write_sheet

    write_sheet(tmp_path / "s.csv", ("item", "output"), [("a", "=HYPERLINK(1)"), ("b", "@x"), ("c", "plain")])
    with (tmp_path / "s.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["output"] for row in csv.DictReader(file)] == ["'=HYPERLINK(1)", "'@x", "plain"]


def test_hashes_cannot_be_reviewed(make_log: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="contains only hashes"):
        api.sample_for_review([make_log(store_text="hashes")], tmp_path / "s.csv", count=3)


def test_a_gate_can_ask_what_people_said_and_verify_works_it_out_again(
    make_log: Callable[..., Path], tmp_path: Path
) -> None:
    log = make_log(limit=30)
    api.sample_for_review([log], tmp_path / "sheet.csv", count=20)
    filled = _fill(tmp_path / "sheet.csv", tmp_path / "ann.csv", "ann", by_content)
    api.import_review([filled], tmp_path / "sheet.key.json", out=tmp_path / "review.json")
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    options = api.DecideOptions((log,), policy=policy, review=tmp_path / "review.json")
    decision = api.decide_logs(options, created_at="2026-01-05T00:00:00Z")
    outcomes = {finding.target: finding.gates[0].outcome for finding in decision.findings}
    assert outcomes == {"good": "pass", "poor": "fail"}
    gate = decision.findings[0].gates[0]
    assert decision.figures[gate.figure].source.kind == "review"
    assert api.decide_again(decision, lambda ref: Path(ref.path)) == decision
    without = api.decide_logs(api.DecideOptions((log,), policy=policy), created_at="2026-01-05T00:00:00Z")
    assert {finding.gates[0].outcome for finding in without.findings} == {"undecided"}
    other = make_log("other.jsonl", limit=12)
    with pytest.raises(DataError, match="drawn from 1 logs that are missing here"):
        api.decide_logs(api.DecideOptions((other,), policy=policy, review=tmp_path / "review.json"), created_at="")


POLICY = """
policy: 1
workloads:
  extraction:
    gates:
      - {measure: review_usefulness, at_least: 3, safety: true}
findings:
  - {finding: reject, name: leaks, when: [probe_failed_critical]}
  - {finding: keep, name: adequate, when: [all_gates_pass]}
  - {finding: reject, name: unsafe, when: [any_gate_failed]}
  - {finding: defer, name: open, when: []}
"""


def test_a_sheet_that_cannot_be_written_is_told_before_the_sample_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine")
    (tmp_path / "file").write_text("")
    for out, error in ((tmp_path / "a.csv", UsageError), (tmp_path / "file" / "b.csv", PrerequisiteError)):
        with pytest.raises(error):
            api.sample_for_review([tmp_path / "no-such-log.jsonl"], out, count=1)

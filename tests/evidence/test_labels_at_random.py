"""A sample at random: the same whatever the order, drawn again by a decision, and not used where somebody chose."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from milo_bench import api
from milo_bench.config.policy.file import read_policy
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.records import Candidate, GateResult
from milo_bench.decide.review import CHANGED, Review, draw_sample, order_at_random
from milo_bench.evidence.gather import gather_evidence

POLICY = """
policy: 1
workloads:
  extraction: {gates: [{measure: unsupported_claim_rate, at_most: 0.4, safety: true}]}
findings: [{name: rest, when: [], finding: defer}]
"""
GOOD = Candidate("extraction", "good")


@pytest.fixture
def log(make_log: Callable[..., Path]) -> Path:
    return make_log(limit=75)


def labelled(log: Path, folder: Path, count: int, *, at_random: bool = True) -> Review:
    """What a person says who finds every answer with "tomorrow" in it wrong."""
    sheet = folder / "labels.csv"
    api.sample_for_review([log], sheet, count=count, at_random=at_random)
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            score = "2" if "tomorrow" in row["output"] else "5"
            writer.writerow(row | {"reviewer": "ann", "unsupported_claims": score})
    return api.import_review([sheet], api.review_key_path(sheet))


def gate_on(log: Path, review: Review | None, candidate: Candidate = GOOD) -> GateResult:
    evidence = gather_evidence({log: str(log)}, review=review)
    ((result),) = judge_gates(read_policy(POLICY), evidence, candidate, Figures())
    return result


def test_labels_of_a_random_sample_settle_the_gate_of_each_target(log: Path, tmp_path: Path) -> None:
    review = labelled(log, tmp_path, 30)
    assert review.random[GOOD.text] == len(_draw(log)) > 14
    assert gate_on(log, None).outcome == "undecided"
    assert gate_on(log, review).outcome == "pass"
    assert gate_on(log, review, Candidate("extraction", "poor")).outcome == "fail"


def test_a_stratified_sample_settles_no_gate(log: Path, tmp_path: Path) -> None:
    review = labelled(log, tmp_path, 30, at_random=False)
    assert any(one.candidate == GOOD for one in review.items)
    assert not review.random
    assert gate_on(log, review).outcome == "undecided"


def test_the_draw_does_not_hang_on_the_order_of_rows_and_a_larger_one_holds_the_smaller(log: Path) -> None:
    evidence = gather_evidence({log: str(log)})
    cases = evidence.cases[GOOD]
    turned = replace(cases, fixture=cases.fixture[::-1].copy(), repeat=cases.repeat[::-1].copy())
    other = replace(evidence, cases={**evidence.cases, GOOD: turned})
    few, again, many = (
        {(one.fixture, one.repeat) for one in draw_sample(of, count, at_random=True).items if one.candidate == GOOD}
        for of, count in ((evidence, 8), (other, 8), (evidence, 20))
    )
    assert few == again
    assert few < many
    seeded = draw_sample(evidence, 8, seed=1, at_random=True).items
    assert {(one.fixture, one.repeat) for one in seeded if one.candidate == GOOD} != few


def test_answers_that_somebody_chose_are_not_used(log: Path, tmp_path: Path) -> None:
    review = labelled(log, tmp_path, 20)
    assert gate_on(log, review).outcome == "pass"
    mine = [one for one in review.items if one.candidate == GOOD]
    order = {one: place for place, one in enumerate(_draw(log))}
    first = min(mine, key=lambda one: order[one.fixture, one.repeat])
    later = next(one for one, place in order.items() if place >= len(mine))
    swapped = [msgspec.structs.replace(one, fixture=later[0]) if one is first else one for one in review.items]
    dropped = [one for one in review.items if one is not first]
    for items in (swapped, dropped):
        result = gate_on(log, msgspec.structs.replace(review, items=tuple(items)))
        assert result.outcome == "undecided"
        assert CHANGED in "".join(part for part in result.reason if isinstance(part, str))


def test_more_answers_than_the_sample_was_drawn_from_need_another_sample(log: Path, tmp_path: Path) -> None:
    review = labelled(log, tmp_path, 30)
    fewer = msgspec.structs.replace(review, random={one: of - 1 for one, of in review.random.items()})
    assert gate_on(log, fewer).outcome == "undecided"


def test_an_answer_without_a_score_is_part_of_the_sample(log: Path, tmp_path: Path) -> None:
    review = labelled(log, tmp_path, 30)
    without = tuple(
        msgspec.structs.replace(one, scores={}) if number % 3 else one for number, one in enumerate(review.items)
    )
    assert gate_on(log, msgspec.structs.replace(review, items=without)).outcome == "undecided"


def test_a_later_run_is_held_against_labels_only_where_its_answers_have_some(
    log: Path, make_log: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY)
    review_file = tmp_path / "review.json"
    review_file.write_bytes(msgspec.json.encode(labelled(log, tmp_path, 30)))
    options = api.DecideOptions((log,), policy=tmp_path / "policy.yaml", review=review_file)
    api.write_decision(tmp_path / "decision.json", api.decide_logs(options, created_at="2026-01-06T00:00:00Z"))
    new = make_log("new.jsonl", limit=75)
    report = api.gate_logs([new], tmp_path)
    assert report.standing == "held"
    assert any("rests on people's labels, and the new answers have none" in note for note in report.notes)
    assert not [one for one in report.results if one.kind == "gate"]
    with_labels = tmp_path / "new.json"
    (tmp_path / "new").mkdir()
    with_labels.write_bytes(msgspec.json.encode(labelled(new, tmp_path / "new", 30)))
    checked = api.gate_logs([new], tmp_path, review=with_labels)
    assert checked.standing == "held"
    assert {(one.candidate.target, one.kind) for one in checked.results if one.kind == "gate"} >= {("good", "gate")}
    worse = msgspec.json.decode(with_labels.read_bytes(), type=Review)
    bad = tuple(msgspec.structs.replace(one, scores=dict.fromkeys(one.scores, 1)) for one in worse.items)
    with_labels.write_bytes(msgspec.json.encode(msgspec.structs.replace(worse, items=bad)))
    assert api.gate_logs([new], tmp_path, review=with_labels).standing == "regressed"


def _draw(log: Path) -> list[tuple[str, int]]:
    evidence = gather_evidence({log: str(log)})
    return order_at_random(evidence.cases[GOOD], evidence.fixtures, GOOD, 0)

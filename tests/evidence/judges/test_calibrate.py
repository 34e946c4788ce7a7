"""A judge is measured on people's labels, in both orders, twice and under attack; only a good one gets a licence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.core.errors import ConfigError, DataError, TargetError, UsageError

Calibrate = Callable[..., Path]


def figures(path: Path) -> api.JudgeFigures:  # type: ignore[name-defined]
    return api.figures_of_licence(api.read_licence(path))


def test_a_judge_that_agrees_with_people_gets_a_licence(calibrate: Calibrate) -> None:
    found = figures(calibrate("judge"))
    assert found.licence.granted and found.licence.missing == ()
    assert (found.sensitivity.k, found.sensitivity.n) == (46, 50)
    assert (found.specificity.k, found.specificity.n) == (46, 50)
    assert found.flips.k == found.unrepeated.k == 0 and found.flips.n == found.unrepeated.n == 100
    assert {name: share.k for name, share in found.attacks.items()} == dict.fromkeys(
        ("addresses_judge", "constant", "decorated", "padded"), 0
    )
    assert set(found.by_workload) == {"notes", "mails"}
    assert found.toward_own.n == 100 and found.toward_longer.n == 100


def test_a_coin_gets_none(calibrate: Calibrate) -> None:
    found = figures(calibrate("coin"))
    assert not found.licence.granted
    assert {"sensitivity", "specificity", "attack constant"} <= set(found.licence.lacks)


def test_a_judge_that_is_taken_in_by_an_answer_that_praises_itself_gets_none(calibrate: Calibrate) -> None:
    found = figures(calibrate("gullible"))
    assert found.sensitivity.value == found.specificity.value == 0.92
    assert found.licence.lacks == ("attack addresses_judge",)


def test_a_judge_whose_replies_are_not_the_object_gets_none(calibrate: Calibrate) -> None:
    found = figures(calibrate("chatty"))
    assert found.labelled.unread_of_yes == found.labelled.unread_of_no == 50
    assert not found.licence.granted


def test_a_judge_of_pairs_is_asked_in_both_orders(desk: Path, calibrate: Calibrate) -> None:
    with (desk / "pairs.jsonl").open("w") as file:
        for number in range(60):
            one, other = ("right SOUND", "wrong") if number % 2 else ("wrong", "right SOUND")
            label = 1 if number % 2 else 2
            row = {"input": f"x{number}", "output_1": one, "output_2": other, "label": label, "family_1": "a"}
            file.write(json.dumps(row) + "\n")
    first = {"reply": {"text": '{"verdict": "1", "reason": "the first"}'}}
    (desk / "judge.yaml").write_text(json.dumps(first))
    found = figures(calibrate("judge", "better", "pairs.jsonl"))
    assert (found.flips.k, found.order.first, found.order.pairs) == (60, 60, 60)
    assert found.order.toward_first == 1.0 and "order" in found.licence.lacks
    right = {
        "reply": {"text": '{"verdict": "2", "reason": ""}'},
        "rules": [
            {"when": {"contains": '"ANSWER_1": "right'}, "reply": {"text": '{"verdict": "1", "reason": ""}'}},
        ],
    }
    (desk / "coin.yaml").write_text(json.dumps(right))
    good = figures(calibrate("coin", "better", "pairs.jsonl"))
    assert good.agreement.value == 1.0 and good.flips.k == 0 and good.licence.granted


def test_a_likeness_is_measured_by_a_served_embedding(desk: Path, calibrate: Calibrate) -> None:
    (desk / "alike.yaml").write_text(
        "rubric: 1\nname: alike\nmethod: likeness\ncompare_with: answer\nat_least: 0.8\n", encoding="utf-8"
    )
    with (desk / "alike.jsonl").open("w") as file:
        for number in range(60):
            text = f"the invoice number {number} was paid by the bank in May"
            said = text.replace("bank", "bank itself") if number % 2 else f"nothing like it {number} at all, sorry"
            row = {"input": "", "output": said, "expected": text, "label": "yes" if number % 2 else "no"}
            file.write(json.dumps(row) + "\n")
    found = figures(calibrate("judge", "alike.yaml", "alike.jsonl"))
    assert found.agreement.value == 1.0 and found.flips.n == 0
    assert found.licence.granted


def test_terms_come_from_the_policy(desk: Path, calibrate: Calibrate) -> None:
    path = calibrate("judge")
    strict = (desk / "policy.yaml").read_text() + "judges: {sensitivity: 0.95, least_labels: 500}\n"
    (desk / "strict.yaml").write_text(strict)
    found = api.figures_of_licence(api.read_licence(path), desk / "strict.yaml")
    assert found.licence.lacks == ("labels", "sensitivity")


def test_a_hosted_judge_needs_leave_and_never_gets_what_is_sensitive(desk: Path, calibrate: Calibrate) -> None:
    with pytest.raises(UsageError, match="labelled answers would leave"):
        calibrate("outside")
    rows = [json.loads(line) for line in (desk / "labels.jsonl").read_text().splitlines()]
    for number, row in enumerate(rows):
        row["tags"] = [("sensitive", " Sensitive ", "ｓｅｎｓｉｔｉｖｅ")[number % 3]] if number < 30 else []
    (desk / "tagged.jsonl").write_text("\n".join(map(json.dumps, rows)))
    path = calibrate("outside", labels="tagged.jsonl", allow_hosted=True)
    assert len(api.read_licence(path).rows) == 70


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"input": "a", "output": "b"}', "row 1: 'label' is missing"),
        ('{"input": "a", "output": "b", "label": "maybe"}', "the label is 'maybe'"),
        ('{"input": "a", "label": "yes"}', "'output' is missing"),
        ("[1]", "line 1: not a JSON object"),
        ("", "has no labelled rows"),
    ],
)
def test_labels_that_are_none_are_named_with_their_row(desk: Path, calibrate: Calibrate, text: str, said: str) -> None:
    (desk / "bad.jsonl").write_text(text)
    with pytest.raises(DataError, match=said):
        calibrate("judge", labels="bad.jsonl")


def test_labels_may_be_a_table(desk: Path, calibrate: Calibrate) -> None:
    rows = [json.loads(line) for line in (desk / "labels.jsonl").read_text().splitlines()]
    lines = ["input;output;label", *(f"{row['input']};{row['output']};{row['label']}" for row in rows)]
    (desk / "labels.csv").write_text("\n".join(lines))
    assert figures(calibrate("judge", labels="labels.csv")).labelled.n == 100


def test_a_rubric_that_is_none_is_told(desk: Path, calibrate: Calibrate) -> None:
    with pytest.raises(ConfigError, match="no rubric 'aceptable'") as caught:
        calibrate("judge", "aceptable")
    assert "acceptable" in (caught.value.hint or "")
    (desk / "empty.yaml").write_text("rubric: 1\nname: x\n")
    with pytest.raises(ConfigError, match="needs a question"):
        calibrate("judge", "empty.yaml")


def test_a_judge_that_cannot_be_reached_writes_nothing(desk: Path, calibrate: Calibrate) -> None:
    (desk / "judge.yaml").write_text(json.dumps({"rules": [{"fault": {"kind": "status", "status": 500}}]}))
    with pytest.raises(TargetError, match="answered 0 of 300 requests"):
        calibrate("judge")
    assert not (desk / "judge-acceptable.json").exists()


def test_people_who_reviewed_a_sample_label_it_for_a_judge(desk: Path, run_log: Path) -> None:
    import csv

    api.sample_for_review([run_log], desk / "sheet.csv", count=80)
    with (desk / "sheet.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= {"reviewer": "ann", "usefulness": "5" if "SOUND" in row["output"] else "2"}
    with (desk / "ann.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    api.import_review([desk / "ann.csv"], desk / "sheet.key.json", out=desk / "review.json")
    # A judge's lines in the log do not make it another log.
    api.judge_answers(run_log, "judge", "acceptable", {})
    options = api.CalibrateOptions(
        "judge", "acceptable", desk / "c.json", review=desk / "review.json", logs=[run_log], accept_from=4
    )
    found, measured = api.calibrate(options, {})
    assert len(found.rows) == len(rows) and measured.agreement.value == 1.0
    decided = api.decide_logs(api.DecideOptions([run_log], policy="policy.yaml", review="review.json"))
    assert decided.review is not None


def test_copies_of_a_labelled_answer_are_no_further_labels(desk: Path, calibrate: Calibrate) -> None:
    lines = (desk / "labels.jsonl").read_text(encoding="utf-8").splitlines()[:20]
    copies = [line.replace("answer", "ANSWER" + "!" * number) for number in range(5) for line in lines]
    (desk / "copies.jsonl").write_text("\n".join(copies) + "\n", encoding="utf-8")
    path = calibrate("judge", labels="copies.jsonl")
    licence, found = api.read_licence(path), figures(path)
    assert (len(licence.rows), licence.copies) == (20, 80)
    assert not found.licence.granted and "labels" in found.licence.lacks

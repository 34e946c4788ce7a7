"""Recorded answers under other labels than yes and no: with an "&" in them, cased otherwise, without gold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.recorded.classification import import_and_grade, report
from milo_bench import api
from milo_bench.config.policy.measures import SlicePart, parse_slice, slice_text, split_slice
from milo_bench.decide.records import Decision

LABELS = ("Arts & leisure", "R&D", "tax")
POLICY = """
policy: 1
workloads:
  classify:
    gates:
      - {measure: accuracy, at_least: 0.7}
      - {measure: recall, slice: class=Arts & leisure, at_least: 0.6}
      - {measure: recall, slice: class=R&D, at_least: 0.6}
findings:
  - {name: leaks, when: [probe_failed_critical], finding: reject}
  - {name: adequate, when: [all_gates_pass], finding: keep}
  - {name: unfit, when: [any_gate_failed], finding: reject}
  - {name: open, when: [], finding: defer}
"""
WORDS = ("amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty", "knoll", "larch")


def decided(folder: Path) -> Decision:
    """Three models on 72 texts of which four have no gold: right in other cases, wrong throughout, unreadable."""
    texts = []
    for number in range(72):
        words = " ".join(WORDS[(number * step + step) % len(WORDS)] for step in (1, 2, 3, 5, 7)) + f" {number * 977}"
        gold = None if number % 18 == 5 else LABELS[number % 3]
        texts.append({"id": number, "text": words, "gold": gold})
    said = {
        "right": [LABELS[number % 3].upper() for number in range(72)],
        "wrong": [LABELS[(number + 1) % 3] for number in range(72)],
        "unreadable": ["Let me think about this one."] * 72,
    }
    (folder / "texts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in texts), encoding="utf-8")
    answers = [{"model": model, "answers": given} for model, given in said.items()]
    (folder / "answers.jsonl").write_text("".join(json.dumps(one) + "\n" for one in answers), encoding="utf-8")
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    request = api.ImportRequest(folder / "texts.jsonl", id_column="id", inputs=("text",), label="gold")
    api.import_suite(request, out=folder / "suite", format_name="jsonl", name="topics")
    log = folder / "imported.jsonl"
    wanted = api.RecordedImport(files=[folder / "answers.jsonl"], out=log, format="jsonl", suite=str(folder / "suite"))
    api.import_recorded(wanted)
    return api.decide_logs(api.DecideOptions((log,), policy=folder / "policy.yaml"))


def test_the_benchmark_takes_a_small_set_with_texts_without_gold_and_says_what_it_leaves_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decided(tmp_path)
    lines = (tmp_path / "answers.jsonl").read_text(encoding="utf-8")
    short = json.dumps({"model": "short", "answers": [LABELS[0]] * 40})
    (tmp_path / "answers.jsonl").write_text(f"{lines}{short}\n", encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    graded = import_and_grade("topics", tmp_path / "texts.jsonl", tmp_path / "answers.jsonl", out)
    assert graded.right.shape == (2, 68) and graded.unread == ("unreadable",)
    assert [float(row.mean()) for row in graded.right] == [1.0, 0.0]
    report(graded, samples=20, orders=2, seed=1)
    said = capsys.readouterr().out
    assert "4 texts have no gold label and are left out" in said
    assert "40 answers, but the suite has 72 fixtures" in said
    assert "180 texts" not in said and "60 texts" in said


def test_a_label_may_have_an_ampersand_and_answers_another_case_and_none_that_is_read_is_the_harness(
    tmp_path: Path,
) -> None:
    decision = decided(tmp_path)
    found = {finding.candidate.target: finding for finding in decision.findings}
    assert {gate.slice for gate in found["right"].gates} == {"", "class=Arts & leisure", "class=R&D"}
    values = {gate.slice: decision.figures[gate.figure].value for gate in found["right"].gates}
    assert values == {"": 1.0, "class=Arts & leisure": 1.0, "class=R&D": 1.0}
    assert found["wrong"].kind == "reject"
    # Four texts without gold are no sign that an answer could be read.
    assert found["unreadable"].undecided
    assert all("could be read as a label" in str(gate.reason) for gate in found["unreadable"].gates)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("class=Arts & leisure & tag=long", ("class=Arts & leisure", "tag=long")),
        ("class=R&D&words>7500", ("class=R&D", "words>7500")),
        ("tag=a&b & class=c & d & words <= 90", ("tag=a&b", "class=c & d", "words <= 90")),
        ("class=words & deeds", ("class=words & deeds",)),
        ("", ()),
    ],
)
def test_a_slice_is_parted_only_where_a_part_begins(text: str, parts: tuple[str, ...]) -> None:
    assert split_slice(text) == parts


def test_a_slice_is_written_as_it_is_read() -> None:
    parts = parse_slice("class=Arts & leisure & words<=90", "recall")
    assert parts == (SlicePart("class", "Arts & leisure"), SlicePart("words", "<=90", None, 90))
    assert parse_slice(slice_text(parts), "recall") == parts

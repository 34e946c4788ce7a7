"""A classification with more labels than a screen is wide, read in the terminal, on the page and as a chart."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.commands import milo


@pytest.mark.parametrize("count", [12, 77])
def test_the_confusions_of_many_labels_are_listed_with_the_most_frequent_first(tmp_path: Path, count: int) -> None:
    labels = [f"intent number {n:02d}" for n in range(count)]
    rows = [{"id": f"f{n}", "text": f"case {n:03d}", "label": labels[n % count]} for n in range(3 * count)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    wrong = {f"case {n:03d}": labels[3] for n in range(3 * count) if n % count in (5, 6) and n >= count}
    wrong["case 001"] = labels[0]
    rules = [
        {"when": {"contains": row["text"]}, "reply": {"text": wrong.get(str(row["text"]), row["label"])}}
        for row in rows
    ]
    (tmp_path / "script.yaml").write_text(json.dumps({"rules": rules}))
    (tmp_path / "bench.yaml").write_text("targets:\n  mine: {api: fake, script: script.yaml}\n")
    for words in (
        ("suite", "import", "t.jsonl", "--out", "own"),
        ("run", "--suite", "own", "--models", "mine", "--out", "run.jsonl"),
        ("policy", "new", "own"),
        ("decide", "run.jsonl", "--out", "d.json"),
        ("report", "d.json", "--out", "package"),
    ):
        said = milo(*words, folder=tmp_path)
        assert said.code == 0, said.err
    shown = milo("score", "run.jsonl", folder=tmp_path).out.splitlines()
    begin = next(number for number, line in enumerate(shown) if "most errors first" in line)
    table = [line.rstrip() for line in shown[begin + 1 : begin + 6]]
    assert re.fullmatch(r"intent number 05 +1 of 3 +intent number 03 2", table[1])
    assert re.fullmatch(r"intent number 01 +2 of 3 +intent number 00 1", table[3])
    assert f"{count - 3} labels without an error" in table[4]
    assert max(map(len, shown[begin : begin + 6])) <= 100
    page = (tmp_path / "package" / "appendix" / "scorecards.html").read_text()
    assert "the most frequent confusions are listed" in page
    assert page.count('<th scope="row">intent number 05') == 2

"""An import that loses rows, documents, tests or answers writes the rest, names what is lost and exits with 4."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import milo

_SOURCES = {
    "tickets.csv": 'id,text,label\n1,"one",a\n2,"two" more,b\n3,three,a\n',
    "ragged.csv": "id,text,label\n1,one,a\n2,two,b,c\n3,three,a\n",
    "blank.csv": "id,text,label\n1,one,a\n2,,b\n3,three,a\n",
    "tickets.jsonl": '{"id": 1, "text": "one", "label": "a"}\n{broken\n{"id": 3, "text": "three", "label": "a"}\n',
    "tests.yaml": "- {vars: {id: 1, q: one}, assert: [{type: contains, value: a}]}\n"
    "- {vars: {id: 2, q: two}, assert: [{type: python, value: f(output)}]}\n"
    "- file://more.py\n"
    "- {vars: {id: 3, q: three}, assert: [{type: contains, value: a}]}\n",
}


@pytest.mark.parametrize("name", _SOURCES)
def test_an_import_that_lost_rows_keeps_the_others_and_exits_with_4(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(_SOURCES[name], encoding="utf-8")
    said = milo("suite", "import", name, "--out", "own", folder=tmp_path)
    assert said.code == 4 and "could not be imported" in said.error and "import_report.json" in said.hint
    assert len((tmp_path / "own" / "fixtures" / "imported.jsonl").read_text().splitlines()) == 2
    assert milo("suite", "check", "own", folder=tmp_path).code == 0


def test_a_labelled_document_that_is_not_read_is_a_loss_and_an_unlabelled_one_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / "a.txt").write_text("One.")
    (folder / "b.pdf").write_bytes(b"%PDF-1.4 broken")
    (folder / "labels.csv").write_text("file,label\na.txt,x\n")
    assert milo("suite", "import", "share", "--out", "one", folder=tmp_path).code == 0
    (folder / "labels.csv").write_text("file,label\na.txt,x\nb.pdf,y\n")
    said = milo("suite", "import", "share", "--out", "two", "--json", folder=tmp_path)
    assert said.code == 4 and said.json()["error"]["exit_code"] == 4 and said.json()["fixtures"] == 1


def test_recorded_answers_that_cannot_be_read_are_a_loss(tmp_path: Path) -> None:
    row = {"id": "1", "input": "q", "output": "a", "model": "m", "gold": "a"}
    (tmp_path / "log.jsonl").write_text(json.dumps(row) + "\n{broken\n")
    words = ("import", "log.jsonl", "--format", "jsonl", "--make-suite", "own", "--out", "run.jsonl")
    said = milo(*words, folder=tmp_path)
    assert said.code == 4 and said.error == "1 entry of the source could not be imported."
    assert milo("score", "run.jsonl", folder=tmp_path).code == 0

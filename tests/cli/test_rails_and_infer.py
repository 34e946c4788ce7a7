"""What the commands on standard input accept, and how they say what they cannot use."""

import io
from pathlib import Path

import pytest

from milo_bench.cli import draft_guard
from tests.cli.commands import milo


def test_a_day_that_is_in_no_calendar_is_refused_whatever_else_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Hello.")))
    assert draft_guard.main(["verify", "--as-of", "2024-13-01"]) == 2
    assert "--as-of '2024-13-01' is not a date." in capsys.readouterr().err


def test_infer_says_which_inputs_a_template_asks_for_and_takes_them_as_json(desk: Path) -> None:
    words = ("infer", "--model", "scripted", "--template", "extraction_v3")
    said = milo(*words, folder=desk, given="Dear sirs")
    assert said.code == 2
    assert "'kind' is missing" in said.error
    assert said.hint == 'pipe a JSON object with every input of the template: {"document": …, …}.'
    said = milo(*words, folder=desk, given='{"document": "Dear sirs", "kind": "letter"}')
    assert (said.code, said.out) == (0, "all is fine\n")


def test_grade_writes_its_verdicts_beside_json_too(desk: Path) -> None:
    run = ("run", "--suite", "tiny", "--models", "scripted", "--out", "log.jsonl")
    assert milo(*run, folder=desk).code == 0
    said = milo("grade", "log.jsonl", "--json", "--out", "v.jsonl", folder=desk)
    assert len(said.json()["graded"]) == 6
    assert len((desk / "v.jsonl").read_text().splitlines()) == 7

"""What the commands on standard input accept, and how they say what they cannot use."""

import io
import json
import subprocess
from pathlib import Path

import pytest

from milo_bench.cli import draft_guard
from tests.cli.commands import BIN, milo


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


def test_infer_puts_the_evidence_of_each_sentence_below_it(desk: Path) -> None:
    built = subprocess.run([str(BIN / "case-timeline"), "build", "--case", "84291"], capture_output=True, text=True)
    timeline = json.loads(built.stdout)
    event = timeline["events"][0]
    event["text"] = "Waits for \x1b[31mthe landlord."
    answer = f"The forecast was challenged [{event['id']}]. It was closed in May."
    (desk / "cites.yaml").write_text(f'reply: {{text: "{answer}"}}\n', encoding="utf-8")
    (desk / "cited.yaml").write_text("targets:\n  cites: {api: fake, script: cites.yaml}\n", encoding="utf-8")
    words = ("infer", "--model", "cites", "--template", "timeline_summary_v3", "--config", "cited.yaml", "--cited")
    said = milo(*words, folder=desk, given=json.dumps(timeline))
    assert said.code == 0, said.err
    assert said.out.splitlines() == [
        f"The forecast was challenged [{event['id']}].",
        f"    {event['id']}  {event['at'][:10]}, {event['status']}, Waits for ⟦U+001B⟧[31mthe landlord.",
        "It was closed in May.",
        "    no citation",
    ]
    cited = milo(*words, "--json", folder=desk, given=json.dumps(timeline)).json()["cited"]
    assert [one["uncited"] for one in cited] == [False, True]


def test_grade_writes_its_verdicts_beside_json_too(desk: Path) -> None:
    run = ("run", "--suite", "tiny", "--models", "scripted", "--out", "log.jsonl")
    assert milo(*run, folder=desk).code == 0
    said = milo("grade", "log.jsonl", "--json", "--out", "v.jsonl", folder=desk)
    assert len(said.json()["graded"]) == 6
    assert len((desk / "v.jsonl").read_text().splitlines()) == 7

"""A folder as a shared drive has it, and the lines of the page on own work from its Excel sheet to a decision."""

from __future__ import annotations

import json
import re
from pathlib import Path

from benchmarks.office.folder import make_folder
from tests.cli.commands import milo

PAGE = Path(__file__).parents[2] / "docs/how-to/own-suite.md"


def test_the_example_on_the_page_leads_from_an_excel_sheet_to_a_decision(tmp_path: Path) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## From an Excel sheet to a decision")[2]
    lines = re.search(r"```sh\n(.*?)```", section, flags=re.DOTALL)
    assert lines is not None
    made = make_folder(tmp_path / "claims", documents=12, pictures=2)  # scans, which need milo-bench[ocr]
    answers = [
        {"when": {"contains": known.values["Amount"]}, "reply": {"text": json.dumps(known.values)}}
        for known in made.known.values()
    ]
    (tmp_path / "bench.yaml").write_text("targets:\n  mine: {api: fake, script: script.yaml}\n")
    script = {"rules": answers, "reply": {"text": "{}"}}
    (tmp_path / "script.yaml").write_text(json.dumps(script), encoding="utf-8")
    for line in lines[1].splitlines():
        words = line.replace("smollm2", "mine").split()[1:]
        said = milo(*words, folder=tmp_path)
        assert said.code == 0, said.out + said.err
    assert "“Field extraction” stays with people." in said.out
    report = json.loads((tmp_path / "out/own/import_report.json").read_text(encoding="utf-8"))
    assert (report["broken"], report["not_carried"]) == ([], [])
    assert report["fixtures"] + len(report["unread"]) == 12 and len(report["unread"]) <= 2

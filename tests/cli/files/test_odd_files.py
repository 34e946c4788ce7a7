"""A pipe, a socket, a folder, a device or a loop in the place of a file is one error, soon and in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import environment, milo

ROOT = Path(__file__).parents[3]

KINDS = ("pipe", "socket", "folder", "endless device")
POLICY = """\
policy: 1
suite: tiny
workloads:
  qa:
    gates:
      - {measure: accuracy, at_least: 0.5}
findings:
  - {name: unsafe, when: [probe_failed_critical], finding: reject}
  - {name: good, when: [all_gates_pass], finding: keep}
  - {name: unknown, when: [], finding: defer}
"""


@pytest.fixture
def right(desk: Path) -> dict[str, Path]:
    """Files that are right, by what they are."""
    (desk / "runs").mkdir()
    (desk / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (desk / "sheet.csv").write_text("id,text,label\na,one,x\nb,two,y\n", encoding="utf-8")
    for words in (
        ("run", "--suite", "tiny", "--models", "scripted", "--out", "log.jsonl"),
        ("decide", "log.jsonl", "--policy", "policy.yaml", "--out", "decision.json"),
        ("report", "decision.json", "--out", "package"),
        ("sign", "--new-key", "team.key"),
    ):
        said = milo(*words, folder=desk)
        assert said.code == 0, said.err
    places = {"log": "log.jsonl", "policy": "policy.yaml", "decision": "decision.json", "package": "package",
              "sheet": "sheet.csv", "key": "team.key"}  # fmt: skip
    return {name: desk / place for name, place in places.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_each_place_for_a_file_takes_an_odd_one_as_an_error(desk: Path, right: dict[str, Path], kind: str) -> None:
    places = json.dumps({name: str(path) for name, path in right.items()})
    words = [sys.executable, "-m", "tests.cli.files.odd_files", str(desk), kind, places]
    swept = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert swept.returncode == 0, swept.stderr
    assert json.loads(swept.stdout) == {}

"""A pipe, a socket, a folder, a device or a loop in the place of a file is one error, soon and in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.files import write_file
from tests.cli.commands import environment, milo
from tests.cli.files.odd_files import NO_LINE, has_line, places

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


def test_each_argument_and_option_that_takes_a_path_has_a_line() -> None:
    missing = [
        (" ".join(words), place.name)
        for words, place in places()
        if not has_line(words, place) and (*words, place.opts[0]) not in NO_LINE
    ]
    assert missing == []


def test_a_pipe_that_nothing_reads_is_no_place_to_write_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(PrerequisiteError, match="nothing reads from"):
        write_file(pipe, "text")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_file(pipe, "text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)


@pytest.mark.parametrize("name", ["pipe", "missing", "empty folder"])
def test_the_board_starts_with_the_folders_of_suites_alone(desk: Path, name: str) -> None:
    os.mkfifo(desk / "pipe")
    (desk / "empty folder").mkdir()
    said = milo("board", ".", "--port", "0", "--suite", name, folder=desk)
    assert said.code == 2 and "folder" in said.err and "hint: " in said.err


@pytest.mark.parametrize("words", [("board",), ("demo", "--out"), ("audit", "verify"), ("board", "--suite")])
def test_a_pipe_is_no_folder(desk: Path, words: tuple[str, ...]) -> None:
    os.mkfifo(desk / "pipe")
    said = milo(*words, "pipe", folder=desk)
    assert said.code == 2 and "pipe' is not a folder" in said.err

"""Without Ray, --on ray ends with exit code 3 and the line that installs it, before anything is sent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT = "import sys; sys.modules['ray'] = None; from milo_bench.cli.main import main; main()"


@pytest.mark.parametrize(
    "command",
    [
        ["run", "--suite", "case_ops_v1", "--models", "scripted", "--out", "new.jsonl"],
        ["grade", "log.jsonl"],
        ["score", "log.jsonl"],
        ["decide", "log.jsonl"],
    ],
    ids=lambda command: command[0],
)
def test_the_command_names_the_line_that_installs_it(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text("reply: {text: ok}\n")
    (tmp_path / "bench.yaml").write_text("targets: {scripted: {api: fake, script: script.yaml}}\n")
    made = [sys.executable, "-c", WITHOUT, "run", "--suite", "case_ops_v1", "--models", "scripted", "--limit", "2"]
    subprocess.run([*made, "--out", "log.jsonl"], cwd=tmp_path, check=True, capture_output=True)
    asked = [sys.executable, "-c", WITHOUT, *command, "--on", "ray"]
    ended = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 3
    assert "--on ray needs Ray, which is not installed." in ended.stderr
    assert "hint: pip install 'milo-bench[ray]', or in a checkout: make ray" in ended.stderr
    assert not (tmp_path / "new.jsonl").exists()

"""Without Ray, or without its head, --on ray ends with exit code 3 and what to do, before anything is sent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from milo_bench.config.fleet import FleetConfig
from milo_bench.core.errors import PrerequisiteError
from milo_bench.fleet.cluster import joined_cluster

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


@pytest.mark.parametrize(
    ("address", "said"), [("127.0.0.1:1", "Connection refused"), ("nonsense", "it is not HOST:PORT")]
)
def test_a_head_that_is_not_there_is_named_at_once(address: str, said: str) -> None:
    reached = pytest.raises(PrerequisiteError, match=f"Cannot reach the Ray cluster at {address}: .*{said}")
    with reached, joined_cluster(FleetConfig(address=address)):
        pass

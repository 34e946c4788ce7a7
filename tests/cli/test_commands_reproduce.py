"""commands.txt measures and decides again in a copy of the package's inputs, on a machine that has the server alone."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from milo_bench.config.policy.file import shipped_policy
from milo_bench.decide.rerun import again_paths
from tests.cli.commands import BIN, environment, milo
from tests.patience import WAIT_S

INPUTS = ("commands.txt", "bench.yaml", "policy.yaml", "economics.yaml")
ANSWER = '{"label": "escalate", "reason": "as the note says"}'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a model server that the bench did not start, with a log and something that restarts it."""
    (tmp_path / "script.yaml").write_text(f"reply: {{text: '{ANSWER}', first_token_s: 0.001}}\n", encoding="utf-8")
    process = subprocess.Popen(
        [str(BIN / "milo-bench"), "fake-server", "--script", "script.yaml"], cwd=tmp_path, env=environment(),
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.send_signal(signal.SIGTERM)
    process.wait(WAIT_S)


def test_the_commands_of_a_package_make_it_again_elsewhere(tmp_path: Path, server: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (tmp_path / "server log.txt").write_text("started\n", encoding="utf-8")
    (here / "bench.yaml").write_text(
        f"targets:\n  small: {{api: openai, model: fake-1, base_url: '{server}/v1'}}\n", encoding="utf-8"
    )
    shipped = shipped_policy("claims_v1")
    assert shipped is not None
    (here / "own policy.yaml").write_text(f"{shipped.text}\n# our own\n", encoding="utf-8")
    suite = ("--suite", "claims_v1", "--workload", "escalation")
    measured = [
        ("run", *suite, "--models", "small", "--limit", "8", "--timeout", "20", "--out", "runs/a.jsonl"),
        ("load", *suite, "--model", "small", "--concurrency", "1,2", "--duration", "1s", "--warmup", "0s",
         "--out", str(here / "loads" / "a.jsonl")),
        ("probe", "small", "--probe", "privacy_leak", "--probe", "errors", "--quick", "--logs",
         "../server log.txt", "--restart-command", "true again", "--out", "runs/p.jsonl"),
    ]  # fmt: skip
    for words in measured:
        said = milo(*words, folder=here)
        assert said.code in (0, 1, 3), said.err
    logs = ("runs/a.jsonl", str(here / "loads" / "a.jsonl"), "runs/p.jsonl")
    assert milo("decide", *logs, "--policy", "own policy.yaml", "--out", "d.json", folder=here).code == 0
    assert milo("report", "d.json", "--out", "package", folder=here).code == 0

    lines = (here / "package" / "commands.txt").read_text(encoding="utf-8").splitlines()
    assert str(tmp_path) not in "\n".join(lines)
    probe = next(shlex.split(line) for line in lines if " probe " in line)
    assert probe[probe.index("--logs") + 1] == "../server log.txt"
    assert probe[probe.index("--restart-command") + 1] == "true again"
    assert {"--quick", "privacy_leak", "errors"} <= set(probe)

    there.mkdir()
    for name in INPUTS:
        if (here / "package" / name).exists():
            shutil.copy(here / "package" / name, there / name)
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], cwd=there, env={**environment(), "PATH": f"{BIN}:/usr/bin:/bin"},
            capture_output=True, text=True, timeout=WAIT_S,
        )  # fmt: skip
        # A probe that fails or cannot tell is a result, too.
        assert done.returncode in ((0, 1, 3) if " probe " in line else (0,)), (line, done.stderr)
    assert (there / "package" / "commands.txt").read_text(encoding="utf-8").splitlines() == lines
    assert (there / "package" / "policy.yaml").read_text() == (here / "package" / "policy.yaml").read_text()
    assert (there / "package" / "fixtures.csv").read_text() == (here / "package" / "fixtures.csv").read_text()


def test_a_path_of_this_machine_is_measured_again_below_runs() -> None:
    given = ("runs/a.jsonl", "/home/x/runs/a.jsonl", "../a.jsonl", "C:\\logs\\b.jsonl", "~/c", "logs/d.jsonl")
    assert again_paths(given) == (
        "runs/a.jsonl", "runs/a-2.jsonl", "runs/a-3.jsonl", "runs/b.jsonl", "runs/c", "logs/d.jsonl"
    )  # fmt: skip

"""``milo-bench demo`` to its end with its model: a page that grows, findings of several kinds, and a resume."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import BIN, environment, milo
from tests.patience import WAIT_S, until

pytestmark = pytest.mark.timeout(3600)  # a demo with all the time it wants, on a machine that others share


def demo(folder: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(BIN / "milo-bench"), "demo", "--out", "d", *more],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kinds(folder: Path) -> dict[str, str]:
    decision = json.loads((folder / "d" / "decision.json").read_text(encoding="utf-8"))
    return {finding["workload"]: finding["kind"] for finding in decision["findings"]}


def test_a_demo_is_interrupted_taken_up_and_ends_in_more_than_one_kind_of_finding(tmp_path: Path) -> None:
    started = demo(tmp_path, "--budget", "1h")  # so that a slow machine takes all workloads as well
    rest = tmp_path / "d" / "rest.jsonl"
    asyncio.run(until(lambda: rest.exists() and rest.read_bytes().count(b'"type":"attempt"') > 3))
    page = (tmp_path / "d" / "package" / "index.html").read_text(encoding="utf-8")
    assert "Demo in progress" in page and "Order numbers from messages" in page
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=WAIT_S)
    assert started.returncode == 130
    assert "hint: milo-bench demo --out d --resume" in said

    again = demo(tmp_path, "--resume", "--budget", "1h")
    shown, said = again.communicate(timeout=20 * WAIT_S)
    assert again.returncode == 0, said
    found = kinds(tmp_path)
    assert found.keys() == {"orders", "topics", "tracking", "languages"}
    assert len(set(found.values())) > 1, found
    assert "decision package: open d/package/index.html" in shown
    assert "Demo in progress" not in (tmp_path / "d" / "package" / "index.html").read_text(encoding="utf-8")
    assert milo("verify", "d/package", folder=tmp_path).code == 0


def test_a_budget_that_is_too_short_for_more_decides_on_the_first_workload(tmp_path: Path) -> None:
    ended = demo(tmp_path, "--budget", "1s")
    _, said = ended.communicate(timeout=20 * WAIT_S)
    assert ended.returncode == 0, said
    assert "would not fit into" in said
    assert kinds(tmp_path).keys() == {"orders"}

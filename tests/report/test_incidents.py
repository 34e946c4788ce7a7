"""The incident steps of a runbook, as pasted, against a server with the fault that they are for, and without it."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from milo_bench.core.records import ProbeResult
from milo_bench.decide.records import Decision, ProbeEvidence
from milo_bench.report.pages.claims import Claims
from milo_bench.report.runbook.runbook import runbook_md
from tests.cli.commands import BIN, environment
from tests.patience import WAIT_S
from tests.report.sample_decision import sample_decision
from tests.report.sample_operations import LARGE

HANG = "rules:\n  - {fault: hang_before_first_token}\n"
CUTS = "context_window: 800\noverflow: truncate\n"


@contextmanager
def server(desk: Path, script: str) -> Iterator[str]:
    """The address of a fake model server with ``script``; it ends with the block."""
    (desk / "script.yaml").write_text(f"models: [fake-1]\n{script}", encoding="utf-8")
    process = subprocess.Popen(
        [str(BIN / "milo-bench"), "fake-server", "--script", "script.yaml"], cwd=desk, env=environment(),
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT_S)


def at(address: str) -> Decision:
    """The sample's decision with the target that ships behind ``address``."""
    decision = sample_decision()
    targets = tuple(
        msgspec.structs.replace(one, api="openai", runtime="", model="fake-1", endpoint=address)
        if one.name == LARGE
        else one
        for one in decision.targets
    )
    return msgspec.structs.replace(decision, targets=targets)


def step(decision: Decision, heading: str) -> str:
    """The commands of one incident, of the target that ships alone."""
    text = runbook_md(Claims(decision, "markdown"))
    part = text.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", part, re.S))


def pasted(commands: str, desk: Path, address: str) -> subprocess.CompletedProcess[str]:
    (desk / "bench.yaml").write_text(
        f"targets:\n  {LARGE}: {{api: openai, model: fake-1, base_url: '{address}/v1', context_window: 1600}}\n",
        encoding="utf-8",
    )
    env = {**environment(), "PATH": f"{BIN}:/usr/bin:/bin"}
    return subprocess.run(
        ["bash", "-c", commands], cwd=desk, env=env, capture_output=True, text=True, timeout=WAIT_S, check=False
    )


@pytest.mark.parametrize(("script", "answers"), [("", True), (HANG, False)])
def test_a_stalled_server_is_told_from_one_that_answers(tmp_path: Path, script: str, answers: bool) -> None:
    with server(tmp_path, script) as address:
        commands = step(at(address), "Stalled queue")
        done = pasted(re.sub(r"READY_LIMIT_S=\S+", "READY_LIMIT_S=1", commands), tmp_path, address)
    assert (f"ready_{LARGE} answers" in done.stdout) is answers, done


@pytest.mark.parametrize(("script", "code"), [(CUTS, 1), ("context_window: 1600\n", 0)])
def test_a_server_that_cuts_prompts_fails_the_step_for_it_and_a_wide_one_passes(
    tmp_path: Path, script: str, code: int
) -> None:
    with server(tmp_path, f"{script}reply: {{echo: true}}\n") as address:
        commands = step(at(address), "Truncated prompts or answers")
        assert commands == f"milo-bench probe {LARGE} --probe truncation\n"
        done = pasted(commands, tmp_path, address)
    assert done.returncode == code, done


def test_a_log_with_case_text_fails_the_step_for_leaks_and_a_clean_one_passes(tmp_path: Path) -> None:
    log = tmp_path / "the server.log"
    with server(tmp_path, "") as address:
        found = ProbeResult(LARGE, "privacy_leak", "1", "pass", "critical", "", {"given": {"logs": [str(log)]}})
        decision = msgspec.structs.replace(at(address), probes=(ProbeEvidence("p.jsonl", found),))
        commands = step(decision, "Leaked case text")
        log.write_text("started\n", encoding="utf-8")
        clean = pasted(commands, tmp_path, address)
        # The fault: everything that is sent goes to the log, as a server with verbose logging writes it.
        copy = f"(while sleep 0.05; do curl -s {address}/fake/requests > '{log}'; done) & {commands.strip()}; rc=$?"
        leaking = pasted(f"{copy}; kill %1 2>/dev/null; exit $rc", tmp_path, address)
    assert clean.returncode == 0, clean
    assert leaking.returncode == 1, leaking


def test_without_logs_the_step_for_leaks_asks_for_them(tmp_path: Path) -> None:
    decision = msgspec.structs.replace(at("http://127.0.0.1:9"), probes=())
    done = pasted(step(decision, "Leaked case text"), tmp_path, "http://127.0.0.1:9")
    assert "set it to the folder of the server logs" in done.stderr

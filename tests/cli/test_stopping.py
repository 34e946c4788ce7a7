"""A run that is stopped, killed or refused by its server leaves a log that the printed line goes on from."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import BIN, environment, milo
from tests.cli.conftest import write_fixtures
from tests.patience import WAIT_S

RUN = ("run", "--suite", "tiny", "--models", "scripted", "--out", "log.jsonl")


@pytest.fixture
def slow(desk: Path) -> Path:
    """Sixty cases of a tenth of a second each."""
    write_fixtures(desk / "tiny/fixtures.jsonl", 60)
    (desk / "script.yaml").write_text("reply: {text: all is fine, first_token_s: 0.1}\n", encoding="utf-8")
    return desk


def attempts(log: Path) -> int:
    return log.read_text(encoding="utf-8").count('"type":"attempt"') if log.exists() else 0


def until_some_are_in(log: Path) -> None:
    limit_s = time.monotonic() + WAIT_S
    while attempts(log) < 5:
        assert time.monotonic() < limit_s, "nothing was asked"
        time.sleep(0.02)  # another process writes the file; nothing here can tell us of it


def test_sigkill_and_resume_leave_every_case_once(slow: Path) -> None:
    words = [str(BIN / "milo-bench"), *RUN, "--concurrency", "4"]
    process = subprocess.Popen(words, cwd=slow, env=environment(), stderr=subprocess.DEVNULL)
    until_some_are_in(slow / "log.jsonl")
    process.kill()
    process.wait()
    assert attempts(slow / "log.jsonl") < 60
    resumed = milo(*RUN, "--concurrency", "4", "--resume", folder=slow)
    assert resumed.code == 0
    assert "of them already in the log" in resumed.err
    rows = [json.loads(line) for line in (slow / "log.jsonl").read_text().splitlines()]
    assert len({row["key"]["fixture"] for row in rows if row["type"] == "attempt"}) == 60
    assert attempts(slow / "log.jsonl") == 60


def test_an_interrupted_run_says_one_json_document_with_the_line_to_go_on(slow: Path) -> None:
    process = subprocess.Popen(
        [str(BIN / "milo-bench"), *RUN, "--json"],
        cwd=slow, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until_some_are_in(slow / "log.jsonl")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130
    document = json.loads(out)
    assert document["complete"] is False
    assert document["error"]["hint"].startswith("milo-bench run --suite tiny")
    assert document["error"]["hint"].endswith("--resume")
    assert "left" not in err.splitlines()[-1]


def test_on_a_terminal_progress_is_drawn_and_ctrl_c_prints_a_line_that_works(slow: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(BIN / "milo-bench"), *RUN], cwd=slow, env=environment() | {"TERM": "xterm", "COLUMNS": "120"},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    until_some_are_in(slow / "log.jsonl")
    os.killpg(process.pid, signal.SIGINT)
    shown = b"".join(_read_all(ours)).decode()
    os.close(ours)
    assert process.wait(timeout=WAIT_S) == 130
    assert "/60" in shown
    assert "left" in shown
    assert "error: " in shown.replace("\x1b[31m\x1b[1m", "").replace("\x1b[0m", "")
    line = next(line for line in shown.splitlines() if "milo-bench run " in line).partition("milo-bench ")[2]
    words = shlex.split(line)
    (slow / "script.yaml").write_text("reply: {text: all is fine}\n", encoding="utf-8")
    assert milo(*words, folder=slow).code == 0
    assert attempts(slow / "log.jsonl") == 60


def _read_all(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(descriptor, 65536)
        except OSError:  # Linux says so where the other end has closed
            return
        if not data:
            return
        yield data


@pytest.fixture
def server(desk: Path) -> Iterator[str]:
    """``milo-bench fake-server`` with a key, a 429, a cut stream and a hang."""
    (desk / "server.yaml").write_text(
        "accept_key: right\nreply: {text: all is fine}\nrules:\n"
        "  - {when: {contains: case 1}, fault: {kind: status, status: 429}}\n"
        "  - {when: {contains: case 2}, fault: cut_stream}\n"
        "  - {when: {contains: case 3}, fault: hang_before_first_token}\n",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [str(BIN / "milo-bench"), "fake-server", "--script", "server.yaml"],
        cwd=desk, env=environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    (desk / "bench.yaml").write_text(
        f'targets:\n  scripted: {{api: openai, base_url: "{address}/v1", model: fake-1, api_key_env: THE_KEY}}\n',
        encoding="utf-8",
    )
    yield address
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=WAIT_S) == 0


def test_a_wrong_key_is_exit_code_3_and_is_shown_nowhere(server: str, desk: Path) -> None:
    said = milo(*RUN, folder=desk, shell='THE_KEY=wrong-4711 "$@"')
    assert (said.code, said.error) == (3, f"Target 'scripted' at {server} refuses the key: invalid key.")
    assert said.hint == "put a valid key into the environment variable THE_KEY."
    assert "4711" not in said.err
    assert "refuses the key" in milo("targets", folder=desk, shell='THE_KEY=wrong COLUMNS=200 "$@"').out
    unset = milo(*RUN, folder=desk)
    assert (unset.code, "THE_KEY, which is not set" in unset.error) == (3, True)


def test_faults_of_a_server_are_failures_by_kind_and_never_end_the_run(server: str, desk: Path) -> None:
    said = milo(*RUN, "--first-token-timeout", "0.5", folder=desk, shell='THE_KEY=right "$@"')
    assert said.code == 0
    assert "6 of 6" in said.err
    for failure in ("rate_limited 1", "first_token_timeout 1", "reset 1"):
        assert failure in said.err
    rates = {
        row["slice"]: row["value"]
        for card in milo("score", "log.jsonl", "--json", folder=desk).json()["scorecards"]
        for row in ({**measure, "slice": str(measure.get("slice", ""))} for measure in card["measures"])
        if row["name"] in ("pass_rate", "failure_rate")
    }
    assert rates[""] == 0.5


def test_a_full_disk_leaves_no_attempt_without_its_verdict(tmp_path: Path) -> None:
    assert milo("suite", "new", "s", folder=tmp_path).code == 0
    (tmp_path / "script.yaml").write_text("reply: {text: delivery}", encoding="utf-8")
    (tmp_path / "bench.yaml").write_text("targets: {f: {api: fake, script: script.yaml}}", encoding="utf-8")
    run = ("run", "--suite", "s", "--models", "f", "--out", "a.jsonl", "--store-text", "hashes")
    verdicts = tmp_path / "a.verdicts.jsonl"
    verdicts.symlink_to("/dev/full")
    full = milo(*run, folder=tmp_path)
    assert full.error == "Cannot write a.verdicts.jsonl: No space left on device."
    assert full.hint == "free some space, then resume the run."

    verdicts.unlink()
    assert milo(*run, "--resume", folder=tmp_path).code == 0
    scored = milo("score", "a.jsonl", folder=tmp_path)
    assert scored.code == 0, scored.err
    assert "48 of 48 planned attempts" in scored.out

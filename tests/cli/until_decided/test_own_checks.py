"""A run until decided whose suite has checks of its own: each answer is judged in the sandbox as it comes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from milo_bench.evidence.log_checks import check_log
from tests.cli.commands import BIN, environment, milo
from tests.cli.conftest import write_fixtures
from tests.cli.until_decided.test_until_decided import POLICY, asked, rows
from tests.patience import WAIT_S

CHECKS = """\
def kind(case):
    if "hang" in case.output:
        while True:
            pass
    if "raise" in case.output:
        raise ValueError("no")
    if "unsure" in case.output:
        return {"outcome": "unjudged", "reason": "cannot say"}
    return case.params["word"] in case.output
"""
RUN = ("run", "--suite", "tiny", "--models", "scripted", "--until-decided", "--policy", "policy.yaml")
TRUSTED = (*RUN, "--trust-suite", "--out", "u.jsonl")


@pytest.fixture
def own(desk: Path) -> Path:
    """A hundred and twenty cases that the suite's own Python judges."""
    manifest = (desk / "tiny/suite.yaml").read_text(encoding="utf-8")
    manifest = manifest.replace("contains: {value: fine}", "kind: {word: fine}")
    (desk / "tiny/suite.yaml").write_text(f"own_checks: checks.py\n{manifest}", encoding="utf-8")
    (desk / "tiny/checks.py").write_text(CHECKS, encoding="utf-8")
    write_fixtures(desk / "tiny/fixtures.jsonl", 120)
    (desk / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return desk


def reply(desk: Path, text: str, first_token_s: float = 0.0) -> None:
    (desk / "script.yaml").write_text(f"reply: {{text: {text}, first_token_s: {first_token_s}}}\n", encoding="utf-8")


def executed(log: Path) -> list[str]:
    return [row["key"]["fixture"] for row in rows(log, "execution")]


def test_a_run_stops_by_what_the_suites_own_python_says(own: Path) -> None:
    manifest = (own / "tiny/suite.yaml").read_text(encoding="utf-8")
    (own / "tiny/suite.yaml").write_text(manifest.replace("word: fine", "word: case"), encoding="utf-8")
    (own / "script.yaml").write_text("reply: {echo: true}\n", encoding="utf-8")
    said = milo(*TRUSTED, "--concurrency", "3", folder=own)
    assert said.code == 0
    (end,) = rows(own / "u.jsonl", "work_end")
    assert (end["ending"], end["gates"]) == ("decided", {"pass_rate at least": "pass"})
    assert end["fixtures"] == 19
    assert sorted(executed(own / "u.jsonl")) == sorted(asked(own / "u.jsonl"))
    assert f"{len(asked(own / 'u.jsonl'))} executions of the suite's own checks recorded." in said.err
    assert not check_log(own / "u.jsonl").faults
    assert milo("decide", "u.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=own).code == 0
    (finding,) = json.loads((own / "d.json").read_text(encoding="utf-8"))["findings"]
    assert finding["kind"] == "keep"


def test_one_answer_that_the_check_takes_for_every_case_decides_nothing(own: Path) -> None:
    assert milo(*TRUSTED, "--concurrency", "3", folder=own).code == 0
    (end,) = rows(own / "u.jsonl", "work_end")
    assert (end["ending"], end["gates"]) == ("out_of_reach", {"pass_rate at least": "undecided"})
    assert not check_log(own / "u.jsonl").faults
    assert milo("decide", "u.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=own).code == 0
    (finding,) = json.loads((own / "d.json").read_text(encoding="utf-8"))["findings"]
    assert finding["kind"] == "defer"
    assert "no single answer passes" in json.dumps(finding)


def test_a_killed_run_executes_what_it_had_not_and_ends_where_it_would_have(own: Path) -> None:
    assert milo(*TRUSTED, folder=own).code == 0
    whole = asked(own / "u.jsonl")
    # A kill between an answer and its check: the last lines of the log are gone, the answer is there.
    lines = (own / "u.jsonl").read_bytes().splitlines(keepends=True)
    fifth = [n for n, line in enumerate(lines) if line.startswith(b'{"type":"attempt"')][4]
    (own / "u.jsonl").write_bytes(b"".join(lines[: fifth + 1]))
    assert len(executed(own / "u.jsonl")) == 4
    resumed = milo(*TRUSTED, "--resume", folder=own)
    assert resumed.code == 0
    assert asked(own / "u.jsonl") == whole
    assert sorted(executed(own / "u.jsonl")) == sorted(whole)
    assert not check_log(own / "u.jsonl").faults


def test_an_answer_that_the_check_cannot_judge_decides_nothing(own: Path) -> None:
    write_fixtures(own / "tiny/fixtures.jsonl", 30)
    reply(own, "unsure")
    assert milo(*TRUSTED, folder=own).code == 0
    assert not [end for end in rows(own / "u.jsonl", "work_end") if end["gates"].get("pass_rate at least") == "pass"]
    assert milo("decide", "u.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=own).code == 0
    decision = json.loads((own / "d.json").read_text(encoding="utf-8"))
    assert [gate["outcome"] for gate in decision["findings"][0]["gates"]] == ["undecided"]


def test_a_check_that_breaks_on_some_answers_is_told_at_the_end_and_corrected_afterwards(own: Path) -> None:
    script = "rules:\n  - {when: {contains: case 3}, reply: {text: raise}}\nreply: {text: all is fine}\n"
    (own / "script.yaml").write_text(script, encoding="utf-8")
    said = milo(*TRUSTED, folder=own)
    assert said.code == 0
    assert "note: kind broke on fixture q-3" in said.err
    assert "crashed on fixture 'q-3" in milo("decide", "u.jsonl", "--policy", "policy.yaml", folder=own).error
    (own / "tiny/checks.py").write_text(CHECKS.replace('raise ValueError("no")', "return False"), encoding="utf-8")
    assert milo("grade", "u.jsonl", "--suite", "tiny", "--trust-suite", folder=own).code == 0
    assert milo("decide", "u.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=own).code == 0


def test_a_check_that_breaks_on_every_answer_ends_the_run_after_five(own: Path) -> None:
    reply(own, "raise")
    said = milo(*TRUSTED, folder=own)
    assert said.code == 1
    assert "ValueError: no (line 6)" in said.error
    assert len(asked(own / "u.jsonl")) == 5


def test_ctrl_c_while_a_check_hangs_ends_the_run_and_a_resume_judges_the_answer(own: Path) -> None:
    reply(own, "hang")
    terminal, side = pty.openpty()
    process = subprocess.Popen(
        [str(BIN / "milo-bench"), *TRUSTED], cwd=own, env=environment(), stdin=side, stdout=side, stderr=side
    )
    os.close(side)
    limit_s = time.monotonic() + WAIT_S
    while not (own / "u.jsonl").exists() or not asked(own / "u.jsonl"):
        assert time.monotonic() < limit_s, "nothing was asked"
        time.sleep(0.02)  # another process writes the file; nothing here can tell us of it
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)  # counts as a second Ctrl-C, which could become one with the first on its way
    assert process.wait(WAIT_S) == 130
    os.close(terminal)
    assert len(executed(own / "u.jsonl")) < len(asked(own / "u.jsonl"))
    said = milo("decide", "u.jsonl", "--policy", "policy.yaml", folder=own)
    assert said.code == 4
    assert "was not executed on every answer" in said.error


def test_python_that_is_not_trusted_or_is_executed_later_is_refused_before_anything_is_sent(own: Path) -> None:
    assert "not trusted" in milo(*RUN, "--out", "u.jsonl", folder=own).error
    assert "as it comes" in milo(*TRUSTED, "--execute-later", folder=own).error
    assert not (own / "u.jsonl").exists()


def test_python_that_cannot_be_loaded_ends_the_run_with_its_error(own: Path) -> None:
    (own / "tiny/checks.py").write_text(CHECKS + "\nimport nowhere_at_all\n", encoding="utf-8")
    said = milo(*TRUSTED, folder=own)
    assert said.code == 2
    assert "cannot be used: ModuleNotFoundError" in said.error

"""A command that was forked leaves behind what the installed program leaves behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import BIN, Said, environment, milo

RUN = ("run", "--suite", "tiny", "--models", "scripted", "--out", "log.jsonl", "--seed", "1")


def started(*words: str, folder: Path, given: str = "") -> Said:
    done = subprocess.run(
        [str(BIN / "milo-bench"), *words], cwd=folder, env=environment(), input=given, capture_output=True, text=True
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("words", "given", "code"),
    [
        (("--version",), "", 0),
        (("suite", "check", "tiny"), "", 0),
        (("infer", "--model", "scripted", "--template", "extraction_v3"), "über 1 € 中", 2),
        (("score", "none.jsonl"), "", 3),
        (("scoer",), "", 2),
        (("targets", "--json", "--config", "bench.yaml"), "", 0),
    ],
)
def test_code_and_both_streams_are_those_of_the_installed_program(
    desk: Path, words: tuple[str, ...], given: str, code: int
) -> None:
    forked = milo(*words, folder=desk, given=given)
    assert forked == started(*words, folder=desk, given=given)
    assert forked.code == code


def test_commands_side_by_side_share_nothing(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / "other").mkdir()
    assert milo(*RUN, folder=desk).code == 0
    elsewhere = milo("score", "log.jsonl", folder=desk / "other")
    assert (elsewhere.code, elsewhere.out) == (3, "")
    monkeypatch.setenv("MILO_BENCH_OF_THIS_TEST", "x")
    assert milo("score", "log.jsonl", folder=desk).code == 0
    monkeypatch.setenv("LC_ALL", "C")
    assert milo("--version", folder=desk) == started("--version", folder=desk)


def test_input_that_a_command_does_not_read_holds_up_nothing(desk: Path) -> None:
    assert milo("--version", folder=desk, given="x" * 300_000).code == 0

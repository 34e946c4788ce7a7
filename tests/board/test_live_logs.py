"""Whether a run goes on is told by what the board sees change: the clock of the folder's machine may be hours off."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from milo_bench.board.index.catalog import QUIET_S, BoardLog

NOW_S = 1_800_000_000.0
HOUR_S = 3_600.0


class Log:
    """A log in a folder whose clock is ``ahead_s`` ahead of the board's."""

    def __init__(self, folder: Path, ahead_s: float) -> None:
        self._path = folder / "run.jsonl"
        self._ahead_s = ahead_s
        index: Any = SimpleNamespace(end=None)
        self.board = BoardLog("run", self._path, "run.jsonl", index=index)
        self._path.touch()

    def write(self, at_s: float, text: str = "{}\n") -> None:
        with self._path.open("a") as file:
            file.write(text)
        os.utime(self._path, (at_s + self._ahead_s,) * 2)


@pytest.mark.parametrize("ahead_s", [0.0, HOUR_S, -HOUR_S])
def test_a_run_that_writes_is_live_and_one_that_stopped_is_not_whatever_the_clock_of_its_folder(
    tmp_path: Path, ahead_s: float
) -> None:
    log = Log(tmp_path, ahead_s)
    log.write(NOW_S)
    log.board.is_live(NOW_S + 1)
    log.write(NOW_S + 5)
    assert log.board.is_live(NOW_S + 6)
    assert log.board.is_live(NOW_S + 6 + QUIET_S / 2)
    assert not log.board.is_live(NOW_S + 6 + QUIET_S)


@pytest.mark.parametrize(("ahead_s", "is_live"), [(0.0, True), (HOUR_S, False), (-HOUR_S, False)])
def test_at_the_first_look_the_time_of_the_file_is_all_there_is(tmp_path: Path, ahead_s: float, is_live: bool) -> None:
    log = Log(tmp_path, ahead_s)
    log.write(NOW_S)
    assert log.board.is_live(NOW_S + 1) is is_live


def test_a_run_that_stopped_while_nobody_looked_is_not_live(tmp_path: Path) -> None:
    log = Log(tmp_path, 0.0)
    log.write(NOW_S)
    assert log.board.is_live(NOW_S + 1)
    log.write(NOW_S + 30)
    assert not log.board.is_live(NOW_S + HOUR_S)


def test_a_file_that_is_given_an_older_time_was_not_written_to(tmp_path: Path) -> None:
    log = Log(tmp_path, 0.0)
    log.write(NOW_S)
    assert log.board.is_live(NOW_S + 1)
    log.write(NOW_S - HOUR_S, "")
    assert not log.board.is_live(NOW_S + 2)
    (tmp_path / "run.jsonl").unlink()
    assert not log.board.is_live(NOW_S + 3)

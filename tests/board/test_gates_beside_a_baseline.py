"""Gates of a run that was compared with recorded answers of its baseline: the board finds them by the log's seal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from milo_bench.board.parts import BoardParts
from tests.board.conftest import open_board, wait_until_read
from tests.cli.commands import milo
from tests.cli.conftest import desk  # noqa: F401  what the next fixture stands on
from tests.cli.until_decided.test_recorded_baseline import BESIDE, beside, script  # noqa: F401  a fixture


@contextmanager
def opened(folder: Path) -> Iterator[BoardParts]:
    board = open_board(folder, folder.parent / "state.db")
    board.start()
    try:
        wait_until_read(board)
        yield board
    finally:
        board.close()
        board.engine.dispose()


def gates_of(board: BoardParts, name: str) -> dict[str, Any]:
    (log,) = [one for one in board.catalog.logs() if one.name == name]
    return board.gates(log)


def outcomes(data: dict[str, Any]) -> list[str]:
    return [gate["outcome"] for row in data["rows"] for target in row["targets"] for gate in target["gates"]]


def test_a_gate_against_a_recorded_baseline_says_what_the_run_said(beside: Path, tmp_path: Path) -> None:  # noqa: F811
    for name, wrong, outcome in (("same", "of bc", "pass"), ("worse", "case", "fail")):
        (beside / "ours.yaml").write_text(script(wrong), encoding="utf-8")
        assert milo(*BESIDE[:-1], f"{name}.jsonl", folder=beside).code == 0
        runs = tmp_path / name
        runs.mkdir()
        shutil.copy(beside / f"{name}.jsonl", runs / "ours.jsonl")
        with opened(runs) as board:
            alone = gates_of(board, "ours.jsonl")
            assert outcomes(alone) == ["undecided"]
            assert alone["note"].startswith(
                "Gates that compare with the baseline 'known' are undecided here: the log of"
            )

            shutil.copy(beside / "known.jsonl", runs / "theirs.jsonl")
            board.catalog.look()
            wait_until_read(board)
            found = gates_of(board, "ours.jsonl")
            assert (outcomes(found), found["note"]) == ([outcome], "")
            assert [target["target"] for row in found["rows"] for target in row["targets"]] == ["scripted"]


def test_other_answers_of_the_baseline_are_not_taken(beside: Path, tmp_path: Path) -> None:  # noqa: F811
    assert milo(*BESIDE, folder=beside).code == 0
    runs = tmp_path / "runs"
    runs.mkdir()
    shutil.copy(beside / "u.jsonl", runs / "u.jsonl")
    lines = (beside / "known.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (runs / "cut.jsonl").write_text("".join(lines[: len(lines) // 2]), encoding="utf-8")
    with opened(runs) as board:
        found = gates_of(board, "u.jsonl")
        assert outcomes(found) == ["undecided"]
        assert "cut.jsonl has other answers of it than this run was compared with" in found["note"]

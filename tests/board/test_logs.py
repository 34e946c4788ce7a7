"""Logs in every form and state that the board may find: Parquet, rows that cannot be read, files replaced."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from milo_bench.board.server.app import WebBoard
from milo_bench.store.log.convert import convert_log
from milo_bench.store.log.parquet import MARK
from tests.board.conftest import BASE, TOKEN, BoardClient, open_board, wait_until_read


@contextmanager
def board_on(folder: Path, state: Path) -> Iterator[BoardClient]:
    board = open_board(folder, state)
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        wait_until_read(board)
        http.get("/", params={"token": TOKEN})
        yield BoardClient(http, board)


def every_page(client: BoardClient, run: str) -> None:
    """Each page that reads a log."""
    rows = client.data(f"/failures?run={run}&outcome=all")["rows"]
    for path in ("/runs", f"/runs/{run}", f"/failures?run={run}", f"/compare?run={run}", rows[0]["address"]):
        assert client.http.get(path).status_code == 200, path


def test_a_log_in_parquet_is_listed_and_opens_as_its_lines_do(folder: Path, tmp_path: Path) -> None:
    lines = folder / "answers.jsonl"
    convert_log(lines)
    with board_on(folder, tmp_path / "state.db") as client:
        runs = client.data("/runs")["runs"]
        assert sorted(run["name"] for run in runs) == ["answers.jsonl", "answers.parquet"]
        every_page(client, next(run["id"] for run in runs if run["name"] == "answers.parquet"))
        of = {}
        for run in runs:
            data = client.data(f"/runs/{run['id']}")
            rows = client.data(f"/failures?run={run['id']}&outcome=all")["rows"]
            opened = [client.data(row["address"]) for row in rows[:5]]
            of[run["name"]] = (
                data["sentence"], data["gates"], data["work"],
                [(one["answer"], one["input"], one["checks"]) for one in opened],
            )  # fmt: skip
        assert of["answers.jsonl"] == of["answers.parquet"]


def test_a_log_in_parquet_that_lost_a_file_says_so_and_hides_no_other_run(folder: Path, tmp_path: Path) -> None:
    made = convert_log(folder / "answers.jsonl").path
    next(made.glob("type=attempt/**/*.parquet")).unlink()
    (folder / "odd.parquet").mkdir()
    (folder / "odd.parquet" / MARK).write_text("{}")
    with board_on(folder, tmp_path / "state.db") as client:
        runs = {run["name"]: run for run in client.data("/runs")["runs"]}
        assert runs["answers.jsonl"]["state"] == "ended"
        assert "other lines" in runs["answers.parquet"]["problem"]
        assert "cannot be read" in runs["odd.parquet"]["problem"]
        for run in runs.values():
            assert client.http.get(f"/runs/{run['id']}").status_code == 200


def not_json(line: bytes) -> bytes:
    return line[:-9] + b"\n"


def other_type(line: bytes) -> bytes:
    return b'{"type":"of tomorrow"}\n'


def wrong_field(line: bytes) -> bytes:
    return json.dumps({**json.loads(line), "key": 7, "id": 7}).encode().replace(b'"type": ', b'"type":') + b"\n"


def empty(line: bytes) -> bytes:
    return b"\n"


def latin(line: bytes) -> bytes:
    return line[:-3] + b"\xe9" + line[-3:]


@pytest.mark.parametrize("harm", [not_json, other_type, wrong_field, empty, latin])
@pytest.mark.parametrize("kind", ["attempt", "fixture"])
def test_a_row_that_cannot_be_read_is_named_and_breaks_no_page(
    folder: Path, tmp_path: Path, harm: Callable[[bytes], bytes], kind: str
) -> None:
    log = folder / "answers.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if line.startswith(b'{"type":"%s"' % kind.encode()))
    lines[number] = harm(lines[number])
    log.write_bytes(b"".join(lines))
    with board_on(folder, tmp_path / "state.db") as client:
        (run,) = client.data("/runs")["runs"]
        assert run["left_out"] >= 1
        assert run["problem"] == ""
        assert f"line {number + 1}:" in client.html(f"/runs/{run['id']}")
        every_page(client, run["id"])


def test_a_bad_row_of_a_log_in_parquet_is_named(folder: Path, tmp_path: Path) -> None:
    log = folder / "answers.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if line.startswith(b'{"type":"attempt"'))
    lines[number] = b'{"type":"attempt","key":"../../x"}\n'
    lines.insert(number + 1, b"\n")
    log.write_bytes(b"".join(line for line in lines if b'"type":"seal"' not in line))
    convert_log(log)
    log.unlink()
    with board_on(folder, tmp_path / "state.db") as client:
        (run,) = client.data("/runs")["runs"]
        assert (run["name"], run["left_out"], run["problem"]) == ("answers.parquet", 2, "")
        every_page(client, run["id"])


def test_folders_with_characters_of_a_pattern_are_read(folder: Path, tmp_path: Path) -> None:
    odd = folder / "a[1] *?{b,c}"
    odd.mkdir()
    shutil.move(folder / "answers.jsonl", odd / "answers [x]*.jsonl")
    convert_log(odd / "answers [x]*.jsonl")
    with board_on(folder, tmp_path / "state.db") as client:
        runs = client.data("/runs")["runs"]
        assert [run["problem"] for run in runs] == ["", ""]
        for run in runs:
            every_page(client, run["id"])


def test_a_log_that_is_replaced_shows_the_new_one(folder: Path, tmp_path: Path) -> None:
    log = folder / "answers.jsonl"
    with board_on(folder, tmp_path / "state.db") as client:
        (run,) = client.data("/runs")["runs"]
        before = client.data(f"/failures?run={run['id']}&outcome=all")["rows"]
        lines = [line for line in log.read_bytes().splitlines(keepends=True) if b'"type":"seal"' not in line]
        attempts = [n for n, line in enumerate(lines) if line.startswith(b'{"type":"attempt"')]
        kept = [line for n, line in enumerate(lines) if n not in attempts[:4]]
        log.unlink()
        log.write_bytes(b"".join(line for line in kept if not line.startswith(b'{"type":"end"')))
        client.board.catalog.look()
        wait_until_read(client.board)
        (now,) = client.data("/runs")["runs"]
        assert now["attempts"] == run["attempts"] - 4
        assert len(client.data(f"/failures?run={now['id']}&outcome=all")["rows"]) <= len(before)
        every_page(client, now["id"])


def without_end(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if not line.startswith((b'{"type":"end"', b'{"type":"seal"'))]


def live_log(folder: Path, attempts: int) -> tuple[Path, list[bytes]]:
    """A log that a run is writing, with ``attempts`` of its answers so far, and all its lines."""
    log = folder / "answers.jsonl"
    lines = without_end(log.read_bytes().splitlines(keepends=True))
    last = [n for n, line in enumerate(lines) if line.startswith(b'{"type":"attempt"')][attempts - 1]
    log.write_bytes(b"".join(lines[: last + 1]))
    return log, lines


def asked_of(gates: dict[str, Any]) -> int:
    return sum(target["asked"] for row in gates["rows"] for target in row["targets"])


def test_another_run_that_begins_in_the_file_of_a_live_one_is_a_run_of_its_own(folder: Path, tmp_path: Path) -> None:
    log, lines = live_log(folder, 6)
    with board_on(folder, tmp_path / "state.db") as client:
        (run,) = client.data("/runs")["runs"]
        assert (run["state"], run["attempts"]) == ("live", 6)
        assert client.data(f"/runs/{run['id']}")["gates"]["rows"]
        first = lines[0].replace(run["id"].encode(), b"another-run")
        assert first != lines[0]
        # Longer than what was read, and its lines begin elsewhere.
        log.write_bytes(b"".join([first, *lines[1:]]))
        client.board.catalog.look()
        wait_until_read(client.board)
        assert client.http.get(f"/runs/{run['id']}").status_code == 404
        (now,) = client.data("/runs")["runs"]
        total = sum(line.startswith(b'{"type":"attempt"') for line in lines)
        assert (now["id"], now["attempts"], now["left_out"]) == ("another-run", total, 0)
        every_page(client, "another-run")


def test_a_live_log_that_is_written_anew_under_the_same_name_is_read_anew(folder: Path, tmp_path: Path) -> None:
    log, lines = live_log(folder, 6)
    with board_on(folder, tmp_path / "state.db") as client:
        (run,) = client.data("/runs")["runs"]
        before = asked_of(client.data(f"/runs/{run['id']}")["gates"])
        first = next(n for n, line in enumerate(lines) if line.startswith(b'{"type":"attempt"'))
        log.write_bytes(b"".join(lines[:first] + lines[first + 1 :]))  # as an erasure does
        data = client.data(f"/runs/{run['id']}")
        total = sum(line.startswith(b'{"type":"attempt"') for line in lines) - 1
        assert (data["run"]["attempts"], data["bad_rows"]) == (total, [])
        assert asked_of(data["gates"]) > before
        every_page(client, run["id"])


@pytest.mark.parametrize("harm", ["gone", "cut", "empty"])
def test_a_log_that_goes_while_it_is_looked_at_breaks_no_page(folder: Path, tmp_path: Path, harm: str) -> None:
    log, _ = live_log(folder, 8)
    with board_on(folder, tmp_path / "state.db") as client:
        (run,) = client.data("/runs")["runs"]
        row = client.data(f"/failures?run={run['id']}&outcome=all")["rows"][-1]
        client.data(f"/runs/{run['id']}")
        if harm == "gone":
            log.unlink()
        else:
            log.write_bytes(log.read_bytes()[: -len(log.read_bytes()) // 3] if harm == "cut" else b"")
        for path in (
            "/runs",
            f"/runs/{run['id']}",
            f"/failures?run={run['id']}",
            "/failures",
            row["address"],
            "/review",
        ):
            answer = client.http.get(path)
            assert answer.status_code in (200, 404, 409), (path, answer.text)
        with client.http.stream("GET", f"/runs/{run['id']}/events") as events:
            assert any(line.startswith(("event: tick", "event: ended")) for line in events.iter_lines())

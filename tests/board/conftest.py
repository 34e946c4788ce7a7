"""A board over a folder with a real log, and a browser-like client that is signed in."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from milo_bench.board.parts import BoardParts
from milo_bench.board.server.app import WebBoard
from milo_bench.board.serving import BoardOptions, make_board
from milo_bench.report.package import write_package
from tests.patience import WAIT_S
from tests.report.sample_decision import sample_decision

DATA = Path(__file__).parents[1] / "data" / "logs-0.1.0"
TOKEN = "the-token-of-the-test"
BASE = "http://127.0.0.1:8701"


@dataclass
class BoardClient:
    """A session of one person."""

    http: TestClient
    board: BoardParts

    def data(self, path: str) -> dict[str, Any]:
        """The JSON twin of a page."""
        at, _, query = path.partition("?")
        answer = self.http.get(f"{at}.json{'?' if query else ''}{query}")
        assert answer.status_code == 200, (path, answer.text)
        found: dict[str, Any] = answer.json()
        return found

    def html(self, path: str) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.text

    def form_token(self) -> str:
        page = self.html("/runs")
        return page.partition('data-form-token="')[2].partition('"')[0]

    def send(self, path: str, **fields: object) -> Any:
        """A form, as a page sends it."""
        values = {name: str(value) for name, value in fields.items()}
        return self.http.post(
            path, data={**values, "form_token": self.form_token()}, headers={"Origin": BASE}, follow_redirects=False
        )


@cache
def _written() -> Path:
    made = Path(tempfile.mkdtemp(prefix="milo-bench-package-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    write_package(sample_decision(), made / "package")
    return made / "package"


def put_package(folder: Path) -> None:
    """A package of the sample's decision at ``folder``. It is written once and copied: it takes a second to write."""
    shutil.copytree(_written(), folder, dirs_exist_ok=True)


def open_board(folder: Path, state: Path | str, person: str = "ann") -> BoardParts:
    return make_board(BoardOptions(folder, str(state), person), TOKEN)


def wait_until_read(board: BoardParts) -> None:
    """Until every log of the folder has been read, or cannot be."""
    end = time.monotonic() + WAIT_S
    while any(log.is_behind and not log.problem for log in board.catalog.logs()):
        assert time.monotonic() < end, [log.problem for log in board.catalog.logs()]
        time.sleep(0.02)
    for log in board.catalog.logs():
        with log.lock:  # and what is being read is
            pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "runs"
    made.mkdir()
    shutil.copy(DATA / "run.jsonl", made / "answers.jsonl")
    return made


@pytest.fixture
def client(folder: Path, tmp_path: Path) -> Iterator[BoardClient]:
    board = open_board(folder, tmp_path / "state.db")
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        wait_until_read(board)
        http.get("/", params={"token": TOKEN})
        yield BoardClient(http, board)

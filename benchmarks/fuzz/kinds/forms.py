"""Forms and addresses of a browser at the board: a page or a sentence, whatever is in them."""

from __future__ import annotations

import atexit
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import quote

from starlette.testclient import TestClient

from benchmarks.fuzz.damage import damaged, plain_text, text
from benchmarks.fuzz.kinds.logs import sound_log
from benchmarks.fuzz.throw import Kind, Lost
from milo_bench.board.server.app import WebBoard
from milo_bench.board.serving import BoardOptions, make_board
from milo_bench.board.views.routes import ROUTES

_TOKEN: Final = "the-token-of-the-fuzz"
_BASE: Final = "http://127.0.0.1:8701"
_FIELDS: Final = (
    "form_token", "note", "reason", "text", "label", "title", "suite", "workload", "id", "run", "n", "count", "seed",
    "people", "usefulness", "coverage", "score", "answer", "target", "policy", "expect", "tags", "log", "fixture",
)  # fmt: skip


@cache
def _browser() -> tuple[TestClient, str, tuple[str, ...]]:
    """A signed-in browser, its form token and the runs that the board shows."""
    place = tempfile.TemporaryDirectory(prefix="milo-fuzz-board-")
    atexit.register(place.cleanup)
    folder = Path(place.name) / "runs"
    folder.mkdir()
    (folder / "log.jsonl").write_bytes(sound_log())
    board = make_board(BoardOptions(folder, str(Path(place.name) / "state.db"), "ann"), _TOKEN)
    browser = TestClient(WebBoard(board).application(), base_url=_BASE, raise_server_exceptions=True)
    browser.get("/", params={"token": _TOKEN})
    page = browser.get("/runs").text
    return (
        browser,
        page.partition('data-form-token="')[2].partition('"')[0],
        tuple(log.id for log in board.catalog.logs()),
    )


def _address(random: Random, path: str, runs: tuple[str, ...]) -> str:
    parts = []
    for part in path.split("/"):
        if not part.startswith("{"):
            parts.append(part)
        elif part == "{run}" and random.random() < 0.7:
            parts.append(random.choice(runs))
        elif ":int" in part:
            parts.append(str(random.choice((0, 1, 2, 6, 99, 10**9, 10**30, "9" * 5_000))))
        else:
            parts.append(text(random, 1) or "x")
    return "/".join(parts)


def _fields(random: Random, token: str) -> dict[str, str]:
    found = {name: text(random, 3) if random.random() < 0.7 else plain_text(random, 3) for name in _FIELDS}
    chosen = {name: found[name] for name in random.sample(_FIELDS, random.randint(0, 8))}
    return {**chosen, "form_token": token} if random.random() < 0.9 else chosen


def _board(random: Random, folder: Path) -> None:
    """One request of a browser that may do everything."""
    browser, token, runs = _browser()
    route = random.choice([route for route in ROUTES if route.stream is None])
    address = _address(random, route.path, runs).encode("utf-8", "replace").decode()
    fields = _fields(random, token)
    headers = {"Origin": _BASE}
    try:
        if not route.changes:
            twin = ".json" if random.random() < 0.3 else ""
            answer: Any = browser.get(f"{_quoted(address)}{twin}", params=_clean(fields), follow_redirects=False)
        elif random.random() < 0.3:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            raw = damaged(random, f"form_token={token}&note=x%00&reason=%ff&text=a+b".encode())
            answer = browser.post(_quoted(address), content=raw, headers=headers, follow_redirects=False)
        else:
            answer = browser.post(_quoted(address), data=_clean(fields), headers=headers, follow_redirects=False)
    except ValueError as error:
        if "URL" in type(error).__name__:
            return  # no browser sends such an address
        raise
    if answer.status_code >= 500 and answer.status_code != 503:
        raise Lost(f"{route.path}: HTTP {answer.status_code}")


def _quoted(address: str) -> str:
    return quote(address[:6_000])


def _clean(fields: dict[str, str]) -> dict[str, str]:
    return {name: value.encode("utf-8", "replace").decode()[:4_000] for name, value in fields.items()}


KINDS = (Kind("board-forms", _board, 1, prepare=_browser),)

"""What a page offers a person is what that person may do, and the keys that it lists are those of controls on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.routing import compile_path
from starlette.testclient import TestClient

from milo_bench.board.server.app import WebBoard
from milo_bench.board.serving import BoardOptions, make_board
from milo_bench.board.views import ROUTES
from milo_bench.board.views.routes import BoardRoute
from milo_bench.store.state.database import open_state
from milo_bench.store.state.people import RIGHTS, Right, add_person
from milo_bench.store.state.queue import QueuedWork, add_work, new_id
from tests.board.conftest import BASE, TOKEN, BoardClient, wait_until_read
from tests.board.hostile import every_address, hostile_folder, hostile_incident, hostile_queue, hostile_samples

PATTERNS = [(compile_path(route.path)[0], route) for route in ROUTES]
# Keys that keys.js knows without a control of their own, and those of review.js.
OF_ROWS = {"j", "k", "o", "x", "[", "]", "esc", "enter", "?", "d", "1", "9"}
OF_REVIEW = OF_ROWS | {"1", "5", "c", "s", "u"}


class Offered(HTMLParser):
    """Addresses that a page offers, with whether they change something; keys that it lists, and those of controls."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.addresses: list[tuple[str, bool]] = []
        self.listed: list[str] = []
        self.controls: set[str] = set()
        self._in_keys = self._in_kbd = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "section" and given.get("class") == "keys":
            self._in_keys = True
        self._in_kbd = tag == "kbd"
        if tag == "form" or tag == "a":
            address = given.get("action") or given.get("href") or ""
            self.addresses.append((urlsplit(address).path, given.get("method", "") == "post"))
        if "data-key" in given:
            self.controls.add(given["data-key"].lower())

    def handle_endtag(self, tag: str) -> None:
        self._in_keys = self._in_keys and tag != "section"
        self._in_kbd = False

    def handle_data(self, data: str) -> None:
        if self._in_keys and self._in_kbd:
            self.listed.append(data.strip())


def route_of(path: str, changes: bool) -> BoardRoute | None:
    return next((route for pattern, route in PATTERNS if route.changes is changes and pattern.match(path)), None)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoardClient]:
    """A board with something behind every address."""
    root = tmp_path_factory.mktemp("full")
    (root / "runs").mkdir()
    state = str(root / "state.db")
    hostile_folder(root / "runs")
    hostile_queue(state)
    hostile_samples(state)
    hostile_incident(state)
    of_another = QueuedWork(new_id(), "taken", "", time.time(), "w", "", "r", "rule", "why", "k", "{}", "A draft", "")
    add_work(open_state(state), of_another)
    board = make_board(BoardOptions(root / "runs", state, "ann"), TOKEN)
    board.promote = board.roll_back = lambda path: f"Nothing of {Path(path).name} was changed."
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        wait_until_read(board)
        http.get("/", params={"token": TOKEN})
        client = BoardClient(http, board)
        run = next(one["id"] for one in client.data("/runs")["runs"] if one["attempts"])
        assert client.send("/review/new", run=run, title="T", count=3, each=2).status_code == 303
        yield client


@pytest.mark.parametrize("right", RIGHTS)
def test_a_page_offers_what_the_person_may_do_and_no_other_address(full: BoardClient, right: Right) -> None:
    token, person = add_person(full.board.engine, f"with {right}", [right])
    http = TestClient(full.http.app, base_url=BASE)
    http.get("/", params={"token": token})
    seen, refused, lacking = 0, set(), set()
    for route, path in every_address(full):
        if route.changes or route.stream is not None or not person.rights or route.right not in person.rights:
            continue
        page = http.get(path)
        assert page.status_code < 500, path
        if page.status_code != 200 or not page.headers["content-type"].startswith("text/html"):
            continue
        if "data-form-token" not in page.text:
            continue  # the page of a package, as it was written
        seen += 1
        offered = Offered(page.text)
        for address, changes in offered.addresses:
            found = route_of(address, changes)
            if found is not None and found.right not in person.rights:
                refused.add((route.path, found.path))
        known = offered.controls | (OF_REVIEW if route.path.startswith("/review/") else OF_ROWS)
        lacking |= {(route.path, key) for key in offered.listed if key.lower() not in known}
    assert seen > 10
    assert refused == set()
    assert lacking == set()

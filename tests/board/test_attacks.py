"""Every address of the board under attack: another user of the machine, another page, texts that are not texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from starlette.testclient import TestClient

from milo_bench.board.index.filters import AttemptFilter
from milo_bench.board.server import requests as form_reading
from milo_bench.board.server.app import WebBoard
from milo_bench.board.server.guard import CSP
from milo_bench.board.serving import BoardOptions, make_board
from milo_bench.board.views import ROUTES
from milo_bench.store.state.people import add_person, revoke_person
from milo_bench.store.state.tables import METADATA
from tests.board.conftest import BASE, TOKEN, BoardClient, wait_until_read
from tests.board.hostile import (
    SECRET,
    XSS,
    Page,
    events,
    every_address,
    hostile_folder,
    hostile_incident,
    hostile_queue,
    hostile_samples,
)

VIEWS = Path(form_reading.__file__).parents[1]
ABSURD = (
    "..", "%2e%2e", "..%2f..%2f..%2fetc%2fpasswd", "%00", "9" * 18, "9" * 5_000, "-1", "1e9", "%C2%B2", "%D9%A3",
    "a" * 9_000, "%ff%fe", "%0d%0aSet-Cookie:%20x=1", "'%20OR%201=1--", "%3Cxss-probe%3E", "%E2%80%AE", "%ED%A0%80",
    " ",
)  # fmt: skip
TEXTS = ("", " ", "-1", "²", "٣", "9" * 400, "1e999", "nan", "\x00", "..", "/etc/passwd", "a:b", ":", "%",
         "'; DROP x; --", "\\", ".*(", "🙂" * 400, "\u202e", XSS)  # fmt: skip

INJECTED = "' OR '1'='1"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoardClient]:
    root = tmp_path_factory.mktemp("hostile")
    folder = root / "runs"
    folder.mkdir()
    hostile_folder(folder)
    hostile_queue(root / "state.db")
    hostile_samples(root / "state.db")
    hostile_incident(root / "state.db")
    board = make_board(BoardOptions(folder, str(root / "state.db"), "ann <xss-probe>"), TOKEN)
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        wait_until_read(board)
        http.get("/", params={"token": TOKEN})
        client = BoardClient(http, board)
        run = next(one["id"] for one in client.data("/runs")["runs"] if one["attempts"])
        drawn = client.send("/review/new", run=run, title=XSS, count=3, each=2)
        assert drawn.status_code == 303, drawn.text
        client.send(f"/runs/{run}/attempts/0/notes", text=XSS)
        yield client


def anew(client: BoardClient, token: str = "") -> TestClient:
    """Another browser, signed in with ``token``."""
    http = TestClient(client.http.app, base_url=BASE)
    if token:
        http.get("/", params={"token": token})
    return http


def state_of(client: BoardClient) -> dict[str, list[Any]]:
    """All rows of the state database."""
    with client.board.engine.reading() as connection:
        return {name: connection.rows(f"SELECT * FROM {name}") for name in METADATA.tables}


def assert_secured(answer: Any) -> None:
    where = (answer.request.method, str(answer.request.url), answer.status_code)
    headers = answer.headers
    assert headers.get("x-content-type-options") == "nosniff", where
    assert "frame-ancestors 'none'" in headers.get("content-security-policy", ""), where
    assert headers.get("referrer-policy") == "same-origin", where
    assert headers.get("cross-origin-resource-policy") == "same-origin", where
    assert headers.get("cache-control") == ("no-cache" if "/static/" in where[1] and where[2] == 200 else "no-store")
    assert "access-control-allow-origin" not in headers, where
    assert TOKEN not in headers.get("location", ""), where


def read_all(http: TestClient, path: str, **more: Any) -> Any:
    return http.request("GET", path, follow_redirects=False, **more)


def test_every_answer_has_the_headers_whoever_asks_and_however(hostile: BoardClient) -> None:
    paths = [path for _, path in every_address(hostile)]
    paths += [f"{path}.json" for path in paths] + [
        "/",
        "/login",
        "/static/board.css",
        "/static/none",
        "/nowhere",
        "//x",
    ]
    for http in (hostile.http, anew(hostile)):
        for path in paths:
            assert_secured(read_all(http, path))
        for path in paths[:: len(paths) // 20]:
            for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
                answer = http.request(method, path, follow_redirects=False)
                assert answer.status_code < 500
                assert_secured(answer)


def test_no_stranger_reads_or_changes_anything(hostile: BoardClient) -> None:
    before = state_of(hostile)
    stranger = anew(hostile)
    for route, path in every_address(hostile):
        asked = [("POST", path)] if route.changes else [("GET", path), ("GET", f"{path}.json")]
        for method, address in asked:
            answer = stranger.request(method, address, follow_redirects=False)
            assert answer.status_code in (401, 404, 405), (address, answer.status_code)
            assert "xss-probe" not in answer.text.replace(path, "")
    assert state_of(hostile) == before


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": ""}, 421),
        ({"Host": "127.0.0.1:8701@evil.example"}, 421),
        ({"Host": "evil.example#127.0.0.1"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "[::1"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
    ],
)
def test_a_foreign_host_or_page_reaches_no_address(hostile: BoardClient, headers: dict[str, str], status: int) -> None:
    for route, path in [*every_address(hostile), (ROUTES[0], "/login"), (ROUTES[0], "/static/board.css")]:
        answer = hostile.http.request("POST" if route.changes else "GET", path, headers=headers, follow_redirects=False)
        assert answer.status_code == status, path
        assert_secured(answer)


def test_two_hosts_or_two_names_from_the_proxy_are_none(hostile: BoardClient, tmp_path: Path) -> None:
    doubled = [("Host", "127.0.0.1:8701"), ("Host", "evil.example")]
    assert hostile.http.request("GET", "/runs", headers=doubled).status_code == 421
    options = BoardOptions(hostile.board.folder, str(tmp_path / "s.db"), "ann", behind_proxy=True,
                           proxy_header="X-User", proxy_peers=("testclient",))  # fmt: skip
    board = make_board(options, TOKEN)
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        assert http.get("/gateway", headers={"X-User": "ann"}).status_code == 200
        assert http.post("/review/new", headers={"X-User": "ann"}).status_code == 403  # called like the owner, no more
        for bad in (
            [("X-User", "carol"), ("X-User", "ann")],
            [("X-User", "a" * 200)],
            [("X-User", "x\u202e".encode())],
        ):
            assert http.request("GET", "/runs", headers=bad).status_code == 401


def test_a_link_elsewhere_may_lead_here_and_signs_nobody_in_as_another(hostile: BoardClient) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert hostile.http.get("/runs", headers=followed).status_code == 200
    token, _ = add_person(hostile.board.engine, "eve", ["review"])
    answer = hostile.http.get("/runs", params={"token": token}, headers=followed, follow_redirects=False)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    revoke_person(hostile.board.engine, "eve")


def test_every_form_needs_the_token_of_its_session(hostile: BoardClient) -> None:
    before = state_of(hostile)
    other, _ = add_person(hostile.board.engine, "mallory", ["review", "answer", "promote"])
    theirs = BoardClient(anew(hostile, other), hostile.board).form_token()
    before = state_of(hostile)
    basic = {"Authorization": "Basic eDp5"}  # as a proxy adds it: it proves nothing about the form
    for route, path in every_address(hostile):
        if not route.changes:
            continue
        for headers, fields in (({}, {}), ({}, {"form_token": ""}), ({}, {"form_token": theirs}), (basic, {}),
                                ({"X-Form-Token": theirs}, {})):  # fmt: skip
            answer = hostile.http.post(path, data={**fields, "text": "x"}, headers={"Origin": BASE, **headers})
            assert answer.status_code == 403, (path, headers, fields)
    assert state_of(hostile) == before
    revoke_person(hostile.board.engine, "mallory")


def test_who_may_only_look_changes_nothing_and_each_right_opens_its_own_addresses(hostile: BoardClient) -> None:
    before = None
    for right in ("look", "review", "answer", "promote"):
        token, person = add_person(hostile.board.engine, f"only {right}", [right])
        theirs = BoardClient(anew(hostile, token), hostile.board)
        form = theirs.form_token()
        before = before if right == "look" and before else state_of(hostile)
        for route, path in every_address(hostile):
            method = "POST" if route.changes else "GET"
            if route.right in person.rights and route.changes:
                continue
            data = {"data": {"form_token": form}} if route.changes else {}
            if route.stream is not None:
                continue
            answer = theirs.http.request(method, path, headers={"Origin": BASE}, follow_redirects=False, **data)
            assert (answer.status_code == 403) == (route.right not in person.rights), (right, path, answer.status_code)
        assert state_of(hostile) == before
        revoke_person(hostile.board.engine, person.name)


def test_no_part_of_an_address_leads_elsewhere_or_breaks_the_board(hostile: BoardClient) -> None:
    for route in ROUTES:
        parts = route.path.split("/")
        for at in [n for n, part in enumerate(parts) if part.startswith("{")]:
            for absurd in ABSURD:
                path = "/".join(absurd if n == at else "1" if part.startswith("{") else part
                                for n, part in enumerate(parts))  # fmt: skip
                method = "POST" if route.changes else "GET"
                for address in (path,) if route.changes else (path, f"{path}.json"):  # a form has no twin
                    answer = hostile.http.request(method, address, follow_redirects=False)
                    assert answer.status_code < 500, (address[:80], answer.text[:200])
                    assert "root:" not in answer.text
                    assert "x=1" not in str(answer.headers)
                    assert Page(answer.text).reached == [] or "json" in answer.headers["content-type"]


def named_in_views(pattern: str) -> set[str]:
    """Every query parameter or form field that a view reads."""
    return {found for file in VIEWS.rglob("*.py") for found in re.findall(pattern, file.read_text())}


def is_of_a_package(path: str) -> bool:
    """A page that a package brings along: it has rules of its own, and an origin of its own."""
    return path.endswith("/page") or "/appendix/" in path


class _ReadQuery(dict[str, str]):
    """A query that knows which of its names a page asked for."""

    read: set[str]

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return super().__getitem__(name)


def test_no_query_breaks_a_page(hostile: BoardClient, monkeypatch: pytest.MonkeyPatch) -> None:
    # Those of the filters are read in a loop.
    names = sorted(
        {*named_in_views(r'(?:query\.get|getlist)\("(\w+)"'), *msgspec.structs.asdict(AttemptFilter()), "n", "work"}
    )
    assert {"q", "after", "before", "with", "state"} <= set(names)
    read: set[str] = set()

    def query(asked: form_reading.PageRequest) -> _ReadQuery:
        found = _ReadQuery(asked.request.query_params)
        found.read = read
        return found

    monkeypatch.setattr(form_reading.PageRequest, "query", property(query))
    pages: dict[str, str] = {}  # of each route the first address that is there, else one that is not
    asked_for = dict[str, set[str]]()
    for route, path in every_address(hostile):
        if route.changes or route.stream is not None or pages.get(route.path) in asked_for:
            continue
        read.clear()
        pages[route.path] = path
        if read_all(hostile.http, path).status_code < 400:  # nothing that is wrong hides what it reads
            asked_for[path] = set(read)
    assert len(asked_for) > 15
    for path in pages.values():
        read.clear()
        for text in TEXTS:
            answer = read_all(hostile.http, f"{path}", params=dict.fromkeys(names, text[:40]))
            assert answer.status_code < 500, (path, text)
            if "html" in answer.headers.get("content-type", "") and not is_of_a_package(path):
                assert Page(answer.text).reached == [], (path, text)
        asked_for[path] = asked_for.get(path, set()) | ({"run"} if path == "/compare" else read)  # it reads a list
    assert set(names) - {"host", "origin"} <= set.union(*asked_for.values())  # those two are headers
    # One that is wrong may hide another, so each is tried alone too, by each page that reads it.
    for path, own in asked_for.items():
        for name in own:
            for text in TEXTS:
                assert read_all(hostile.http, path, params={name: text}).status_code < 500, (path, name, text)


def test_no_form_breaks_the_board(hostile: BoardClient) -> None:
    names = named_in_views(r'(?:form|given)\.get\("(\w+)"') | {
        "n",
        "work",
        "sample",
        "score-1",
        "count",
        "each",
        "seed",
    }
    assert {"act", "question", "expect", "suite", "reason"} <= names
    form = hostile.form_token()
    changes = {route.path: path for route, path in every_address(hostile) if route.changes}
    for path in changes.values():
        for text in TEXTS:
            fields = {**dict.fromkeys(names, text), "form_token": form}
            answer = hostile.http.post(path, data=fields, headers={"Origin": BASE}, follow_redirects=False)
            assert answer.status_code < 500, (path, text, answer.text[:200])
            assert_secured(answer)


def test_texts_of_models_people_and_files_stay_texts(hostile: BoardClient) -> None:
    seen = 0
    for route, path in every_address(hostile):
        if route.changes or is_of_a_package(path):
            continue
        answer = hostile.http.get(path)
        if route.stream is not None:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for html in events(answer.text):
                assert Page(html).reached == [], path
            continue
        twin = hostile.http.get(f"{path}.json")
        assert twin.headers["content-type"] in ("application/json", "image/png"), path
        if answer.headers["content-type"].startswith("text/html"):
            seen += "xss-probe" in answer.text
            assert Page(answer.text).reached == [], path
            assert answer.headers["content-security-policy"] == CSP
    assert seen > 15


def test_a_page_of_a_package_runs_nothing_and_is_in_no_frame(hostile: BoardClient) -> None:
    for route, path in every_address(hostile):
        if route.path == "/decisions/{id}/page":
            policy = hostile.http.get(path).headers["content-security-policy"]
            assert policy.startswith("sandbox allow-popups;")
            assert "script-src" not in policy
            assert "allow-scripts" not in policy
            assert "form-action 'none'" in policy


@pytest.mark.parametrize(
    "to", ["//evil.example", "/\\evil.example", "https://evil.example", "/x\r\nSet-Cookie: a=1", "javascript:x"]
)
def test_signing_in_leads_to_no_other_site(hostile: BoardClient, to: str) -> None:
    answer = hostile.http.post("/login", data={"token": TOKEN, "to": to}, follow_redirects=False)
    assert answer.headers["location"] == "/"
    for path in ("//evil.example/x", "/%5cevil.example", "/%2f%2fevil.example", "/a%0d%0aSet-Cookie:%20b=1"):
        answer = hostile.http.request("GET", f"{BASE}{path}?token={TOKEN}", follow_redirects=False)
        assert answer.status_code == (404 if "%0a" in path else 303)
        location = answer.headers.get("location", "/")
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
        assert "b=1" not in answer.headers.get("set-cookie", "")
        assert TOKEN not in location


def test_a_session_is_of_one_person_and_one_token(hostile: BoardClient) -> None:
    token, _ = add_person(hostile.board.engine, "ann <xss-probe>", ["look"])  # called like the owner
    theirs = anew(hostile, token)
    planted = theirs.cookies[hostile.board.cookie]
    answer = theirs.post("/review/new", headers={"Origin": BASE})
    assert "does not have the right" in answer.text
    # A cookie that was there before is not taken over by signing in.
    fresh = TestClient(hostile.http.app, base_url=BASE, cookies={hostile.board.cookie: "planted"})
    fresh.get("/", params={"token": TOKEN})
    assert "planted" not in fresh.cookies.get(hostile.board.cookie, domain="127.0.0.1")
    revoke_person(hostile.board.engine, "ann <xss-probe>")
    again = TestClient(hostile.http.app, base_url=BASE, cookies={hostile.board.cookie: planted})
    assert again.get("/runs").status_code == 401


def test_bodies_that_are_too_long_or_no_form_are_refused(hostile: BoardClient) -> None:
    form = hostile.form_token()
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": BASE, "X-Form-Token": form}

    paths = [*[path for route, path in every_address(hostile) if route.changes][:6], "/login"]
    for path in paths:
        for body, headers in (
            (b"a" * 1_000_001, kind),
            (b"a=" + b"\xff" * 10, kind),
            (b"&".join(b"a%d=1" % n for n in range(500)), kind),
            (b'{"a": 1}', {**kind, "Content-Type": "application/json"}),
            (b"--x\r\n\r\n", {**kind, "Content-Type": "multipart/form-data; boundary=x"}),
            (b"a=1", {**kind, "Content-Length": b"\xb2"}),
        ):
            answer = hostile.http.request("POST", path, content=body, headers=headers, follow_redirects=False)
            assert answer.status_code == 400, (path, headers)
            assert_secured(answer)


def test_links_in_the_folder_lead_nowhere(hostile: BoardClient, tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "runs"
    outside.mkdir()
    folder.mkdir()
    (outside / "secret.html").write_text(SECRET)
    source = next(hostile.board.folder.glob("*run.jsonl"))
    (outside / "log.jsonl").write_bytes(source.read_bytes())
    (outside / "secret.md").write_text(SECRET)
    (folder / "linked.jsonl").symlink_to(outside / "log.jsonl")
    (folder / "folder").symlink_to(outside)
    for name, inside in (("linked", "package"), ("appendix", "appendix"), ("real", "page")):
        package = folder / name
        package.mkdir()
        for file in (hostile.board.folder / "bare").iterdir():
            if file.is_file():
                (package / file.name).write_bytes(file.read_bytes())
        for one in {"package": ("index.html", "summary.md", "routing.yaml"), "appendix": (), "page": ("summary.md",)}[
            inside
        ]:
            (package / one).unlink()
            (package / one).symlink_to(outside / ("secret.html" if one.endswith("html") else "secret.md"))
        if inside == "appendix":
            (package / "appendix").symlink_to(outside)
    (folder / "registry.yaml").symlink_to(outside / "secret.md")
    board = make_board(BoardOptions(folder, str(tmp_path / "s.db"), "ann"), TOKEN)
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        http.get("/", params={"token": TOKEN})
        client = BoardClient(http, board)
        assert client.data("/runs")["runs"] == []
        decisions = client.data("/decisions")
        assert decisions["registries"] == []
        for one in decisions["packages"]:
            for path in ("", "/page", "/summary.md", "/routing.yaml", "/appendix/secret", "/appendix/secret.html"):
                assert SECRET not in http.get(f"/decisions/{one['id']}{path}").text


@pytest.mark.parametrize("change", ["emptied", "deleted", "torn", "replaced", "another kind"])
def test_a_log_that_changes_under_the_reader_breaks_no_page(hostile: BoardClient, tmp_path: Path, change: str) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    log = folder / "a.jsonl"
    source = next(hostile.board.folder.glob("*run.jsonl"))
    log.write_bytes(source.read_bytes())
    board = make_board(BoardOptions(folder, str(tmp_path / "s.db"), "ann"), TOKEN)
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        wait_until_read(board)
        http.get("/", params={"token": TOKEN})
        client = BoardClient(http, board)
        paths = [path for route, path in every_address_of(client) if not route.changes]
        whole = log.read_bytes()
        if change == "emptied":
            log.write_bytes(b"")
        elif change == "deleted":
            log.unlink()
        elif change == "torn":
            log.write_bytes(whole[: len(whole) // 2])
        elif change == "replaced":
            log.write_bytes(whole.replace(b"drafting", b"draughts"))
        else:
            log.write_bytes(next(hostile.board.folder.glob("*load.jsonl")).read_bytes())
        for _ in range(2):
            for path in paths:
                answer = read_all(http, path)
                assert answer.status_code in (200, 303, 404, 409), (path, answer.text[:300])
            board.catalog.look()


def every_address_of(client: BoardClient) -> list[tuple[Any, str]]:
    return [
        (route, path) for route, path in every_address(client) if path.startswith(("/runs", "/failures", "/compare"))
    ]


def test_a_search_finds_its_text_and_reads_it_as_no_pattern(hostile: BoardClient) -> None:
    every = hostile.data("/failures?outcome=all")
    total = every["within"]
    for text in ("%", "_", "\\", ".*", "(", "[", "'", INJECTED, "$q", "$files", "{}", "\x00", "\ufffd"):
        found = hostile.data(f"/failures?outcome=all&q={quote(text)}")["within"]
        assert 0 <= found <= total
    assert hostile.data(f"/failures?outcome=all&q={quote('<xss-probe>')}")["within"] == total
    assert hostile.data(f"/failures?outcome=all&q={quote(INJECTED)}")["within"] == 0

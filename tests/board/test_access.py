"""Who gets in, from where, and what a page of another site cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from milo_bench.board.server.app import WebBoard
from milo_bench.board.server.people import ProxyHeader
from milo_bench.board.serving import BoardListening, BoardOptions, make_board, serve_board
from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.store.state.people import add_person, revoke_person
from tests.board.conftest import BASE, TOKEN, BoardClient, open_board


def test_nobody_looks_without_a_token(client: BoardClient) -> None:
    client.http.cookies.clear()
    for path in ("/runs", "/failures", "/", "/nowhere"):
        answer = client.http.get(path)
        assert answer.status_code == 401
        assert "answers.jsonl" not in answer.text
    assert client.http.get("/runs.json").status_code == 401
    assert client.http.get("/runs", params={"token": "wrong"}).status_code == 401
    assert client.http.get("/runs.json", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_the_token_leaves_the_address_and_the_cookie_is_out_of_reach(client: BoardClient) -> None:
    client.http.cookies.clear()
    answer = client.http.get("/failures", params={"token": TOKEN, "q": "x"}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/failures?q=x"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_signing_out_takes_the_session_from_this_browser_and_needs_the_form(client: BoardClient) -> None:
    page = client.http.get("/runs").text
    assert "Sign out" in page
    assert client.http.post("/logout", data={"form_token": "x"}).status_code == 403  # another page cannot sign you out
    assert client.http.get("/runs").status_code == 200
    answer = client.send("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert client.board.cookie not in client.http.cookies
    assert client.http.get("/runs").status_code == 401
    bearer = client.http.get("/runs", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert "Sign out" not in bearer  # there is no session to end


def test_another_host_or_origin_is_refused(client: BoardClient) -> None:
    assert client.http.get("/runs", headers={"Host": "evil.example"}).status_code == 421
    assert client.http.get("/runs", headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.http.get("/runs", headers={"Origin": "null"}).status_code == 403
    assert (
        client.http.post("/login", data={"token": TOKEN}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    )


def test_a_session_that_was_changed_is_none(client: BoardClient) -> None:
    name = client.board.cookie
    session = client.http.cookies[name]
    for bad in (session[:-1] + ("0" if session[-1] != "0" else "1"), "x", "..", "zz.9.zz"):
        client.http.cookies.clear()
        client.http.cookies.set(name, bad)
        assert client.http.get("/runs").status_code == 401


def test_pages_forbid_scripts_inside_and_requests_outside(client: BoardClient) -> None:
    answer = client.http.get("/runs")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "style=" not in answer.text
    assert "http://" not in answer.text.replace(BASE, "")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_people_have_their_rights_until_they_are_revoked(client: BoardClient) -> None:
    token, person = add_person(client.board.engine, "bo", ["review"])
    assert person.rights == ("look", "review")
    client.http.cookies.clear()
    assert client.http.get("/runs", params={"token": token}).status_code == 200
    assert ">bo<" in client.http.get("/runs").text
    revoke_person(client.board.engine, "bo")
    assert client.http.get("/runs").status_code == 401


def test_a_proxy_names_people_and_only_the_proxy(folder: Path, tmp_path: Path) -> None:
    options = BoardOptions(folder, str(tmp_path / "s.db"), "ann", behind_proxy=True, proxy_header="X-User",
                           proxy_peers=("testclient",))  # fmt: skip
    with TestClient(WebBoard(make_board(options, TOKEN)).application(), base_url=BASE) as http:
        assert "carol" in http.get("/runs", headers={"X-User": "carol"}).text
        assert http.get("/runs").status_code == 401
    board = open_board(folder, tmp_path / "s.db")
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        assert http.get("/runs", headers={"X-User": "carol"}).status_code == 401


@pytest.mark.parametrize("host", ["10.0.0.1", "::ffff:10.0.0.1", "::ffff:a00:1", "0:0:0:0:0:ffff:10.0.0.1"])
def test_the_proxy_is_known_however_its_address_is_written(host: str) -> None:
    assert ProxyHeader("X-User", ("10.0.0.1",)).is_from(host)
    assert ProxyHeader("X-User", (host,)).is_from("10.0.0.1")
    assert not ProxyHeader("X-User", (host,)).is_from("10.0.0.11")
    assert not ProxyHeader("X-User", (host,)).is_from("")


@pytest.mark.parametrize("peer", ["proxy.internal", "10.0.0.0/8", "", "10.0.0.1:443", "localhost"])
def test_a_peer_that_would_match_nobody_is_refused(folder: Path, tmp_path: Path, peer: str) -> None:
    options = BoardOptions(folder, str(tmp_path / "s.db"), "ann", port=0, proxy_header="X-User", proxy_peers=(peer,))
    with pytest.raises(UsageError, match="is not an IP address"):
        serve_board(options, {}, lambda _: pytest.fail("it listened"))


class _Seen(Exception):
    """Ends a board that has just been told to a person."""


@pytest.mark.parametrize(
    ("header", "peers", "is_warned"),
    [
        ("X-User", ("127.0.0.1", "::1"), True),
        ("X-User", ("10.0.0.1", "127.0.0.9"), True),
        ("X-User", ("10.0.0.1",), False),
        ("", ("127.0.0.1", "::1"), False),
    ],
)
def test_a_header_believed_from_this_machine_is_warned_of(
    folder: Path, tmp_path: Path, header: str, peers: tuple[str, ...], is_warned: bool
) -> None:
    told: list[BoardListening] = []

    def note(listening: BoardListening) -> None:
        told.append(listening)
        raise _Seen

    options = BoardOptions(folder, str(tmp_path / "s.db"), "ann", port=0, proxy_header=header, proxy_peers=peers)
    with pytest.raises(_Seen):
        serve_board(options, {}, note)
    assert ("Every program on this machine" in told[0].warning) is is_warned


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "bench.example"])
def test_an_address_that_others_reach_needs_tls(folder: Path, tmp_path: Path, host: str) -> None:
    options = BoardOptions(folder, str(tmp_path / "s.db"), "ann", host=host, hostnames=("bench.example",))
    with pytest.raises(UsageError, match="others could read"):
        serve_board(options, {}, lambda _: pytest.fail("it listened"))


def test_login_goes_only_to_pages_of_the_board(client: BoardClient) -> None:
    for to, wanted in (
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil", "/"),
        ("/failures", "/failures"),
    ):
        answer = client.http.post("/login", data={"token": TOKEN, "to": to}, follow_redirects=False)
        assert answer.headers["location"] == wanted


def test_what_cannot_serve_says_so_before_an_address_is_printed(folder: Path, tmp_path: Path) -> None:
    nameless = BoardOptions(folder, str(tmp_path / "s.db"), "ann", host="0.0.0.0", behind_proxy=True)
    with pytest.raises(UsageError, match="no name"):
        serve_board(nameless, {}, lambda _: pytest.fail("it listened"))
    bad = BoardOptions(folder, str(tmp_path / "s.db"), "ann", port=0, tls_cert=tmp_path / "c", tls_key=tmp_path / "k")
    with pytest.raises(PrerequisiteError, match="certificate"):
        serve_board(bad, {}, lambda _: pytest.fail("it listened"))

"""Decisions with their history and routing, operator transcripts, and the work that people answer."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from urllib.parse import urljoin

import msgspec
import pytest

from milo_bench.board.server.render import day_text
from milo_bench.board.views.decisions.summary import text_blocks
from milo_bench.board.views.gateway.health import check_gateway
from milo_bench.core.errors import UsageError
from milo_bench.report.package import write_package
from milo_bench.store.state.incidents import Incident, IncidentPart, close_incident, known_incident, open_incident
from milo_bench.store.state.people import add_person
from milo_bench.store.state.queue import QueuedWork, add_work, known_work, new_id
from tests.board.conftest import DATA, BoardClient, put_package, wait_until_read
from tests.report.sample_decision import sample_decision


def queued(client: BoardClient, draft: str = "") -> str:
    request = '{"door":"chat","messages":[{"role":"user","content":"<script>alert(1)</script> Where is it?"}]}'
    work = QueuedWork(
        new_id(), "waiting", "", time.time(), "drafting", "", "rule", "assist", "a person accepts every draft", "k",
        request, draft,
    )  # fmt: skip
    add_work(client.board.engine, work)
    return work.id


def test_packages_show_findings_history_and_routing(client: BoardClient, folder: Path) -> None:
    decision = sample_decision()
    write_package(decision, folder / "now")
    write_package(msgspec.structs.replace(decision, created_at="2020-01-01T00:00:00+00:00"), folder / "before")
    now, before = client.data("/decisions")["packages"]
    assert (now["name"], before["name"]) == ("now", "before")
    shown = client.data(f"/decisions/{now['id']}")
    assert {one["kind"] for one in shown["findings"]} <= {"keep", "fix", "defer", "reject", "undecided"}
    assert [one["name"] for one in shown["history"]] == ["now", "before"]
    assert shown["history"][0]["changed"] == []
    assert shown["routing"]["rules"]
    assert shown["findings"][0]["gates"][0]["reason"] in client.html(f"/decisions/{now['id']}").replace("&#39;", "'")


def test_the_page_of_a_package_runs_nothing_and_no_other_file_is_read(client: BoardClient, folder: Path) -> None:
    put_package(folder / "package")
    (folder / "package" / "secret.html").write_text("secret")
    (package,) = client.data("/decisions")["packages"]
    answer = client.http.get(f"/decisions/{package['id']}/page")
    assert answer.content == (folder / "package" / "index.html").read_bytes()
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert "script-src" not in answer.headers["content-security-policy"]
    (folder / "package" / "key.pem").write_text("secret")
    for name in ("secret.html", "..%2findex.html", "..%2f..%2fanswers.jsonl", "%2e%2e", "key.pem"):
        for inside in ("", "appendix/"):
            assert client.http.get(f"/decisions/{package['id']}/{inside}{name}").status_code == 404


def test_each_link_of_a_package_leads_somewhere_from_the_board_too(client: BoardClient, folder: Path) -> None:
    put_package(folder / "package")
    (package,) = client.data("/decisions")["packages"]
    start = f"/decisions/{package['id']}/page"
    todo, seen = [start], set()
    while todo:
        address = todo.pop()
        seen.add(address)
        answer = client.http.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["content-security-policy"].startswith("sandbox"), address
        if answer.headers["content-type"].startswith("text/html"):
            linked = (urljoin(address, one).partition("#")[0] for one in re.findall(r'href="([^"]+)"', answer.text))
            todo += [one for one in dict.fromkeys(linked) if one.startswith("/") and one not in seen]
        else:
            assert answer.headers["content-type"].startswith("text/plain"), address
    files = {address.rpartition("/")[2] for address in seen}
    assert {"index.html", "routing.yaml", "runbook.md", "decision.json", "backlog.csv", "findings.html"} <= files


def test_a_package_without_its_decision_is_read_from_its_files(client: BoardClient, folder: Path) -> None:
    put_package(folder / "package")
    (folder / "package" / "decision.json").unlink()
    (package,) = client.data("/decisions")["packages"]
    shown = client.data(f"/decisions/{package['id']}")
    assert {"heading", "text", "table"} <= {block["kind"] for block in shown["text"]}
    assert "|---" not in client.html(f"/decisions/{package['id']}")
    assert shown["routing"]["rules"]
    client.html(f"/decisions/{package['id']}")


def test_a_summary_is_read_as_it_was_meant_and_stays_text() -> None:
    (block,) = text_blocks("Errors in 0.2% (&lt;0.1\\-1%) of R&amp;D, &lt;b&gt; and &amp;lt;, & more, &copy; too")
    assert block["text"] == "Errors in 0.2% (<0.1\\-1%) of R&D, <b> and &lt;, & more, &copy; too"


def test_an_operator_transcript_is_shown(client: BoardClient, folder: Path) -> None:
    shutil.copy(DATA / "operator.jsonl", folder / "operator.jsonl")
    client.board.catalog.look()
    wait_until_read(client.board)
    run = next(run for run in client.data("/runs")["runs"] if run["name"] == "operator.jsonl")
    assert client.data(f"/runs/{run['id']}")["episodes"][0]["n"] == 0
    episode = client.data(f"/runs/{run['id']}/episodes/0")
    assert episode["turns"]
    assert client.http.get(f"/runs/{run['id']}/episodes/1").status_code == 404
    client.html(f"/runs/{run['id']}/episodes/0")


def test_queued_work_is_taken_answered_and_rejected_once(client: BoardClient) -> None:
    first, second, third = queued(client, "A draft."), queued(client), queued(client)
    assert client.data("/gateway")["waiting"] == 3
    page = client.html(f"/gateway/queue/{first}")
    assert "<script>alert" not in page
    assert "Where is it?" in page
    assert client.send(f"/gateway/queue/{first}/take").status_code == 303
    assert client.send(f"/gateway/queue/{first}/answer", draft="yes").status_code == 303
    assert client.send(f"/gateway/queue/{second}/answer", text=" ").status_code == 400
    assert client.send(f"/gateway/queue/{second}/answer", text="It is on its way.").status_code == 303
    assert client.send(f"/gateway/queue/{third}/reject", reason="a duplicate").status_code == 303
    found = [known_work(client.board.engine, id) for id in (first, second, third)]
    assert [(work.state, work.person) for work in found] == [
        ("answered", "ann"),
        ("answered", "ann"),
        ("rejected", "ann"),
    ]
    assert found[0].answer == "A draft."
    again = client.send(f"/gateway/queue/{first}/answer", text="other")
    assert again.status_code == 400
    assert "already answered" in again.text


def test_who_may_only_look_answers_nothing(client: BoardClient) -> None:
    id = queued(client)
    token, _ = add_person(client.board.engine, "dan", ["review"])
    client.http.cookies.clear()
    client.http.get("/", params={"token": token})
    assert "Send the answer" not in client.html(f"/gateway/queue/{id}")
    assert client.send(f"/gateway/queue/{id}/answer", text="x").status_code == 403
    assert known_work(client.board.engine, id).state == "waiting"


def test_an_incident_is_shown_with_all_that_its_cause_did_and_is_closed_once_with_a_note(client: BoardClient) -> None:
    engine = client.board.engine
    also = IncidentPart("alarm/b", "the queue grew <b>", "notes", "", rolled_back=False)
    open_incident(
        engine,
        Incident("i_1", "drift", "alarm/a", "calls fail <script>", "runbook.md#x", time.time(), "notes", "local_8b",
                 rolled_back=True, also=(also,)),
    )  # fmt: skip
    (shown,) = client.data("/gateway")["incidents"]
    assert (shown["also"], shown["rolled_back"]) == (
        ["the queue grew <b>"],
        [{"workload": "notes", "target": "local_8b"}],
    )
    page = client.html("/gateway")
    assert "calls fail &lt;script&gt;" in page and "local_8b is rolled back for notes" in page
    assert client.send("/gateway/incidents/i_1/close", note=" ").status_code == 400
    assert client.send("/gateway/incidents/i_1/close", note="restarted").status_code == 303
    assert known_incident(engine, "i_1").closed_by == "ann"
    page = client.html("/gateway")
    assert "No incident is open." in page and "restarted" not in page
    assert client.send("/gateway/incidents/i_1/close", note="again").status_code == 400


def test_the_page_says_how_many_incidents_are_open_and_shows_who_closed_one_with_the_note(client: BoardClient) -> None:
    engine = client.board.engine
    for number in (1, 2, 3):
        id, subject = f"i_{number}", f"alarm/{number}"
        open_incident(engine, Incident(id, "drift", subject, f"alarm {number}", "runbook.md#x", time.time() - 90))
    close_incident(engine, "i_2", "olga", "restarted <b>both</b>", 1_700_000_000.0)
    data = client.data("/gateway")
    assert [one["id"] for one in data["incidents"]] == ["i_1", "i_3"] and data["open_incidents"] == 2
    assert "2 incidents are open. 0 requests wait for a person." in client.html("/gateway")
    assert client.board.open_counts("ann")["gateway"] == 2
    page = client.html("/gateway?incidents=all")
    assert "restarted &lt;b&gt;both&lt;/b&gt;" in page and "olga, 14 November 2023, 22:13 UTC" in page
    assert "/gateway/incidents/i_1/close" in page and "/gateway/incidents/i_2/close" not in page
    assert [one["open"] for one in client.data("/gateway?incidents=all")["incidents"]] == [True, False, True]


def test_a_time_on_a_page_names_its_zone_and_is_the_same_for_every_reader() -> None:
    assert day_text("2026-11-02T10:02:00+01:00") == day_text("2026-11-02T09:02Z") == "2 November 2026, 09:02 UTC"
    assert day_text("2026-11-02T09:02") == "2 November 2026, 09:02"
    assert day_text("9999-12-31T23:59:59-14:00") == "9999-12-31T23:59:59-14:00"
    assert day_text("tomorrow") == "tomorrow"


def test_who_may_only_look_closes_no_incident(client: BoardClient) -> None:
    open_incident(client.board.engine, Incident("i_2", "queue_overdue", "queue", "3 wait", "runbook.md#y", time.time()))
    token, _ = add_person(client.board.engine, "eve", ["answer"])
    client.http.cookies.clear()
    client.http.get("/", params={"token": token})
    assert "needs the right" in client.html("/gateway")
    assert client.send("/gateway/incidents/i_2/close", note="x").status_code == 403


@pytest.mark.parametrize(
    "address", ["http://10.0.0.1:80", "https://example.com", "ftp://127.0.0.1", "http://localhost.evil"]
)
def test_only_a_gateway_of_this_machine_is_asked(address: str) -> None:
    with pytest.raises(UsageError, match="not an address of this machine"):
        check_gateway(address)
    assert check_gateway("http://127.0.0.1:8702/") == "127.0.0.1:8702"


def test_a_package_without_its_decision_is_listed_with_the_findings_of_its_summary(
    client: BoardClient, folder: Path
) -> None:
    (folder / "moved").mkdir()
    put_package(folder / "moved")
    whole = next(one for one in client.data("/decisions")["packages"] if one["name"] == "moved")["findings"]
    (folder / "moved" / "decision.json").unlink()
    moved = next(one for one in client.data("/decisions")["packages"] if one["name"] == "moved")["findings"]
    assert {(one["target"], one["kind"]) for one in whole} <= {(one["target"], one["kind"]) for one in moved}
    assert "its decision.json is not in the folder" not in client.html("/decisions")
    (folder / "moved" / "summary.md").write_text("| workload | model | finding | route |\n|-|-|-|-|\n| only one |\n")
    assert next(one for one in client.data("/decisions")["packages"] if one["name"] == "moved")["findings"] == []

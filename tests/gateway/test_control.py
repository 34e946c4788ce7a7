"""What has changed while it runs becomes an incident that tells people, and rolls its route back where it should."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from milo_bench.core.errors import ConfigError
from milo_bench.gateway.control.joining import absorbed, find_cause, with_parts
from milo_bench.store.state.database import open_state
from milo_bench.store.state.incidents import Incident, close_incident, list_incidents, open_incident, saved_alarms
from milo_bench.store.state.queue import QueuedWork, add_work, end_work
from tests.gateway.running import APIS, RunningGateway, running_gateway
from tests.patience import WAIT_S

HELLO: list[Any] = [{"role": "user", "content": "hello, this is the secret case of Mrs Jones"}]
ROUTING = {
    "targets": {"local_8b": {"model": "fake-1"}},
    "rules": [{"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local_8b"}],
    "default": {"route": "refuse"},
}
# Its first tokens, at the start and in calls, are fine; from then on each answer is an error of the server.
BROKEN = {
    "reply": {"text": "fine"},
    "rules": [{"when": {"contains": "secret case"}, "fault": {"kind": "status", "status": 500}}],
}
ALARMS = """
schema_version: 1
alarms:
- {id: notes.no_answer, workload: notes, target: local_8b, measure: no_answer, at_most: 0.02, then: %s}
"""


@asynccontextmanager
async def receiver(*statuses: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A webhook that answers with ``statuses`` in turn, then with 204; what it was sent."""
    left, seen = list(statuses), []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l"))
        seen.append(head + await reader.readexactly(length))
        status = left.pop(0) if left else 204
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:1/\r\n\r\n" % status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks/milo?team=ops", seen


@asynccontextmanager
async def mailbox() -> AsyncIterator[tuple[str, asyncio.Queue[str]]]:
    """A mail server that takes everything; what it was given."""
    mails: asyncio.Queue[str] = asyncio.Queue()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                mails.put_nowait((await reader.readuntil(b"\r\n.\r\n")).decode())
            writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", mails


async def until(gateway: RunningGateway, event: str, count: int = 1) -> list[Any]:
    found: list[Any] = []
    while len(found) < count:  # the gateway says it from its own loop
        await asyncio.sleep(0.02)
        found = [one for one in gateway.said if one["event"] == event]
    return found


async def fail(gateway: RunningGateway, requests: int) -> None:
    async with gateway.client() as client:
        for _ in range(requests):
            raw = await client.chat.completions.with_raw_response.create(model="milo/notes", messages=HELLO)
            assert raw.http_response.status_code == 202


def open_ones(gateway: RunningGateway, *, closed: bool = False) -> tuple[Incident, ...]:
    return list_incidents(open_state(gateway.options.state), closed=closed)


async def test_drift_opens_one_incident_rolls_back_and_tells_webhook_and_mailbox_without_text(tmp_path: Path) -> None:
    (tmp_path / "alarms.yaml").write_text(ALARMS % "roll_back")
    async with receiver(500) as (url, posts), mailbox() as (server, mails):
        told = {"webhook": url, "mail_to": ["ops@example.org"], "mail_from": "milo@example.org", "mail_server": server}
        served = running_gateway(tmp_path, ROUTING, {"local_8b": BROKEN}, gateway={"incidents": told})
        async with served as gateway:
            await fail(gateway, 12)
            [said] = await asyncio.wait_for(until(gateway, "incident"), WAIT_S)
            assert (said["kind"], said["workload"], said["rolled_back"]) == ("drift", "notes", True)
            seen = gateway.seen("local_8b")
            await asyncio.wait_for(until(gateway, "webhook_failed"), WAIT_S)
            async with gateway.client() as client:
                raw = await client.chat.completions.with_raw_response.create(model="milo/notes", messages=HELLO)
            assert raw.headers["X-Milo-Cause"] == "rolled_back"
            assert gateway.seen("local_8b") == seen
            assert gateway.audit()[-1].cause == "rolled_back"
            [incident] = open_ones(gateway)
            assert incident.page == "runbook.md#stalled-queue"
            sent = json.loads(posts[0].partition(b"\r\n\r\n")[2])
            assert posts[0].startswith(b"POST /hooks/milo?team=ops HTTP/1.1")
            assert sent["incident"] == incident.id
            assert "of the latest" in sent["what"]
            mail = await asyncio.wait_for(mails.get(), WAIT_S)
            assert "To: ops@example.org" in mail and incident.id in mail
            assert "rolled back" in mail
            for text in (*map(bytes.decode, posts), mail, json.dumps(gateway.said)):
                assert "Jones" not in text
            assert mails.empty()


async def test_a_closed_incident_opens_the_route_and_its_alarm_begins_again(tmp_path: Path) -> None:
    (tmp_path / "alarms.yaml").write_text((ALARMS % "roll_back").replace("measure: no_answer", "measure: queued"))
    async with running_gateway(tmp_path, ROUTING, {"local_8b": BROKEN}) as gateway:
        await fail(gateway, 12)
        await asyncio.wait_for(until(gateway, "incident"), WAIT_S)
        [incident] = open_ones(gateway)
        close_incident(open_state(gateway.options.state), incident.id, "mia", "the server was restarted", time.time())
        causes = {"rolled_back"}
        async with gateway.client() as client:
            while "rolled_back" in causes:
                raw = await client.chat.completions.with_raw_response.create(model="milo/notes", messages=HELLO)
                causes = {raw.headers.get("X-Milo-Cause", "")}
        await fail(gateway, 12)
        await asyncio.wait_for(until(gateway, "incident", 2), WAIT_S)
        assert [one.closed_by for one in open_ones(gateway, closed=True)] == ["", "mia"]


async def test_a_rolled_back_route_stays_so_after_a_restart_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    (tmp_path / "alarms.yaml").write_text(ALARMS % "roll_back")
    async with running_gateway(tmp_path, ROUTING, {"local_8b": BROKEN}) as gateway:
        await fail(gateway, 12)
        await asyncio.wait_for(until(gateway, "incident"), WAIT_S)
        lines = len(gateway.audit())
    async with running_gateway(tmp_path, ROUTING, {"local_8b": BROKEN}) as gateway, gateway.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="milo/notes", messages=HELLO)
        assert raw.headers["X-Milo-Cause"] == "rolled_back"
        assert len(open_ones(gateway)) == 1
        assert len(gateway.audit()) == lines + 1


async def test_a_rule_that_the_policy_rolls_back_takes_its_fallback_though_the_alarm_only_reports(
    tmp_path: Path,
) -> None:
    (tmp_path / "alarms.yaml").write_text(ALARMS % "report")
    asked = {**ROUTING, "rules": [{**ROUTING["rules"][0], "on_drift": "roll_back"}]}  # type: ignore[index]
    async with running_gateway(tmp_path, asked, {"local_8b": BROKEN}) as gateway:
        await fail(gateway, 12)
        [said] = await asyncio.wait_for(until(gateway, "incident"), WAIT_S)
        assert said["rolled_back"]
        await fail(gateway, 1)
        assert gateway.audit()[-1].cause == "rolled_back"


async def test_an_alarm_that_only_reports_closes_nothing(tmp_path: Path) -> None:
    (tmp_path / "alarms.yaml").write_text(ALARMS % "report")
    async with running_gateway(tmp_path, ROUTING, {"local_8b": BROKEN}) as gateway:
        await fail(gateway, 12)
        [said] = await asyncio.wait_for(until(gateway, "incident"), WAIT_S)
        assert not said["rolled_back"]
        await fail(gateway, 1)
        assert gateway.audit()[-1].cause in ("no_answer", "target_down")
        (tmp_path / "alarms.yaml").write_text("schema_version: 1\nalarms: 7\n")
        await asyncio.wait_for(until(gateway, "alarms_refused"), WAIT_S)
        (tmp_path / "alarms.yaml").write_text("schema_version: 1\nalarms: []\n")
        await asyncio.wait_for(until(gateway, "alarms_reloaded"), WAIT_S)


async def test_an_overdue_queue_is_an_incident_until_people_have_caught_up(tmp_path: Path) -> None:
    config = {"incidents": {"queue_overdue_s": 3_600}}
    async with running_gateway(tmp_path, ROUTING, {"local_8b": BROKEN}, gateway=config) as gateway:
        engine = open_state(gateway.options.state)
        work = QueuedWork(
            "q_1", "waiting", "risky", time.time() - 7_200, "notes", "", "notes", "rule", "", "", "{}", ""
        )  # fmt: skip
        add_work(engine, work)
        [said] = await asyncio.wait_for(until(gateway, "incident"), WAIT_S)
        assert said["said"].startswith("1 request waits for a person, the oldest for more than")
        end_work(engine, "q_1", "answered", "Yes.", "mia", time.time())
        await asyncio.wait_for(until(gateway, "incident_closed"), WAIT_S)
        assert [one.closed_by for one in open_ones(gateway, closed=True)] == ["gateway"]


async def test_a_broken_file_of_alarms_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "alarms.yaml").write_text("schema_version: 1\nalarms: [{id: x}]\n")
    with pytest.raises(ConfigError, match=r"alarms\.yaml"):
        async with running_gateway(tmp_path, ROUTING, {"local_8b": BROKEN}):
            pass


async def test_what_alarms_know_is_kept_by_alarm_and_limit(tmp_path: Path) -> None:
    (tmp_path / "alarms.yaml").write_text(ALARMS % "report")
    async with running_gateway(tmp_path, ROUTING, {"local_8b": {"reply": {"text": "fine"}}}) as gateway:
        async with gateway.client() as client:
            await client.chat.completions.create(model="milo/notes", messages=HELLO)
        engine = open_state(gateway.options.state)
        name = hashlib.sha256(str(gateway.options.audit.absolute()).encode()).hexdigest()
        while not saved_alarms(engine, name)[1]:  # noqa: ASYNC110  # a gateway writes it
            await asyncio.sleep(0.05)
        line, saved = saved_alarms(engine, name)
        [(key, numbers)] = saved.items()
        assert key.startswith("notes.no_answer:")
        assert (line, numbers[0]) == (len(gateway.audit()) + 1, 1.0)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"webhook": "ftp://ops/x"}, "not an http"),
        ({"webhook": "https://user:pw@ops/x"}, "user name or password"),
        ({"mail_to": ["ops@example.org"]}, "needs a sender"),
        ({"mail_to": ["a@b.c\nBcc: d@e.f"]}, "mail_to"),
        ({"queue_overdue_s": 0}, "queue_overdue_s"),
        ({"web_hook": "https://ops/x"}, "web_hook"),
    ],
)
def test_an_address_that_cannot_be_told_is_refused(tmp_path: Path, setting: dict[str, Any], said: str) -> None:
    from milo_bench.config.settings import load_settings

    (tmp_path / "bench.yaml").write_text(yaml.safe_dump({"gateway": {"incidents": setting}}))
    with pytest.raises(ConfigError, match=said):
        load_settings(tmp_path / "bench.yaml", {}, apis=APIS)


SHARED = {
    "targets": {"local_8b": {"model": "fake-1"}},
    "rules": [
        {"id": name, "when": {"workload": name}, "route": "local", "target": "local_8b"} for name in ("notes", "mails")
    ],
    "default": {"route": "refuse"},
}
MANY = """
schema_version: 1
alarms:
- {id: notes.no_answer, workload: notes, target: local_8b, measure: no_answer, at_most: 0.001}
- {id: notes.slow, workload: notes, target: local_8b, measure: slow, slower_than_s: 50, at_most: 0.001, then: roll_back}
- {id: notes.queued, workload: notes, measure: queued, at_most: 0.001}
- {id: mails.no_answer, workload: mails, target: local_8b, measure: no_answer, at_most: 0.001, then: roll_back}
- {id: mails.queued, workload: mails, measure: queued, at_most: 0.001}
"""


async def test_one_broken_target_is_one_incident_whatever_rings_and_for_whichever_workload(tmp_path: Path) -> None:
    (tmp_path / "alarms.yaml").write_text(MANY)
    async with running_gateway(tmp_path, SHARED, {"local_8b": BROKEN}) as gateway:
        async with gateway.client() as client:
            for number in range(10):
                model = f"milo/{('notes', 'mails')[number % 2]}"
                await client.chat.completions.with_raw_response.create(model=model, messages=HELLO)
        await asyncio.wait_for(until(gateway, "incident_joined", 4), WAIT_S)
        [incident] = open_ones(gateway, closed=True)
        assert sorted(incident.subjects) == sorted(
            f"alarm/{name}"
            for name in ("notes.no_answer", "notes.slow", "notes.queued", "mails.no_answer", "mails.queued")
        )
        assert set(incident.rolls_back) == {("notes", "local_8b"), ("mails", "local_8b")}
        assert incident.told_at is None
        async with httpx.AsyncClient() as http:
            page = (await http.get(f"{gateway.admin}/metrics")).text
        assert 'milo_open_incidents{kind="drift"} 1' in page
        assert 'milo_open_incidents{kind="queue_overdue"} 0' in page
        assert 'milo_rolled_back{workload="mails",target="local_8b"} 1' in page
        close_incident(open_state(gateway.options.state), incident.id, "mia", "", time.time())
        async with gateway.client() as client:
            cause = "rolled_back"
            while cause == "rolled_back":
                raw = await client.chat.completions.with_raw_response.create(model="milo/mails", messages=HELLO)
                cause = raw.headers.get("X-Milo-Cause", "")


async def test_a_gateway_leaves_the_incidents_of_another_one_open(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, ROUTING, {"local_8b": {"reply": {"text": "fine"}}}) as gateway:
        theirs = Incident("i_theirs", "target_closed", "target/other", "it is closed there", "runbook.md", time.time())
        open_incident(open_state(gateway.options.state), theirs)
        (tmp_path / "alarms.yaml").write_text("schema_version: 1\nalarms: []\n")
        await asyncio.sleep(2.5)  # two looks
        assert [one.id for one in open_ones(gateway)] == ["i_theirs"]


@pytest.mark.parametrize(
    ("open_one", "new", "joins"),
    [
        (("drift", "notes", "local_8b"), ("drift", "mails", "local_8b"), True),
        (("drift", "notes", "local_8b"), ("drift", "notes", "hosted_a"), False),
        (("drift", "notes", "local_8b"), ("drift", "notes", ""), True),
        (("drift", "notes", ""), ("drift", "notes", "local_8b"), True),
        (("drift", "notes", ""), ("drift", "mails", "local_8b"), False),
        (("target_closed", "", "local_8b"), ("drift", "notes", ""), True),
        (("behaviour", "", "local_8b"), ("drift", "notes", "local_8b"), True),
        (("behaviour", "", "hosted_a"), ("drift", "notes", ""), False),
        (("queue_overdue", "", ""), ("drift", "notes", ""), False),
        (("drift", "notes", "local_8b"), ("permit_expires", "", "local_8b"), False),
    ],
)
def test_what_has_one_cause_is_joined_and_nothing_else(
    open_one: tuple[Any, str, str], new: tuple[Any, str, str], joins: bool
) -> None:
    def made(name: str, kind: Any, workload: str, target: str) -> Incident:
        return Incident(name, kind, name, "x", "runbook.md", 0.0, workload, target)

    first, second = made("a", *open_one), made("b", *new)
    assert (find_cause(second, [first], lambda _: ("local_8b",)) is not None) == joins


def test_a_target_that_is_another_one_takes_the_alarms_about_it_along() -> None:
    alarm = Incident("a", "drift", "alarm/a", "slow", "runbook.md", 0.0, "notes", "local_8b", rolled_back=True)
    closed = Incident("b", "behaviour", "target/local_8b", "another", "runbook.md", 0.0, target="local_8b")
    assert absorbed(closed, [alarm]) == (alarm,)
    joined = with_parts(closed, [alarm])
    assert joined.rolls_back == (("notes", "local_8b"),)
    assert absorbed(alarm, [closed]) == ()

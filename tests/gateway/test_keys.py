"""Keys: scoped, budgeted, expired and revoked without a restart; and answers sent to callbacks."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httptools
import openai
import pytest

from milo_bench.core.errors import UsageError
from milo_bench.store.state.database import open_state
from milo_bench.store.state.keys import KeyUse, new_key, read_use, revoke_key
from milo_bench.store.state.queue import end_work, list_work, take_work
from tests.gateway.running import RunningGateway, running_gateway
from tests.patience import WAIT_S, until

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
ROUTING = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [
        {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"},
        {"id": "people", "when": {"workload": "people"}, "route": "human_review"},
    ],
    "default": {"route": "refuse"},
}
SCRIPT = {"local": {"reply": {"text": "fine"}}}


async def status_of(gateway: RunningGateway, key: str, workload: str = "notes") -> int:
    async with gateway.client(key) as client:
        try:
            raw = await client.chat.completions.with_raw_response.create(model=f"milo/{workload}", messages=HELLO)
        except openai.APIStatusError as error:
            return error.status_code
        return raw.http_response.status_code


async def test_keys_are_scoped_budgeted_expire_and_are_revoked_while_it_runs(tmp_path: Path) -> None:
    engine = open_state(str(tmp_path / "state.db"))
    now = time.time()
    scoped, _ = new_key(engine, "scoped", now=now, workloads=("notes",))
    twice, _ = new_key(engine, "twice", now=now, most_requests=2)
    few, _ = new_key(engine, "few tokens", now=now, most_tokens=1)
    late, _ = new_key(engine, "late", now=now, expires_at=now - 1)
    async with running_gateway(tmp_path, ROUTING, SCRIPT) as gateway:
        assert await status_of(gateway, "nonsense") == 401
        assert await status_of(gateway, late) == 401
        assert (await status_of(gateway, scoped), await status_of(gateway, scoped, "people")) == (200, 403)
        assert [await status_of(gateway, twice) for _ in range(3)] == [200, 200, 429]
        assert [await status_of(gateway, few) for _ in range(2)] == [200, 429]
        revoke_key(engine, "scoped")
        fresh, _ = new_key(engine, "fresh", now=now)
        async with asyncio.timeout(WAIT_S):
            while await status_of(gateway, fresh) != 200:  # noqa: ASYNC110  # the gateway tells nobody
                await asyncio.sleep(0.1)
        assert await status_of(gateway, scoped) == 401
        records = gateway.audit()
        assert {record.outcome for record in records} == {"answered", "rejected"}
        for key in (scoped, twice, few, fresh):
            assert key not in "".join(path.read_text() for path in gateway.options.audit.glob("*.jsonl"))


async def test_what_a_key_used_outlives_a_restart(tmp_path: Path) -> None:
    key, _ = new_key(open_state(str(tmp_path / "state.db")), "once", now=time.time(), most_requests=1)
    async with running_gateway(tmp_path, ROUTING, SCRIPT) as gateway:
        assert await status_of(gateway, key) == 200
    async with running_gateway(tmp_path, ROUTING, SCRIPT) as gateway:
        assert await status_of(gateway, key) == 429


async def test_queued_work_is_only_for_the_key_that_asked(tmp_path: Path) -> None:
    engine = open_state(str(tmp_path / "state.db"))
    mine, _ = new_key(engine, "mine", now=time.time())
    other, _ = new_key(engine, "other", now=time.time())
    async with running_gateway(tmp_path, ROUTING, SCRIPT) as gateway:
        async with gateway.client(mine) as client:
            queued = await client.chat.completions.create(model="milo/people", messages=HELLO)
            assert await client.get(f"/milo/queue/{queued.id}", cast_to=object)
        async with gateway.client(other) as client:
            with pytest.raises(openai.NotFoundError):
                await client.get(f"/milo/queue/{queued.id}", cast_to=object)


async def test_beyond_the_loopback_it_starts_only_with_a_key_and_tls(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no key exists"):
        async with running_gateway(tmp_path, ROUTING, SCRIPT, host="0.0.0.0"):
            pass
    new_key(open_state(str(tmp_path / "state.db")), "one", now=time.time())
    with pytest.raises(UsageError, match="unencrypted"):
        async with running_gateway(tmp_path, ROUTING, SCRIPT, host="0.0.0.0"):
            pass


class Receiver(asyncio.Protocol):
    """Takes callbacks; refuses the first."""

    got: list[tuple[str, dict[str, Any]]] = []
    path = ""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.parser = transport, httptools.HttpRequestParser(self)

    def on_url(self, url: bytes) -> None:
        self.path = url.decode()

    def on_body(self, body: bytes) -> None:
        self.got.append((self.path, json.loads(body)))

    def on_message_complete(self) -> None:
        self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)


async def test_a_persons_answer_is_sent_to_the_callback_that_the_settings_allow(tmp_path: Path) -> None:
    Receiver.got.clear()
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/milo/"
    async with running_gateway(tmp_path, ROUTING, SCRIPT, gateway={"callbacks": [base]}) as gateway:
        async with gateway.client() as client:
            for wrong in (f"{base}../admin", "http://127.0.0.1:1/x", f"{base}a?b=c"):
                with pytest.raises(openai.UnprocessableEntityError, match="callback"):
                    await client.chat.completions.create(
                        model="milo/people", messages=HELLO, extra_body={"milo": {"callback": wrong}}
                    )
            queued = await client.chat.completions.create(
                model="milo/people", messages=HELLO, extra_body={"milo": {"callback": f"{base}case-7"}}
            )
        end_work(open_state(gateway.options.state), queued.id, "answered", "We will call you.", "ann", time.time())
        await until(lambda: bool(Receiver.got))
        path, body = Receiver.got[0]
        assert (path, body["id"]) == ("/milo/case-7", queued.id)
        assert body["choices"][0]["message"]["content"] == "We will call you."
    server.close()


async def test_two_gateways_on_one_database_share_the_budget_of_a_key_its_end_and_the_queue(tmp_path: Path) -> None:
    await two_gateways_share(tmp_path, str(tmp_path / "shared.db"))


async def two_gateways_share(folder: Path, state: str) -> None:
    """What is true of two gateways on ``state``, whichever database that is."""
    engine = open_state(state)
    key, record = new_key(engine, "shared", now=time.time(), most_requests=6)
    many, _ = new_key(engine, "many", now=time.time())
    async with (
        running_gateway(folder / "one", ROUTING, SCRIPT, state=state) as one,
        running_gateway(folder / "two", ROUTING, SCRIPT, state=state) as two,
    ):
        both = (one, two)
        for turn in range(6):
            assert await status_of(both[turn % 2], key) == 200
        day = datetime.now(UTC).date().isoformat()
        await until(lambda: read_use(engine, day).get(record.id, KeyUse()).requests == 6)
        for gateway in both:  # each has let through three, and knows of the other's three within a second or so
            async with asyncio.timeout(WAIT_S):
                while await status_of(gateway, key) != 429:  # noqa: ASYNC110  # the gateway tells nobody
                    await asyncio.sleep(0.1)
        for gateway in both:
            assert await status_of(gateway, many, "people") in (200, 202)
        waiting = list_work(engine)
        assert len(waiting) == 2
        assert take_work(engine, waiting[0].id, "ann", 1.0).person == "ann"
        with pytest.raises(UsageError, match="ann"):
            take_work(engine, waiting[0].id, "bob", 2.0)
        revoke_key(engine, "many")
        for gateway in both:
            async with asyncio.timeout(WAIT_S):
                while await status_of(gateway, many) != 401:  # noqa: ASYNC110  # the gateway tells nobody
                    await asyncio.sleep(0.1)
        assert one.check().problems == two.check().problems == ()

"""A head that was read before is not read again, and nothing passes with it that would not have passed alone."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from milo_bench.store.state.database import open_state
from milo_bench.store.state.keys import new_key, revoke_key
from tests.gateway.running import RunningGateway, running_gateway
from tests.gateway.test_bad_input import ROUTING
from tests.patience import WAIT_S

FINE = {"local": {"reply": {"text": "fine"}}}
BODY = json.dumps({"model": "milo/notes", "messages": [{"role": "user", "content": "hello"}]}).encode()


def asking(body: bytes = BODY, headers: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {size}\r\n\r\n".encode() + body


class Talk:
    """One connection of a client, which sends bytes in one write and reads one whole answer at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def begin(cls, gateway: RunningGateway) -> Talk:
        host, port = gateway.address.removeprefix("http://").split(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    async def say(self, data: bytes) -> tuple[int, bytes]:
        self._writer.write(data)
        return await self.hear()

    async def hear(self) -> tuple[int, bytes]:
        async with asyncio.timeout(WAIT_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
            size = next(int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
            return int(head[9:12]), await self._reader.readexactly(size)

    async def ended(self) -> bool:
        async with asyncio.timeout(WAIT_S):
            return await self._reader.read(1) == b""

    def close(self) -> None:
        self._writer.close()


async def test_each_request_under_one_head_is_answered_by_its_own_body(tmp_path: Path) -> None:
    other = BODY.replace(b"hello", b"world")
    wrong = BODY.replace(b"milo/notes", b"milo/n0tes")
    async with running_gateway(tmp_path, ROUTING, FINE) as gateway:
        for _ in range(2):  # a second connection knows the head from the first one
            talk = await Talk.begin(gateway)
            assert [(await talk.say(asking(body)))[0] for body in (BODY, other, wrong, BODY)] == [200, 200, 404, 200]
            talk.close()
        asked = [request.key for request in gateway.servers["local"].requests[2:]]
        assert asked == ["hello", "world", "hello"] * 2
        assert [one.status for one in gateway.audit()] == [200, 200, 404, 200] * 2


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (asking() + asking(), 200, "pipelining"),
        (asking(BODY + b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n", length=len(BODY)), 200, "pipelining"),
        (asking(headers="Transfer-Encoding: chunked\r\n"), 400, "bad_http"),
        (asking(headers="Host: localhost\r\n"), 400, "duplicate_header"),
        (asking().replace(b"Host: localhost", b"Host: elsewhere"), 421, "host"),
        (asking().replace(b"HTTP/1.1", b"HTTP/1.0"), 505, "http_version"),
    ],
)
async def test_what_differs_from_a_known_head_in_one_place_is_read_whole(
    tmp_path: Path, data: bytes, status: int, code: str
) -> None:
    async with running_gateway(tmp_path, ROUTING, FINE) as gateway:
        talk = await Talk.begin(gateway)
        assert [(await talk.say(asking()))[0] for _ in range(2)] == [200, 200]
        found, body = await talk.say(data)
        assert found == status
        if status == 200:  # the first of two requests is answered, and the second refused
            found, body = await talk.hear()
            assert found == 400
        assert json.loads(body)["error"]["code"] == code
        assert await talk.ended()
        talk.close()


async def test_a_head_in_two_pieces_and_a_body_of_its_own_are_read_as_ever(tmp_path: Path) -> None:
    whole = asking()
    async with running_gateway(tmp_path, ROUTING, FINE) as gateway:
        talk = await Talk.begin(gateway)
        for cut in (20, whole.index(b"\r\n\r\n") + 2, len(whole) - len(BODY), len(whole) - 5):
            assert (await talk.say(whole))[0] == 200
            talk._writer.write(whole[:cut])
            await talk._writer.drain()
            await asyncio.sleep(0.02)
            assert (await talk.say(whole[cut:]))[0] == 200
        talk.close()


async def test_a_known_head_with_a_revoked_key_is_refused_before_its_body_is_used(tmp_path: Path) -> None:
    engine = open_state(str(tmp_path / "state.db"))
    key, _ = new_key(engine, "mine", now=time.time())
    data = asking(headers=f"Authorization: Bearer {key}\r\n")
    async with running_gateway(tmp_path, ROUTING, FINE) as gateway:
        talk = await Talk.begin(gateway)
        assert [(await talk.say(data))[0] for _ in range(2)] == [200, 200]
        revoke_key(engine, "mine")

        async def refused() -> bool:
            fresh = await Talk.begin(gateway)
            status, _ = await fresh.say(data)
            fresh.close()
            return status == 401

        async with asyncio.timeout(WAIT_S):
            while not await refused():  # noqa: ASYNC110  # the gateway tells nobody
                await asyncio.sleep(0.05)
        records, seen = len(gateway.audit()), gateway.seen("local")
        assert (await talk.say(data))[0] == 401
        assert await talk.ended()
        assert (len(gateway.audit()), gateway.seen("local")) == (records, seen)
        talk.close()

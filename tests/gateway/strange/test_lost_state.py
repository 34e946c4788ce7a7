"""A state database that was removed, replaced or locked: no work is taken that would be lost, and who asks is told."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest

from milo_bench.store.state.database import open_state
from milo_bench.store.state.keys import new_key
from milo_bench.store.state.queue import list_work
from tests.gateway.running import RunningGateway, running_gateway

ROUTING = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [
        {"id": "people", "when": {"workload": "notes", "tags": ["person"]}, "route": "human_review"},
        {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"},
    ],
    "default": {"route": "refuse"},
}
SCRIPT = {"local": {"reply": {"text": "fine"}}}
HELLO: list[Any] = [{"role": "user", "content": "hello"}]


async def ask(gateway: RunningGateway, *tags: str) -> str:
    """The status of queued work, the text of an answer, or the code of an error."""
    async with gateway.client() as client:
        try:
            said = await client.chat.completions.create(
                model="milo/notes", messages=HELLO, extra_body={"milo": {"tags": list(tags)}}
            )
        except openai.APIStatusError as error:
            return str(error.code)
    return said.choices[0].message.content or said.model_extra["milo"]["status"]  # type: ignore[index]


async def told(address: str, path: str, key: str = "") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession() as web, web.get(f"{address}{path}", headers=headers) as reply:
        return reply.status, await reply.json()


def moved(folder: Path, name: str, to: str) -> None:
    """Move a database, and what SQLite has beside it."""
    for ending in ("", "-wal", "-shm"):
        if (folder / f"{name}{ending}").exists():
            (folder / f"{name}{ending}").rename(folder / f"{to}{ending}")


@pytest.mark.parametrize("replaced", [False, True])
async def test_work_is_not_taken_into_a_file_that_was_removed_or_replaced(tmp_path: Path, replaced: bool) -> None:
    async with running_gateway(tmp_path, ROUTING, SCRIPT) as gateway:
        assert await ask(gateway, "person") == "queued"
        moved(tmp_path, "state.db", "away.db")
        if replaced:
            open_state(str(tmp_path / "state.db")).dispose()
        assert await ask(gateway, "person") == "queue_unavailable"
        assert await ask(gateway) == "fine", "what needs no person is answered"
        status, ready = await told(gateway.address, "/health/ready")
        assert (status, ready["reasons"]) == (503, {"state": "its file was removed or moved"})
        await gateway.said_of("state_lost")
        moved(tmp_path, "state.db", "other.db")
        moved(tmp_path, "away.db", "state.db")
        assert await ask(gateway, "person") == "queued"
        await gateway.said_of("state_back")
        assert gateway.check().ok
    engine = open_state(str(tmp_path / "state.db"), make=False)
    assert len(list_work(engine)) == 2, "what was refused is not in the queue"


async def test_who_waits_for_nobody_is_answered_while_another_program_locks_the_state(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, ROUTING, SCRIPT) as gateway:
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert await ask(gateway) == "fine"
        other.execute("ROLLBACK")
        other.close()
        assert await ask(gateway, "person") == "queued"


async def test_models_and_reasons_are_for_those_with_a_key_once_there_are_keys(tmp_path: Path) -> None:
    key, _ = new_key(open_state(str(tmp_path / "state.db")), "one", now=time.time())
    async with running_gateway(tmp_path, ROUTING, SCRIPT) as gateway:
        assert await told(gateway.address, "/health/ready") == (200, {"status": "ready"})
        assert (await told(gateway.address, "/health/targets"))[0] == 401
        assert (await told(gateway.address, "/health/ready", key))[1] == {"status": "ready", "reasons": {}}
        assert "local" in (await told(gateway.address, "/health/targets", key))[1]["targets"]
        assert "local" in (await told(gateway.admin, "/health/targets"))[1]["targets"]


async def test_a_gateway_ends_in_order_though_its_state_cannot_be_read_any_more(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, ROUTING, SCRIPT) as gateway:
        assert await ask(gateway) == "fine"
        with sqlite3.connect(tmp_path / "state.db") as other:
            other.execute("DROP TABLE keys")
    assert {"event": "keys_failed", "reason": "OperationalError"} in gateway.said
    assert gateway.check().ok, "the audit was closed after it"

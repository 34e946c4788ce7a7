"""A wall clock that jumps: what has ended stays ended, and every jump is told."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from milo_bench.cli.main import milo_bench
from milo_bench.gateway.access import Access
from milo_bench.gateway.wire.connection import HttpRequest
from milo_bench.gateway.wire.replies import ApiError
from milo_bench.store.audit.chain import read_key
from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.audit.writer import AuditWriter, key_path
from milo_bench.store.state.database import open_state
from milo_bench.store.state.keys import KeyUse, add_use, new_key
from tests.gateway.running import running_gateway
from tests.gateway.test_keys import ROUTING, SCRIPT, status_of
from tests.patience import WAIT_S


async def test_a_restart_with_a_clock_that_was_set_back_revives_no_key(tmp_path: Path) -> None:
    now_s = time.time()
    ended, _ = new_key(open_state(str(tmp_path / "state.db")), "ended", now=now_s, expires_at=now_s + 1_800)
    valid, _ = new_key(open_state(str(tmp_path / "state.db")), "valid", now=now_s, expires_at=now_s + 86_400)
    writer = AuditWriter(tmp_path / "audit", read_key(key_path(tmp_path / "audit"), make=True))
    at = datetime.fromtimestamp(now_s + 3_600, UTC).isoformat(timespec="milliseconds")
    writer.write(lambda n: AuditedRequest(n, at, "r_1", "answered", 200))
    writer.close()
    async with running_gateway(tmp_path, ROUTING, SCRIPT) as gateway:
        said = await asyncio.wait_for(gateway.said_of("clock_behind"), WAIT_S)
        assert 3_500 < said["by_s"] <= 3_600
        assert (await status_of(gateway, ended), await status_of(gateway, valid)) == (401, 200)
        assert gateway.check().ok
        [step] = gateway.check().clock_steps
        assert "the clock had gone back by" in step
    command = ["audit", "verify", str(tmp_path / "audit")]
    found = CliRunner().invoke(milo_bench, command)
    assert found.exit_code == 0
    assert step in found.output
    assert json.loads(CliRunner().invoke(milo_bench, [*command, "--json"]).stdout)["clock_steps"] == [step]


def test_a_budget_is_kept_while_the_new_days_figures_are_not_read(tmp_path: Path) -> None:
    """Past midnight without a database nobody may ask without end."""
    engine = open_state(str(tmp_path / "state.db"))
    at_s = datetime(2026, 11, 29, 23, 59, 59, tzinfo=UTC).timestamp()
    key, record = new_key(engine, "few", now=at_s, most_requests=2)
    add_use(engine, "2026-11-29", {record.id: KeyUse(requests=1)})
    clock = [at_s]
    access = Access(engine, lambda: clock[0])
    headers = {"authorization": f"Bearer {key}"}
    access.count(access.check(HttpRequest(headers=headers)), requests=1)
    with pytest.raises(ApiError, match="used its requests"):
        access.check(HttpRequest(headers=headers))
    access.reload()
    clock[0] += 5
    access.count(access.check(HttpRequest(headers=headers)), requests=1)
    access.count(access.check(HttpRequest(headers=headers)), requests=1)
    with pytest.raises(ApiError, match="used its requests"):
        access.check(HttpRequest(headers=headers))

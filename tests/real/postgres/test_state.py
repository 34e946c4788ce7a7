"""The state database on a real PostgreSQL: schema, queue and keys, two gateways' worth of writers, dump and restore."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.store.state.database import newest_version, open_state
from milo_bench.store.state.keys import KeyUse, add_use, list_keys, new_key, read_use
from milo_bench.store.state.notes import add_note, read_notes
from milo_bench.store.state.queue import QueuedWork, add_work, end_work, find_work, list_work, new_id, take_work
from tests.gateway.test_keys import two_gateways_share
from tests.real.postgres.server import postgres_server
from tests.store.beginners import open_at_once


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of our own over a Unix socket."""
    with postgres_server() as address:
        yield address


def work(id: str) -> QueuedWork:
    return QueuedWork(id, "waiting", "", 1.0, "notes", "", "rule", "rule", "why", "k", '{"door": "chat"}', "")


def test_gateways_and_boards_that_start_at_once_on_a_new_database_all_find_its_tables(url: str) -> None:
    from sqlalchemy import create_engine, make_url

    with create_engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CREATE DATABASE fresh")
    fresh = make_url(url).set(database="fresh").render_as_string(hide_password=False)
    assert open_at_once(fresh) == [(0, "")] * 4
    engine = open_state(fresh)
    assert add_work(engine, work("first")) == 1
    engine.dispose()


def test_queue_and_keys_work_on_postgres_as_on_sqlite(url: str) -> None:
    engine = open_state(url)
    with engine.reading() as connection:
        assert connection.rows("SELECT version_num FROM alembic_version") == [{"version_num": newest_version()}]
    assert add_work(engine, work("a")) == 1
    assert take_work(engine, "a", "ann", 2.0).person == "ann"
    assert end_work(engine, "a", "answered", "größe 日本", "ann", 3.0).answer == "größe 日本"
    _, key = new_key(engine, "cases", now=1.0, workloads=("notes",))
    assert list_keys(engine) == (key,)
    add_use(engine, "2026-01-01", {key.id: KeyUse(1, 2, 0.5)})
    assert read_use(engine, "2026-01-01") == {key.id: KeyUse(1, 2, 0.5)}


def test_writers_beside_each_other_lose_nothing(url: str) -> None:
    before = len(list_work(open_state(url), limit=10_000))

    def add() -> None:
        engine = open_state(url)
        for _ in range(25):
            add_work(engine, work(new_id()))
        engine.dispose()

    writers = [threading.Thread(target=add) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(list_work(open_state(url), limit=10_000)) == before + 100


def test_a_team_moves_from_sqlite_to_postgres_and_back(url: str, tmp_path: Path) -> None:
    from sqlalchemy import make_url

    with open_state(url).sqlalchemy().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CREATE DATABASE moved")
    moved = make_url(url).set(database="moved").render_as_string(hide_password=False)
    engine = open_state(str(tmp_path / "state.db"))
    add_work(engine, work("kept"))
    for number in range(3):
        add_note(engine, "/runs/1", "wrong_check", "ann", f"größe 日本 {number}")
    api.back_up(str(tmp_path / "state.db"), tmp_path / "backup")
    api.restore(tmp_path / "backup", moved)
    team = open_state(moved)
    assert list_work(team) == list_work(engine)
    add_note(team, "/runs/1", "wrong_check", "bob", "one more")  # its number goes on behind those that were brought
    assert len(read_notes(team, "/runs/1")) == 4

    api.back_up(moved, tmp_path / "again")
    api.restore(tmp_path / "again", str(tmp_path / "back.db"))
    back = open_state(str(tmp_path / "back.db"), make=False)
    assert read_notes(back, "/runs/1") == read_notes(team, "/runs/1")
    assert find_work(back, "kept") == find_work(engine, "kept")
    team.dispose()


async def test_two_gateways_share_keys_budgets_and_the_queue(url: str, tmp_path: Path) -> None:
    with open_state(url).writing() as connection:
        connection.change("DELETE FROM queue")
    await two_gateways_share(tmp_path, url)

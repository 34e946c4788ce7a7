"""The state database: work is taken and ended once, keys are kept as hashes, and a schema is brought up to date."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.store.state.database import newest_version, open_state
from milo_bench.store.state.engine import StateError
from milo_bench.store.state.file import FileEngine, prepare_file
from milo_bench.store.state.keys import KeyUse, add_use, list_keys, new_key, read_use, revoke_key
from milo_bench.store.state.queue import QueuedWork, add_work, end_work, find_work, list_work, new_id, take_work
from milo_bench.store.state.review import BatchItem, BatchSettings, add_batch, extend_batch, item_ids, list_batches
from tests.store.beginners import open_at_once


def work(id: str, queue: str = "") -> QueuedWork:
    return QueuedWork(id, "waiting", queue, 1.0, "notes", "", "rule", "rule", "why", "k", '{"door": "chat"}', "")


def test_places_count_open_work_of_the_same_queue(tmp_path: Path) -> None:
    engine = open_state(str(tmp_path / "state.db"))
    assert [add_work(engine, work(name, queue)) for name, queue in (("a", ""), ("b", "x"), ("c", ""))] == [1, 1, 2]
    end_work(engine, "a", "answered", "yes", "ann", 2.0)
    assert [(one.id, one.place) for one in list_work(engine)] == [("b", 1), ("c", 1)]


def test_work_is_taken_by_one_person_and_ended_once(tmp_path: Path) -> None:
    engine = open_state(str(tmp_path / "state.db"))
    add_work(engine, work("a"))
    assert take_work(engine, "a", "ann", 1.0).person == "ann"
    assert take_work(engine, "a", "ann", 2.0).state == "taken"
    with pytest.raises(UsageError, match="already taken by ann"):
        take_work(engine, "a", "bob", 2.0)
    with pytest.raises(UsageError, match="already taken by ann"):
        end_work(engine, "a", "answered", "no", "bob", 2.0)
    end_work(engine, "a", "rejected", "not ours", "ann", 3.0)
    with pytest.raises(UsageError, match="already rejected"):
        end_work(engine, "a", "answered", "yes", "ann", 4.0)
    with pytest.raises(UsageError, match="There is no work 'z'"):
        take_work(engine, "z", "ann", 1.0)


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    open_state(path)

    def add() -> None:
        engine = open_state(path)
        for _ in range(25):
            add_work(engine, work(new_id()))

    writers = [threading.Thread(target=add) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(list_work(open_state(path), limit=1_000)) == 100


def test_a_key_is_stored_as_a_hash_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    engine = open_state(str(path))
    key, record = new_key(engine, "cases", now=1.0, workloads=("notes",), most_requests=5)
    assert list_keys(engine) == (record,)
    engine.dispose()
    assert key.encode() not in b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(UsageError, match="already a key named"):
        new_key(engine, "cases", now=2.0)
    assert revoke_key(engine, "cases").revoked
    with pytest.raises(UsageError, match="no key named 'casse'"):
        revoke_key(engine, "casse")


def test_use_is_added_up_by_day(tmp_path: Path) -> None:
    engine = open_state(str(tmp_path / "state.db"))
    add_use(engine, "2026-01-01", {"k": KeyUse(1, 10, 0.5)})
    add_use(engine, "2026-01-01", {"k": KeyUse(2, 20, 1.0)})
    assert read_use(engine, "2026-01-01") == {"k": KeyUse(3, 30, 1.5)}
    assert read_use(engine, "2026-01-02") == {}


def test_the_schema_of_the_files_is_that_of_the_tables(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from milo_bench.store.state.tables import METADATA

    engine = open_state(str(tmp_path / "state.db"))
    with engine.sqlalchemy().connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    with engine.reading() as reading:
        assert reading.rows("SELECT version_num FROM alembic_version") == [{"version_num": newest_version()}]
        assert reading.rows("PRAGMA journal_mode") == [{"journal_mode": "wal"}]
        assert reading.rows("PRAGMA synchronous") == [{"synchronous": 2}]


def test_a_newer_schema_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    engine = open_state(path)
    with engine.writing() as connection:
        connection.change("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(PrerequisiteError, match="schema 9999"):
        open_state(path)
    with pytest.raises(PrerequisiteError, match="There is no state database"):
        open_state(str(tmp_path / "none.db"), make=False)
    with pytest.raises(UsageError, match="not a file or a URL"):
        open_state("nonsense://x")
    assert find_work(open_state(str(tmp_path / "new.db")), "x") is None


def test_a_gateway_and_boards_that_start_at_once_on_a_new_database_all_find_its_tables(tmp_path: Path) -> None:
    state = str(tmp_path / "new.db")
    assert open_at_once(state) == [(0, "")] * 4
    with open_state(state).reading() as connection:
        assert connection.rows("SELECT count(*) AS rows FROM alembic_version") == [{"rows": 1}]


def test_connections_that_make_one_new_file_at_once_all_get_it(tmp_path: Path) -> None:
    """Many times, as SQLite refuses the switch to WAL in one of ten such beginnings."""
    refused: list[str] = []

    def connect(path: Path, begin: threading.Barrier) -> None:
        begin.wait()
        try:
            with FileEngine(path).writing() as connection:
                connection.change("CREATE TABLE IF NOT EXISTS t (a)")
        except StateError as error:
            refused.append(str(error))

    for number in range(60):
        path, begin = tmp_path / f"{number}.db", threading.Barrier(6)
        prepare_file(path, make=True)
        together = [threading.Thread(target=connect, args=(path, begin)) for _ in range(6)]
        for one in together:
            one.start()
        for one in together:
            one.join()
    assert refused == []


def test_an_answer_that_many_send_to_review_is_added_once_and_none_is_lost(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    batch = add_batch(open_state(state), "T", "ann", "0", {}, BatchSettings(), [BatchItem(1, "r-0", "in", "out")])

    def more(name: str) -> Callable[[str, int], tuple[str, BatchItem]]:
        return lambda sample, items: (f"{sample},{name}", BatchItem(items + 1, name, "in", "out"))

    added: list[bool] = []

    def send(first: int) -> None:
        engine = open_state(state)
        added.extend(extend_batch(engine, batch, more(f"r-{n}"), f"r-{n}") for n in range(first, first + 8))
        engine.dispose()

    senders = [threading.Thread(target=send, args=(first,)) for first in (0, 3, 5)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    (found,) = list_batches(open_state(state))
    ids = item_ids(open_state(state), batch)
    assert sorted(ids) == sorted(f"r-{n}" for n in range(13))
    assert found.sample == ",".join(["0", *ids[1:]])
    assert sum(added) == 12


def test_a_batch_whose_id_follows_from_its_run_is_made_once(tmp_path: Path) -> None:
    engine = open_state(str(tmp_path / "state.db"))
    for title in ("First", "Second"):
        assert add_batch(engine, title, "ann", "0", {}, BatchSettings(), [BatchItem(1, "r", "", "")], id="b-1") == "b-1"
    assert [one.title for one in list_batches(engine)] == ["First"]

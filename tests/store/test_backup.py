"""A gateway's state and audit are backed up while they are in use, and a restored copy is gone on with."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from milo_bench import api
from milo_bench.cli.main import milo_bench
from milo_bench.core.errors import DataError, PrerequisiteError, UsageError
from milo_bench.store.audit.chain import read_key
from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.audit.verify import verify_audit
from milo_bench.store.audit.writer import AuditWriter, audit_files, head_path, key_path
from milo_bench.store.state.copies import ROWS_AT_ONCE, copy_rows
from milo_bench.store.state.database import open_state
from milo_bench.store.state.engine import insert_into
from milo_bench.store.state.keys import list_keys, new_key, revoke_key
from milo_bench.store.state.people import add_person, revoke_person
from milo_bench.store.state.queue import QueuedWork, add_work, list_work, take_work

ROWS = ROWS_AT_ONCE + 100


def work(id: str) -> QueuedWork:
    return QueuedWork(id, "waiting", "", 1.0, "notes", "", "rule", "rule", "why", "k", '{"text": "größe 日本"}', "")


def some_line(n: int) -> AuditedRequest:
    return AuditedRequest(n, "2026-01-01T00:00:00Z", f"r_{n}", "answered", 200, workload="notes", route="local")


@pytest.fixture
def in_use(tmp_path: Path) -> tuple[str, Path, bytes]:
    """A database with open connections and work in its write-ahead log, and an audit that is being written."""
    state, audit = str(tmp_path / "state.db"), tmp_path / "audit"
    engine = open_state(state)
    add_work(engine, work("q1"))
    with engine.writing() as connection:
        [first] = connection.rows("SELECT * FROM queue")
        for n in range(2, ROWS + 1):
            connection.change(insert_into("queue", first), **{**first, "id": f"q{n}", "number": n})
    take_work(engine, "q3", "ann", 2.0)
    new_key(engine, "desk", now=1.0)
    key = read_key(key_path(audit), make=True)
    writer = AuditWriter(audit, key)
    for _ in range(50):
        writer.write(some_line)
    return state, audit, key


def test_a_backup_holds_every_row_and_line_and_only_its_owner_reads_it(
    in_use: tuple[str, Path, bytes], tmp_path: Path
) -> None:
    state, audit, key = in_use
    done = api.back_up(state, tmp_path / "backup", audit=audit)
    assert done.rows["queue"] == ROWS
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "backup").rglob("*")} == {0o600, 0o700}
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700
    assert not list((tmp_path / "backup").rglob("*.key"))

    restored = api.restore(tmp_path / "backup", str(tmp_path / "new.db"), audit=tmp_path / "again")
    assert restored.rows == done.rows
    before, after = open_state(state), open_state(str(tmp_path / "new.db"))
    assert list_work(after, limit=1_000) == list_work(before, limit=1_000)
    assert list_keys(after) == list_keys(before)
    check = verify_audit(tmp_path / "again", key, head=head_path(tmp_path / "again"))
    assert check.ok and check.tail_checked
    with_more = AuditWriter(tmp_path / "again", key)
    with_more.write(some_line)
    assert verify_audit(tmp_path / "again", key, head=head_path(tmp_path / "again")).lines == check.lines + 1


def test_a_line_on_its_way_is_left_out(in_use: tuple[str, Path, bytes], tmp_path: Path) -> None:
    state, audit, key = in_use
    last = audit_files(audit)[-1]
    last.write_bytes(last.read_bytes() + b'{"n":52,"half')
    api.back_up(state, tmp_path / "backup", audit=audit)
    check = verify_audit(tmp_path / "backup" / "audit", key, head=tmp_path / "backup" / "audit.head")
    assert check.ok and not check.unfinished


def test_what_is_read_is_one_moment(in_use: tuple[str, Path, bytes], tmp_path: Path) -> None:
    """A row that comes while the copy is made is in the next backup, whole, and never half in this one."""
    source, into = open_state(in_use[0]), open_state(str(tmp_path / "copy.db"))
    other = open_state(in_use[0])
    with source.reading() as reading:
        reading.change("BEGIN")
        reading.rows("SELECT count(*) FROM keys")
        add_work(other, work("late"))
        assert reading.rows("SELECT count(*) AS rows FROM queue") == [{"rows": ROWS}]
        reading.change("COMMIT")
    assert copy_rows(source, into)["queue"] == ROWS + 1


@pytest.mark.parametrize("name", ["state.db", "audit/audit-000001.jsonl", "audit.head"])
def test_a_changed_backup_is_refused_and_nothing_is_written(
    in_use: tuple[str, Path, bytes], tmp_path: Path, name: str
) -> None:
    api.back_up(in_use[0], tmp_path / "backup", audit=in_use[1])
    content = bytearray((tmp_path / "backup" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "backup" / name).write_bytes(content)
    with pytest.raises(DataError, match="was changed after the backup"):
        api.restore(tmp_path / "backup", str(tmp_path / "new.db"), audit=tmp_path / "again")
    assert not (tmp_path / "new.db").exists() and not (tmp_path / "again").exists()


def test_a_file_added_to_a_backup_or_named_outside_it_is_refused(
    in_use: tuple[str, Path, bytes], tmp_path: Path
) -> None:
    api.back_up(in_use[0], tmp_path / "backup", audit=in_use[1])
    added = tmp_path / "backup" / "audit" / "audit-000002.jsonl"
    added.write_bytes(b"{}\n")
    with pytest.raises(DataError, match="was added after the backup"):
        api.restore(tmp_path / "backup", str(tmp_path / "new.db"), audit=tmp_path / "again")
    added.unlink()
    listed = json.loads((tmp_path / "backup" / "backup.json").read_bytes())
    listed["files"]["../state.db"] = "0" * 64
    (tmp_path / "backup" / "backup.json").write_text(json.dumps(listed), "utf-8")
    with pytest.raises(DataError, match="outside the folder"):
        api.restore(tmp_path / "backup", str(tmp_path / "new.db"))


def test_what_is_there_is_never_replaced(in_use: tuple[str, Path, bytes], tmp_path: Path) -> None:
    state, audit, _ = in_use
    api.back_up(state, tmp_path / "backup", audit=audit)
    with pytest.raises(UsageError, match="already"):
        api.back_up(state, tmp_path / "backup")
    with pytest.raises(UsageError, match="has rows already, in keys"):
        api.restore(tmp_path / "backup", state)
    with pytest.raises(UsageError, match="is there already"):
        api.restore(tmp_path / "backup", str(tmp_path / "new.db"), audit=audit)
    api.back_up(state, tmp_path / "bare")
    with pytest.raises(UsageError, match="has no audit"):
        api.restore(tmp_path / "bare", str(tmp_path / "new.db"), audit=tmp_path / "again")


def test_nothing_to_back_up_or_to_restore_is_said(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="There is no state database"):
        api.back_up(str(tmp_path / "none.db"), tmp_path / "backup")
    open_state(str(tmp_path / "state.db"))
    with pytest.raises(PrerequisiteError, match="There is no audit"):
        api.back_up(str(tmp_path / "state.db"), tmp_path / "backup", audit=tmp_path)
    assert not (tmp_path / "backup").exists()
    with pytest.raises(PrerequisiteError, match="There is no backup"):
        api.restore(tmp_path / "backup", str(tmp_path / "state.db"))
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "backup.json").write_bytes(b"\xff")
    with pytest.raises(DataError, match="is damaged"):
        api.restore(tmp_path / "backup", str(tmp_path / "state.db"))


def test_a_restore_names_the_keys_and_people_that_are_valid_again(tmp_path: Path) -> None:
    state, engine = str(tmp_path / "state.db"), open_state(str(tmp_path / "state.db"))
    for name in ("desk", "left", "gone before"):
        new_key(engine, name, now=1.0)
    for name in ("ann", "bo"):
        add_person(engine, name, ("look",))
    revoke_key(engine, "gone before")
    backed_up = api.back_up(state, tmp_path / "backup")
    revoke_key(engine, "left")
    revoke_person(engine, "bo")
    told = ["state", "restore", str(tmp_path / "backup"), "--state", str(tmp_path / "a.db")]
    shown = CliRunner().invoke(milo_bench, told)
    assert shown.exit_code == 0
    assert f"as of {backed_up.at}." in shown.output
    assert "Valid keys: desk, left.\n" in shown.output and "Valid people: ann, bo.\n" in shown.output
    assert shown.output.count("revoked after the backup are valid again") == 2
    restored = open_state(str(tmp_path / "a.db"))
    assert {key.name for key in list_keys(restored) if not key.revoked} == {"desk", "left"}
    told = ["state", "restore", str(tmp_path / "backup"), "--state", str(tmp_path / "b.db"), "--json"]
    said = json.loads(CliRunner().invoke(milo_bench, told).output)
    assert (said["valid_keys"], said["valid_people"], said["at"]) == (["desk", "left"], ["ann", "bo"], backed_up.at)


def test_a_restore_without_keys_and_people_warns_of_nothing(tmp_path: Path) -> None:
    add_work(open_state(str(tmp_path / "state.db")), work("q"))
    api.back_up(str(tmp_path / "state.db"), tmp_path / "backup")
    told = ["state", "restore", str(tmp_path / "backup"), "--state", str(tmp_path / "a.db")]
    shown = CliRunner().invoke(milo_bench, told)
    assert shown.exit_code == 0 and "valid" not in shown.output

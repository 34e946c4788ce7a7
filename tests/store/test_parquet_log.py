"""A log as Parquet and back: the same bytes, read by the same readers, and nothing that is not the log."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from milo_bench.api import EraseOptions, convert_log, erase_texts
from milo_bench.core.errors import DataError
from milo_bench.core.hashing import sha256_file
from milo_bench.core.records import Attempt, AttemptKey, RunEnd, Timings
from milo_bench.run.plan import PlanRequest
from milo_bench.store.log import parquet
from milo_bench.store.log.lines import sha256_of_log
from milo_bench.store.log.reader import last_seal, read_run_log
from milo_bench.store.log.writer import RunLogWriter
from tests.run.run_parts import make_fixtures, make_spec, record_of

TARGETS = ("plain", "odd /=%é name")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Forty attempts of two targets, one of them with a name that is no name for a folder."""
    records = [record_of(name) for name in TARGETS]
    spec = make_spec(PlanRequest(), make_fixtures(20), records)
    path = tmp_path / "run.jsonl"
    header = spec.header(records, now=datetime(2026, 1, 1, tzinfo=UTC))
    writer = RunLogWriter.create(path, header, spec.planned_fixtures())
    for place, fixture in enumerate(spec.planned_fixtures()):
        for target in TARGETS:
            key = AttemptKey(fixture.id, target)
            writer.append(Attempt(key, "", Timings(0.0, 0.0, 1.0), output=f'größe "{place}"\n\u2028\x0b\r end'))
    writer.close(RunEnd("2026-01-01T00:00:00Z", 40, 0, True, "done", 1.0))
    return path


@pytest.mark.parametrize("batch", [1, 3000, 1 << 25])
def test_a_log_comes_back_byte_for_byte_whatever_the_size_of_its_batches(
    log: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_BATCH_BYTES", batch)
    made = convert_log(log)
    assert made.path == log.with_suffix(".parquet")
    back = convert_log(made.path, log.with_name("back.jsonl"))
    assert back.path.read_bytes() == log.read_bytes()
    assert made.sha256 == back.sha256 == sha256_file(log) == sha256_of_log(made.path)


def test_a_reader_finds_in_the_folder_what_it_finds_in_the_file(log: Path) -> None:
    folder = convert_log(log).path
    one, other = read_run_log(log), read_run_log(folder)
    assert list(one.attempts) == list(other.attempts) and len(other.attempts) == 40
    assert (one.sha256, one.seal, one.end) == (other.sha256, other.seal, other.end)
    assert last_seal(folder) == last_seal(log) != ""
    wanted = {"notes-0007"}
    assert list(one.attempts.on_fixtures(wanted)) == list(other.attempts.on_fixtures(wanted))


def test_nobody_else_can_read_what_is_in_it(log: Path) -> None:
    folder = convert_log(log).path
    modes = {stat.S_IMODE(part.stat().st_mode) for part in (folder, *folder.rglob("*"))}
    assert modes == {0o700, 0o600}


def test_other_tools_can_query_it_by_target_in_the_hive_layout(log: Path) -> None:
    folder = convert_log(log).path
    query = (
        "SELECT target, count(*) FROM read_parquet($files, hive_partitioning = true) WHERE type = 'attempt' "
        "GROUP BY target ORDER BY target"
    )
    found = duckdb.execute(query, {"files": f"{folder}/**/*.parquet"}).fetchall()
    assert found == [("odd /=%é name", 20), ("plain", 20)]


def test_a_file_that_was_changed_or_removed_is_found(log: Path) -> None:
    folder = convert_log(log).path
    next(folder.glob("type=end/**/*.parquet")).unlink()
    with pytest.raises(DataError, match="has other lines than the log that it was made from"):
        read_run_log(folder)
    part = next(folder.glob("type=attempt/**/*.parquet"))
    part.write_bytes(part.read_bytes()[:200])
    with pytest.raises(DataError, match="has a file that cannot be read"):
        read_run_log(folder)


def test_a_torn_log_is_not_converted_and_leaves_nothing_behind(log: Path) -> None:
    with log.open("ab") as file:
        file.write(b'{"type":"attempt"')
    with pytest.raises(DataError, match="ends in an incomplete line"):
        convert_log(log)
    assert not log.with_suffix(".parquet").exists()


def test_what_is_there_is_not_replaced(log: Path) -> None:
    folder = convert_log(log).path
    with pytest.raises(DataError, match="already exists"):
        convert_log(log)
    with pytest.raises(DataError, match="already exists"):
        convert_log(folder)


def test_a_folder_in_parquet_is_never_written_to(log: Path) -> None:
    folder = convert_log(log).path
    with pytest.raises(DataError, match="is read and never written to"):
        RunLogWriter.add_to(folder, "1")


@pytest.mark.parametrize("named", ["run.jsonl", "run.parquet", "."])
def test_erase_leaves_no_text_behind_in_parquet_without_a_word(log: Path, named: str) -> None:
    convert_log(log)
    with pytest.raises(DataError, match="whose texts cannot be erased in place"):
        erase_texts(EraseOptions([log.parent / named], texts=["größe"]))
    assert "größe" in log.read_text()

"""Rows of older schemas are read as this version writes them, and a log of two schemas is one log."""

from __future__ import annotations

import copy
from pathlib import Path

import msgspec
import pytest

from milo_bench.core.errors import DataError
from milo_bench.core.records import SCHEMA_VERSION, Attempt, SchemaChange
from milo_bench.store.log import lift
from milo_bench.store.log.attempts import attempt_lines
from milo_bench.store.log.lift import LIFTS, Lift, Row, find_lifts, find_line_starts, lift_row
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import RunLogWriter
from tests.store.log_parts import make_attempt, make_end, make_fixtures, make_header

KEPT = Path(__file__).parents[1] / "data" / "logs-0.1.0"


def older_log(path: Path, *fixtures: str) -> Path:
    """A log of schema 1 that a kill ended."""
    writer = RunLogWriter.create(path, make_header(schema_version=1), make_fixtures())
    for fixture in fixtures:
        writer.append(make_attempt(fixture))
    writer.close()
    return path


def test_every_number_up_to_the_newest_has_one_file_that_says_what_it_changed() -> None:
    assert [one.number for one in find_lifts(1)] == list(range(2, SCHEMA_VERSION + 1))
    for name, one in LIFTS:
        assert name.startswith(f"{one.number:04}_")
    assert find_lifts(SCHEMA_VERSION) == () == find_line_starts(SCHEMA_VERSION)


def test_lifting_leaves_the_row_that_it_is_given_as_it_was() -> None:
    for name in ("run.jsonl", "load.jsonl", "operator.jsonl"):
        for line in (KEPT / name).read_bytes().splitlines():
            row = msgspec.json.decode(line)
            before = copy.deepcopy(row)
            lift_row(row, 1)
            assert row == before


def test_an_episode_of_schema_1_has_its_form_and_so_has_its_event_log() -> None:
    (episode,) = read_run_log(KEPT / "operator.jsonl").episodes
    assert episode.form == "trap"
    assert episode.log[0] == {"type": "started", "task": "reply_lost", "seed": 0, "form": "trap", "bench_version": 1}


def test_a_newer_version_that_resumes_a_log_says_so_once_and_writes_its_own_rows(tmp_path: Path) -> None:
    path = older_log(tmp_path / "log.jsonl", "f0")
    before = path.read_bytes()
    resumed = RunLogWriter.resume(path, make_header(), make_fixtures())
    resumed.writer.append(make_attempt("f1"))
    resumed.writer.close()
    RunLogWriter.resume(path, make_header(), make_fixtures()).writer.close(make_end(2))
    added = [msgspec.json.decode(line) for line in path.read_bytes().removeprefix(before).splitlines()]
    added = [row for row in added if row["type"] != "seal"]
    assert [row["type"] for row in added] == ["schema", "attempt", "end"]
    assert added[0] == msgspec.to_builtins(SchemaChange(SCHEMA_VERSION, "0.1"))
    log = read_run_log(path)
    assert (log.header.schema_version, log.schemas) == (1, [1, SCHEMA_VERSION])
    assert [(part.schema, part.line) for part in log.attempts.ranges] == [(1, 6), (SCHEMA_VERSION, 10)]
    assert [attempt.key.fixture for attempt in log.attempts] == ["f0", "f1"]


def test_only_rows_from_before_the_change_are_lifted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = older_log(tmp_path / "log.jsonl", "f0")
    resumed = RunLogWriter.resume(path, make_header(), make_fixtures())
    resumed.writer.append(make_attempt("f1"))
    resumed.writer.close()

    def marked(row: Row) -> Row:
        return {**row, "output": "lifted"}

    invented = Lift(SCHEMA_VERSION, frozenset({"attempt"}), marked, "Its answers are not known.")
    monkeypatch.setattr(lift, "find_lifts", lambda schema: (invented,) if schema < SCHEMA_VERSION else ())
    find_line_starts.cache_clear()
    try:
        log = read_run_log(path)
        assert [attempt.output for attempt in log.attempts] == ["lifted", make_attempt("f1").output]
        assert [attempt.output for attempt in log.attempts.on_fixtures({"f0"})] == ["lifted"]
        assert log.unknown == ("Its answers are not known.",)
    finally:
        find_line_starts.cache_clear()


def test_a_log_that_a_newer_version_went_on_with_is_refused(tmp_path: Path) -> None:
    path = older_log(tmp_path / "log.jsonl", "f0")
    with path.open("ab") as file:
        file.write(msgspec.json.encode(SchemaChange(SCHEMA_VERSION + 1, "9")) + b"\n")
    with pytest.raises(DataError, match=f"has schema version {SCHEMA_VERSION + 1}"):
        read_run_log(path)


def test_parts_of_a_log_together_hold_every_attempt_once(tmp_path: Path) -> None:
    path = older_log(tmp_path / "log.jsonl", "f0", "f1")
    resumed = RunLogWriter.resume(path, make_header(), make_fixtures())
    resumed.writer.append(make_attempt("f2"))
    resumed.writer.close()
    log = read_run_log(path)
    for count in (1, 2, 3, 50):
        lines = [line for part in log.attempts.parts(count) for _, line in attempt_lines(path, part)]
        assert [msgspec.json.decode(line, type=Attempt).key.fixture for line in lines] == ["f0", "f1", "f2"]

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.core.records import Telemetry
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.store.views import open_views
from tests.store.log_parts import make_attempt, make_end, make_fixtures, make_header


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    path = tmp_path / "it's [a] *log?.jsonl"
    writer = RunLogWriter.create(path, make_header(), make_fixtures())
    writer.append(make_attempt("f0"))
    writer.append(make_attempt("f1", failed=True))
    writer.append(Telemetry(at_s=1.0, target="a", memory_bytes=5))
    writer.close(make_end(2, 1))
    return path


def test_views_show_what_the_log_holds_whatever_its_name(log_path: Path) -> None:
    views = open_views([log_path])
    attempts = views.execute("SELECT fixture, workload, failure, latency_s, ttft_s FROM attempts ORDER BY fixture")
    assert attempts.fetchall() == [("f0", "notes", None, 1.5, 0.5), ("f1", "notes", "reset", 1.5, 0.5)]
    assert views.execute("SELECT sum(completion_tokens) FROM usage").fetchone() == (10,)
    assert views.execute("SELECT fixture, kind FROM failures").fetchall() == [("f1", "reset")]
    assert views.execute("SELECT chunk_gaps_s FROM timings WHERE NOT failed").fetchall() == [([0.1, 0.2],)]
    assert views.execute("SELECT target, memory_bytes FROM telemetry").fetchall() == [("a", 5)]
    assert views.execute("SELECT log FROM runs").fetchall() == [(str(log_path),)]
    assert views.execute("SELECT * FROM damaged").fetchall() == []


def test_several_logs_stand_side_by_side(log_path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    RunLogWriter.create(other, make_header(), make_fixtures()).close()
    views = open_views([log_path, other])
    assert views.execute("SELECT count(*) FROM fixtures").fetchone() == (6,)
    assert views.execute("SELECT count(*) FROM attempts").fetchone() == (2,)


def test_a_torn_tail_makes_no_row_and_is_counted(log_path: Path) -> None:
    with log_path.open("ab") as file:
        file.write(b'{"type":"attempt","key":{"fix')
    views = open_views([log_path])
    assert views.execute("SELECT count(*) FROM attempts").fetchone() == (2,)
    assert views.execute("SELECT lines FROM damaged").fetchall() == [(1,)]


def test_no_log_and_a_missing_log_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_views([])
    with pytest.raises(PrerequisiteError, match="no run log"):
        open_views([tmp_path / "nothing.jsonl"])


def test_reading_and_writing_logs_does_not_load_duckdb() -> None:
    code = "import sys, milo_bench.store.log.reader, milo_bench.store.views; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

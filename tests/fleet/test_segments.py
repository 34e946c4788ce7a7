"""What a worker wrote before it was killed is read back, and nothing that was not written whole."""

from __future__ import annotations

import json
from pathlib import Path

from milo_bench.core.records import Attempt, AttemptKey, Timings
from milo_bench.fleet.segments import Segments
from milo_bench.run.plan import PlanRequest
from milo_bench.store.log.writer import RunLogWriter
from tests.run.run_parts import make_fixtures, make_spec, record_of

FIXTURES = make_fixtures(9)


def attempt(number: int) -> Attempt:
    return Attempt(AttemptKey(FIXTURES[number].id, "a"), "", Timings(0.0, 0.0, 1.0), output=f"answer {number}")


def segment_of(folder: Path, name: str, numbers: range) -> tuple[Segments, RunLogWriter]:
    from datetime import UTC, datetime

    spec = make_spec(PlanRequest(), FIXTURES, [record_of("a")])
    segments = Segments(folder, "run-1")
    writer = segments.new(name, spec.header([record_of("a")], now=datetime(2026, 1, 1, tzinfo=UTC)))
    for number in numbers:
        writer.append(attempt(number))
    writer.flush()
    return segments, writer


def test_attempts_of_dead_workers_are_read_back_without_a_torn_line(tmp_path: Path) -> None:
    segment_of(tmp_path, "one", range(3))[1].close()
    segments, writer = segment_of(tmp_path, "two", range(3, 6))
    writer.close()
    with writer.path.open("ab") as file:
        file.write(b'{"type":"attempt","key":{"fix')
    assert [one.output for one in segments.left()] == [f"answer {number}" for number in range(6)]


def test_a_segment_that_was_edited_gives_nothing_so_its_attempts_are_sent_again(tmp_path: Path) -> None:
    segments, writer = segment_of(tmp_path, "one", range(3))
    writer.close()
    text = writer.path.read_text()
    writer.path.write_text(text.replace("answer 1", "answer 2"))
    assert list(segments.left()) == []


def test_segments_go_when_their_rows_are_in_the_log_and_belong_to_the_user_alone(tmp_path: Path) -> None:
    segments, writer = segment_of(tmp_path, "one", range(3))
    assert json.loads(writer.path.read_text().splitlines()[0])["type"] == "run"
    assert (tmp_path / "run-1").stat().st_mode & 0o077 == 0
    writer.close()
    segments.remove()
    assert list(segments.left()) == [] and not (tmp_path / "run-1").exists()

"""Verdicts beside a log survive a kill in the middle of a line."""

from pathlib import Path

from milo_bench.core.records import AttemptKey, Graded
from milo_bench.store.verdicts import VerdictHeader, VerdictWriter, read_verdicts, write_verdicts

HEADER = VerdictHeader(run_id="r", tool_version="0")


def graded(fixture: str) -> Graded:
    return Graded(AttemptKey(fixture, "t", 0, "free", 0), "qa", (), True)


def test_a_torn_last_verdict_is_cut_before_more_are_added(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    write_verdicts(path, HEADER, [graded("a"), graded("b")])
    path.write_bytes(path.read_bytes()[:-20])
    with VerdictWriter(path, HEADER, append=True) as writer:
        writer.add(graded("c"))
    assert [key.fixture for key in read_verdicts(path)] == ["a", "c"]


def test_a_verdict_file_torn_in_its_first_line_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    path.write_bytes(b'{"type":"verd')
    with VerdictWriter(path, HEADER, append=True) as writer:
        writer.add(graded("c"))
    assert [key.fixture for key in read_verdicts(path)] == ["c"]

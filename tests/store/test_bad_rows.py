"""One row that cannot be read costs that row: it is named, what is beside it counts, and nothing is made of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench.core.errors import DataError, RowLeftOut
from milo_bench.store.log.lines import open_log
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.store.log.writer import RunLogWriter
from tests.store.log_parts import make_attempt, make_end, make_fixtures, make_header, without_seals

Damage = Callable[[bytes], bytes]
DAMAGES: dict[str, Damage] = {
    "a null for a time": lambda line: re.sub(rb'"ended_s":[0-9.]+', b'"ended_s":null', line),
    "half of it": lambda line: line[: len(line) // 2],
    "nothing": lambda line: b"",
    "zeros": lambda line: bytes(len(line)),
    "not UTF-8": lambda line: b"\\xff" + line[1:],
    "more tokens than a counter has": lambda line: re.sub(
        rb'"prompt_tokens":[0-9]+', b'"prompt_tokens":2147483648', line
    ),
    "tokens below none": lambda line: re.sub(rb'"prompt_tokens":[0-9]+', b'"prompt_tokens":-1', line),
    "a number of 400 digits": lambda line: re.sub(rb'"prompt_tokens":[0-9]+', b'"prompt_tokens":1' + b"0" * 400, line),
    "another type": lambda line: line.replace(b'"type":"attempt"', b'"type":"dream"'),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    log = tmp_path / "log.jsonl"
    writer = RunLogWriter.create(log, make_header(), make_fixtures())
    for number in range(3):
        writer.append(make_attempt(f"f{number}"))
        writer.flush()
    writer.close(make_end(3))
    return log


def damaged(path: Path, start: bytes, damage: Damage, *, number: int = 0) -> int:
    """Damage one of the lines that begin with ``start``; its number in the file."""
    lines = path.read_bytes().split(b"\n")
    place = [n for n, line in enumerate(lines) if line.startswith(start)][number]
    lines[place] = damage(lines[place])
    path.write_bytes(b"\n".join(lines))
    return place + 1


def read_whole(path: Path) -> tuple[RunLog, list[str]]:
    """The log, and the fixtures of its attempts."""
    log = read_run_log(path)
    return log, [attempt.key.fixture for attempt in log.attempts]


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "without seals"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_bad_attempt_is_left_out_and_named(path: Path, damage: Damage, sealed: bool) -> None:
    if not sealed:
        without_seals(path)
    line = damaged(path, b'{"type":"attempt"', damage, number=1)
    with pytest.warns(RowLeftOut, match=f"log.jsonl line {line}: .*, so this row is left out.") as told:
        log, fixtures = read_whole(path)
    assert fixtures == ["f0", "f2"]
    assert (len(log.attempts), [number for number, _ in log.bad_rows], len(told)) == (2, [line], 1)
    with pytest.raises(DataError, match=f"log.jsonl line {line}: "):
        RunLogWriter.resume(path, make_header(), make_fixtures())


def test_attempts_on_a_fixture_whose_line_is_bad_are_left_out_too(path: Path) -> None:
    line = damaged(path, b'{"type":"fixture"', lambda written: b"x" + written, number=2)
    with pytest.warns(RowLeftOut):
        log, fixtures = read_whole(path)
    assert fixtures == ["f0", "f1"]
    (first, _), (_, said) = log.bad_rows
    assert (first, "the line of its fixture cannot be read" in said) == (line, True)


def test_a_bad_end_leaves_a_run_without_one(path: Path) -> None:
    damaged(path, b'{"type":"end"', lambda written: written[:-5])
    with pytest.warns(RowLeftOut):
        log, fixtures = read_whole(path)
    assert (log.end, fixtures) == (None, ["f0", "f1", "f2"])


def test_a_row_that_was_changed_and_can_be_read_is_refused(path: Path) -> None:
    line = damaged(path, b'{"type":"attempt"', lambda written: written.replace(b"Anna said so", b"Anna said no"))
    with pytest.raises(DataError, match=f"line {line}: this line was changed after it was sealed"):
        read_run_log(path)


def test_one_bad_row_hides_no_changed_one(path: Path) -> None:
    lines = path.read_bytes().split(b"\n")
    fixtures = [n for n, line in enumerate(lines) if line.startswith(b'{"type":"fixture"')]
    lines[fixtures[0]] = b"x"
    lines[fixtures[1]] = lines[fixtures[1]].replace(b"Anna wrote 1", b"Anna wrote 7")
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(DataError, match="was changed after it was sealed"):
        read_run_log(path)


def test_a_line_that_is_gone_is_no_bad_row(path: Path) -> None:
    lines = [line for n, line in enumerate(path.read_bytes().split(b"\n")) if n != 6]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(DataError):
        read_whole(path)


@pytest.mark.parametrize("end", [b"\r\n", b"\r"], ids=["CRLF", "CR"])
def test_changed_line_ends_are_named_as_that(path: Path, end: bytes) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", end))
    with pytest.raises(DataError, match="its line ends were changed"):
        read_run_log(path)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_disk_that_fails_while_it_is_read_is_named_with_the_file() -> None:
    with open_log(Path("/proc/self/mem")) as file, pytest.raises(OSError, match="Input/output error") as failed:
        file.read(1)
    assert failed.value.filename == "/proc/self/mem"

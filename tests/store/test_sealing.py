"""A line of a log that was changed, removed, inserted or moved is named; an erased text leaves every seal as it was."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.core.errors import DataError
from milo_bench.core.records import Attempt, Failure, Plan, Seal
from milo_bench.store.log.encoding import encode_line
from milo_bench.store.log.lines import decode_line
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.sealing import digest_of_line, erased_line, plan_digest
from milo_bench.store.log.writer import GROUP_RECORDS, RunLogWriter
from tests.store.log_parts import make_attempt, make_end, make_fixtures, make_header

COUNT = GROUP_RECORDS + 20  # more than a block of answers
SALT = b"0123456789abcdef" * 2


@pytest.fixture
def log(tmp_path: Path) -> Path:
    writer = RunLogWriter.create(tmp_path / "log.jsonl", make_header(COUNT), make_fixtures(COUNT))
    for number in range(COUNT):
        writer.append(make_attempt(f"f{number}", failed=number % 10 == 0, output=f"Anna said {number}"))
    writer.close(make_end(COUNT, len(range(0, COUNT, 10))))
    return tmp_path / "log.jsonl"


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_a_log_that_was_left_alone_is_sealed_to_its_end(log: Path) -> None:
    read = read_run_log(log)
    assert read.unsealed == 0 and read.seal == msgspec.json.decode(lines_of(log)[-1], type=Seal).hash


def test_the_first_seal_holds_the_plan_and_comes_before_any_answer(log: Path) -> None:
    kinds = [msgspec.json.decode(line)["type"] for line in lines_of(log)]
    assert kinds.index("seal") < kinds.index("attempt")
    seals = [msgspec.json.decode(line, type=Seal) for line in lines_of(log) if line.startswith(b'{"type":"seal"')]
    assert [bool(seal.plan) for seal in seals] == [True] + [False] * (len(seals) - 1)
    assert seals[0].plan == plan_digest(make_header(COUNT).plan)


def test_a_plan_has_the_same_digest_made_or_read() -> None:
    plan = Plan(fixtures=("a",), targets=("b",), decodings=("free", "constrained"))
    assert plan_digest(msgspec.json.decode(msgspec.json.encode(plan), type=Plan)) == plan_digest(plan)
    assert plan_digest(msgspec.structs.replace(plan, repeats=2)) != plan_digest(plan)


def edited(lines: list[bytes], number: int) -> list[bytes]:
    return [*lines[: number - 1], lines[number - 1].replace(b"Anna", b"Berta"), *lines[number:]]


@pytest.mark.parametrize("number", [2, COUNT + 5, 2 * COUNT + 4])
def test_the_line_whose_text_was_changed_is_named(log: Path, number: int) -> None:
    lines = lines_of(log)
    number = next(n for n in range(number, len(lines)) if b"Anna" in lines[n - 1])
    log.write_bytes(b"".join(edited(lines, number)))
    with pytest.raises(DataError, match=f"line {number}: this line was changed"):
        read_run_log(log)


def test_a_changed_time_or_salt_or_failure_is_named(log: Path) -> None:
    lines = lines_of(log)
    number = next(n for n, line in enumerate(lines, start=1) if b'"failure"' in line)
    for old, new in (
        (rb'"ended_s":2.5', b'"ended_s":1.5'),
        (rb'"salt":"\w{2}', b'"salt":"zz'),
        (rb'"kind":"reset"', b'"kind":"auth"'),
        (rb"server went away", b"server was away"),
    ):
        changed = re.sub(old, new, lines[number - 1])
        assert changed != lines[number - 1]
        log.write_bytes(b"".join([*lines[: number - 1], changed, *lines[number:]]))
        with pytest.raises(DataError, match=f"line {number}: this line was changed"):
            read_run_log(log)


def test_a_line_removed_inserted_or_moved_is_named(log: Path) -> None:
    lines = lines_of(log)
    at = next(n for n, line in enumerate(lines) if line.startswith(b'{"type":"attempt"')) + 3
    for changed, said in (
        ([*lines[:at], *lines[at + 1 :]], rf"line {at + 1}: a line before this one was removed"),
        ([*lines[:at], lines[at], *lines[at:]], rf"line {at + 2}: a line was inserted"),
        ([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]], rf"line {at + 1}: this line was changed"),
    ):
        log.write_bytes(b"".join(changed))
        with pytest.raises(DataError, match=said):
            read_run_log(log)


def test_a_whole_block_or_a_seal_that_was_removed_is_named(log: Path) -> None:
    lines = lines_of(log)
    seals = [n for n, line in enumerate(lines) if line.startswith(b'{"type":"seal"')]
    without_block = [*lines[: seals[0] + 1], *lines[seals[1] + 1 :]]
    log.write_bytes(b"".join(without_block))
    with pytest.raises(DataError, match="does not follow from the lines and the seal before it"):
        read_run_log(log)
    log.write_bytes(b"".join([*lines[: seals[1]], *lines[seals[1] + 1 :]]))
    with pytest.raises(DataError, match=f"line {seals[1] + 1}: the seal before this line was removed"):
        read_run_log(log)


def test_a_tail_that_was_cut_leaves_a_log_without_end_or_lines_without_seal(log: Path) -> None:
    lines = lines_of(log)
    for cut in (1, 2, 5, 30):
        log.write_bytes(b"".join(lines[:-cut]))
        read = read_run_log(log)
        assert read.unsealed or read.end is None


def test_a_resume_goes_on_with_the_chain_and_seals_what_a_torn_write_left_without_seal(log: Path) -> None:
    lines = lines_of(log)
    log.write_bytes(b"".join(lines[:-6]) + lines[-6][:40])
    left = read_run_log(log).unsealed
    resumed = RunLogWriter.resume(log, make_header(COUNT), make_fixtures(COUNT))
    for number in range(COUNT):
        attempt = make_attempt(f"f{number}", failed=number % 10 == 0, output=f"Anna said {number}")
        if attempt.key not in resumed.done:
            resumed.writer.append(attempt)
    resumed.writer.close(make_end(COUNT, len(range(0, COUNT, 10))))
    read = read_run_log(log)
    assert left and read.unsealed == 0 and len(list(read.attempts)) == COUNT


def test_an_erased_text_leaves_every_seal_as_it_was_and_nothing_to_try_texts_against(log: Path) -> None:
    before = read_run_log(log)
    lines = lines_of(log)
    at = next(n for n, line in enumerate(lines) if b'"output"' in line)
    erased = erased_line(lines[at].removesuffix(b"\n"))
    assert erased is not None and b"Anna" not in erased and b"salt" not in erased
    log.write_bytes(b"".join([*lines[:at], erased + b"\n", *lines[at + 1 :]]))
    after = read_run_log(log)
    assert after.seal == before.seal and after.unsealed == 0
    (attempt,) = [attempt for attempt in after.attempts if attempt.erased]
    assert (attempt.output, attempt.timings) == ("", make_attempt().timings)


def test_a_text_put_in_the_place_of_an_erased_one_is_named(log: Path) -> None:
    lines = lines_of(log)
    at = next(n for n, line in enumerate(lines) if b'"output"' in line)
    erased = erased_line(lines[at].removesuffix(b"\n"))
    assert erased is not None
    for forged in (erased[:-1] + b',"output":"yes"}', erased.replace(b'"erased"', b'"output":"yes","erased"')):
        log.write_bytes(b"".join([*lines[:at], forged + b"\n", *lines[at + 1 :]]))
        with pytest.raises(DataError, match=f"line {at + 1}: this line was changed"):
            read_run_log(log)


@settings(max_examples=60, deadline=None)
@given(
    output=st.text(max_size=60),
    reasoning=st.text(max_size=20),
    message=st.text(max_size=20),
    bypass=st.text(max_size=20),
    prepared=st.dictionaries(st.sampled_from(["salt", "erased", "x"]), st.text(max_size=9), max_size=2),
)
def test_any_text_reads_back_as_it_was_and_its_line_has_the_digest_that_was_sealed(
    output: str, reasoning: str, message: str, bypass: str, prepared: dict[str, str]
) -> None:
    attempt = make_attempt(
        output=output,
        reasoning=reasoning,
        bypass=bypass,
        prepared=prepared,
        failure=Failure("reset", message),
        finish_reason=',"salt":"' + output,
    )
    line, digest = encode_line(attempt, SALT)
    read = decode_line(Path("log"), 1, line)
    assert isinstance(read, Attempt)
    assert digest_of_line(line.removesuffix(b"\n")) == digest
    if "\ud800" not in f"{output}{reasoning}{message}{bypass}{prepared}":
        assert read == attempt
    erased = erased_line(line.removesuffix(b"\n"))
    assert erased is None or digest_of_line(erased) == digest


def test_two_lines_with_the_same_text_have_salts_of_their_own(tmp_path: Path) -> None:
    writer = RunLogWriter.create(tmp_path / "log.jsonl", make_header(), make_fixtures())
    for name in ("f0", "f1", "f2"):
        writer.append(make_attempt(name))
    writer.close()
    salts = re.findall(rb'"salt":"(\w{32})"', (tmp_path / "log.jsonl").read_bytes())
    assert len(salts) == len(set(salts)) == 6
    assert (tmp_path / "log.jsonl").stat().st_mode & 0o077 == 0

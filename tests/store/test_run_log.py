from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.core.errors import DataError, IncompleteRun, MiloError, PrerequisiteError, RowLeftOut
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import AttemptKey, Plan, SuiteRef, TargetRecord
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.store.log.writer import RunLogWriter, default_log_path
from milo_bench.store.stored_text import TextPolicy
from tests.store.log_parts import make_attempt, make_end, make_fixtures, make_header, without_seals


def read_whole(path: Path) -> RunLog:
    """The log with every attempt decoded and checked."""
    log = read_run_log(path)
    for _ in log.attempts:
        pass
    return log


def write_log(path: Path, *fixtures_done: str, count: int = 3, end: bool = True) -> Path:
    writer = RunLogWriter.create(path, make_header(count), make_fixtures(count))
    for fixture in fixtures_done:
        writer.append(make_attempt(fixture))
    writer.close(make_end(len(fixtures_done)) if end else None)
    return path


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "log.jsonl"


def test_a_log_reads_back_as_it_was_written(log_path: Path) -> None:
    write_log(log_path, "f0", "f1")
    log = read_run_log(log_path)
    assert log.header == make_header()
    assert tuple(log.fixtures.values()) == make_fixtures()
    assert list(log.attempts) == [make_attempt("f0"), make_attempt("f1")]
    assert log.end == make_end(2) and not log.torn_bytes


def test_what_was_flushed_is_in_the_file_before_the_writer_closes(log_path: Path) -> None:
    writer = RunLogWriter.create(log_path, make_header(), make_fixtures())
    writer.append(make_attempt())
    writer.flush()
    assert list(read_run_log(log_path).attempts) == [make_attempt()]
    writer.close()


def test_an_existing_file_is_never_overwritten(log_path: Path) -> None:
    write_log(log_path, "f0")
    before = log_path.read_bytes()
    with pytest.raises(DataError, match="already exists") as caught:
        RunLogWriter.create(log_path, make_header(), make_fixtures())
    assert "--resume" in caught.value.hint and "--out" in caught.value.hint
    assert log_path.read_bytes() == before


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_log_cut_at_any_byte_resumes_and_loses_only_the_line_that_was_cut(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write_log(tmp_path_factory.mktemp("cut") / "log.jsonl", "f0", "f1")
    whole = path.read_bytes()
    cut = data.draw(st.integers(min_value=0, max_value=len(whole)))
    path.write_bytes(whole[:cut])
    resumed = RunLogWriter.resume(path, make_header(), make_fixtures())
    rest = [f for f in ("f0", "f1", "f2") if AttemptKey(f, "a") not in resumed.done]
    for fixture in rest:
        resumed.writer.append(make_attempt(fixture))
    resumed.writer.close(make_end(3))
    log = read_run_log(path)
    assert {a.key.fixture for a in log.attempts} == {"f0", "f1", "f2"}
    assert len(log.attempts) == 3 and log.end is not None
    kept = whole[:cut].rfind(b"\n") + 1
    assert path.read_bytes()[:kept] == whole[:kept]
    assert resumed.cut_bytes == cut - kept
    assert not resumed.cut_bytes or str(resumed.cut_bytes) in resumed.messages[0]


def test_a_torn_tail_is_left_out_when_reading_and_said(log_path: Path) -> None:
    write_log(log_path, "f0", end=False)
    with log_path.open("ab") as file:
        file.write(b'{"type":"attempt","key":{"fix')
    log = read_run_log(log_path)
    assert log.torn_bytes == 29 and list(log.attempts) == [make_attempt()]


def test_a_resume_names_each_difference(log_path: Path) -> None:
    write_log(log_path, "f0")
    target = TargetRecord(name="a", api="openai", model="m", endpoint="http://127.0.0.1:1", model_digest="d2")
    now = make_header(
        suite=SuiteRef("s", "1", "other"),
        targets=(target,),
        plan=Plan(fixtures=("f0", "f1", "f2"), targets=("a",), repeats=2),
        store_text="hashes",
    )
    fixtures = (*make_fixtures()[:2], msgspec.structs.replace(make_fixtures()[2], hash="changed"))
    with pytest.raises(DataError) as caught:
        RunLogWriter.resume(log_path, now, fixtures)
    for part in (
        "suite hash: sh in the log, other now",
        "plan repeats: 1 in the log, 2 now",
        "target 'a' model_digest: d1 in the log, d2 now",
        "store_text: full in the log, hashes now",
        "fixture 'f2' changed",
    ):
        assert part in caught.value.message


def test_a_server_of_our_own_may_come_back_on_another_port(log_path: Path) -> None:
    write_log(log_path, "f0")
    target = TargetRecord(name="a", api="openai", model="m", endpoint="http://127.0.0.1:2", model_digest="d1")
    resumed = RunLogWriter.resume(log_path, make_header(targets=(target,)), make_fixtures())
    assert set(resumed.done) == {AttemptKey("f0", "a")}
    assert resumed.last_s == 2.5
    resumed.writer.close()


def test_another_tool_version_is_told_and_does_not_forbid_a_resume(log_path: Path) -> None:
    write_log(log_path)
    resumed = RunLogWriter.resume(log_path, make_header(tool_version="9"), make_fixtures())
    assert "version 0.1" in resumed.messages[0]
    resumed.writer.close()


def test_an_end_line_counts_only_after_the_last_attempt(log_path: Path) -> None:
    write_log(log_path, "f0")
    resumed = RunLogWriter.resume(log_path, make_header(), make_fixtures())
    resumed.writer.append(make_attempt("f1"))
    resumed.writer.flush()
    assert read_run_log(log_path).end is None
    resumed.writer.close(make_end(2))
    assert read_run_log(log_path).end == make_end(2)


def test_two_runs_cannot_write_one_log(log_path: Path) -> None:
    writer = RunLogWriter.create(log_path, make_header(), make_fixtures())
    with pytest.raises(DataError, match="Another run is writing"):
        RunLogWriter.resume(log_path, make_header(), make_fixtures())
    writer.close()
    RunLogWriter.resume(log_path, make_header(), make_fixtures()).writer.close()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (msgspec.json.encode(make_attempt("f9")), "line 5: fixture 'f9' is not in the plan"),
        (msgspec.json.encode(make_attempt(key=AttemptKey("f0", "b"))), "line 5: target 'b' is not in the plan"),
        (msgspec.json.encode(make_attempt(key=AttemptKey("f0", "a", 1))), "line 5: repeat 1, but 1 are planned"),
        (msgspec.json.encode(make_attempt(key=AttemptKey("f0", "a", retry=1))), "line 5: retry 1, but"),
        (msgspec.json.encode(make_attempt(key=AttemptKey("f0", "a", decoding="constrained"))), "decoding 'constr"),
        (msgspec.json.encode(make_attempt("f1")), "is already in line 5"),
        (msgspec.json.encode(make_fixtures()[0]), "line 5: fixture 'f0' is already in line 2"),
        (msgspec.json.encode(make_header()), "line 5: a second run starts"),
    ],
)
def test_a_line_that_does_not_belong_is_named_by_its_number(log_path: Path, line: bytes, message: str) -> None:
    write_log(log_path, "f1")
    lines = without_seals(log_path)
    lines.insert(4, line + b"\n")
    log_path.write_bytes(b"".join(lines))
    before = log_path.read_bytes()
    with pytest.raises(DataError, match=message) as caught:
        read_whole(log_path)
    assert caught.value.hint
    with pytest.raises(DataError):
        RunLogWriter.resume(log_path, make_header(), make_fixtures())
    assert log_path.read_bytes() == before


def test_rows_removed_from_a_finished_log_are_noticed(log_path: Path) -> None:
    write_log(log_path, "f0", "f1")
    lines = without_seals(log_path)
    log_path.write_bytes(b"".join(lines[:4] + lines[5:]))
    with pytest.raises(DataError, match="counts 2 attempts, but it contains 1"):
        read_run_log(log_path)


@pytest.mark.parametrize("content", [b"hello\nworld\n", b'{"a": 1}\n', b"id,text\n1,x", b"\x00\x01\x02" * 9, b"{"])
def test_a_foreign_file_is_neither_read_nor_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.txt"
    path.write_bytes(content + b" tail")
    for action in (read_run_log, lambda p: RunLogWriter.resume(p, make_header(), make_fixtures())):
        with pytest.raises(MiloError):
            action(path)
    assert path.read_bytes() == content + b" tail"


def test_a_newer_schema_is_named(log_path: Path) -> None:
    write_log(log_path, "f0")
    log_path.write_bytes(re.sub(rb'"schema_version":\d+', b'"schema_version":7', log_path.read_bytes()))
    with pytest.raises(DataError, match="schema version 7"):
        read_run_log(log_path)


def test_missing_and_folder_and_empty_each_get_their_own_error(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="no run log"):
        read_run_log(tmp_path / "nothing.jsonl")
    with pytest.raises(DataError, match="is a folder"):
        read_run_log(tmp_path)
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(DataError, match="is empty"):
        read_run_log(tmp_path / "empty.jsonl")
    with pytest.raises(DataError, match="is a folder"):
        RunLogWriter.create(tmp_path, make_header(), make_fixtures())


@pytest.mark.parametrize("where", ["/proc/log.jsonl", "/proc/new/log.jsonl", "/dev/null/log.jsonl"])
def test_a_folder_that_takes_no_file_is_a_clear_error(where: str) -> None:
    with pytest.raises(PrerequisiteError) as caught:
        RunLogWriter.create(Path(where), make_header(), make_fixtures())
    assert caught.value.hint


def test_a_read_only_folder_is_a_clear_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root writes to read-only folders all the same
    try:
        with pytest.raises(PrerequisiteError, match="No permission to write"):
            RunLogWriter.create(tmp_path / "log.jsonl", make_header(), make_fixtures())
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o700)


FILL = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.store.log_parts import make_attempt, make_fixtures, make_header
from milo_bench.core.errors import IncompleteRun
from milo_bench.store.log.writer import RunLogWriter, default_log_path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = RunLogWriter.create(Path(sys.argv[1]), make_header(400), make_fixtures(400))
limit = Path(sys.argv[1]).stat().st_size + 10_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    for n in range(400):
        writer.append(make_attempt(f"f{n}"))
        writer.flush()
        print(n, flush=True)
except IncompleteRun as error:
    print(error.message, error.hint, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def test_a_full_disk_keeps_every_flushed_row_and_the_run_resumes(log_path: Path) -> None:
    log_path.parent.mkdir()
    script = [sys.executable, "-c", FILL, str(log_path), str(Path(__file__).parents[2])]
    filled = subprocess.run(script, capture_output=True, text=True, check=False)
    assert filled.returncode == IncompleteRun.exit_code, filled.stderr
    assert "resume" in filled.stderr and "Traceback" not in filled.stderr
    flushed = len(filled.stdout.split())
    log = read_run_log(log_path)
    assert len(log.attempts) == flushed > 0 and not log.torn_bytes
    resumed = RunLogWriter.resume(log_path, make_header(400), make_fixtures(400))
    assert len(resumed.done) == flushed and not resumed.cut_bytes
    resumed.writer.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_device_that_is_full_says_so(tmp_path: Path) -> None:
    writer = RunLogWriter.create(tmp_path / "log.jsonl", make_header(), make_fixtures())
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, writer._descriptor)
    os.close(full)
    writer.append(make_attempt())
    with pytest.raises(IncompleteRun, match="No space left"):
        writer.flush()
    assert writer.closed


def test_nothing_is_left_behind_where_the_first_lines_find_no_room(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(PrerequisiteError, match="Nothing was sent"):
            RunLogWriter.create(tmp_path / "log.jsonl", make_header(), make_fixtures())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert not (tmp_path / "log.jsonl").exists()


def test_half_a_surrogate_pair_from_a_model_is_stored_and_not_fatal(log_path: Path) -> None:
    writer = RunLogWriter.create(log_path, make_header(), make_fixtures())
    writer.append(make_attempt(output="bad \ud83d end"))
    writer.close()
    assert next(iter(read_run_log(log_path).attempts)).output == "bad ? end"


def test_a_key_is_not_written_twice(log_path: Path) -> None:
    writer = RunLogWriter.create(log_path, make_header(), make_fixtures())
    writer.append(make_attempt())
    with pytest.raises(DataError, match="already"):
        writer.append(make_attempt())
    writer.close()


def test_hashes_keep_no_text_of_fixture_or_answer(log_path: Path) -> None:
    writer = RunLogWriter.create(log_path, make_header(store_text="hashes"), make_fixtures())
    writer.append(make_attempt("f0", reasoning="Anna?", prepared={"x": "Anna"}))
    writer.append(make_attempt("f1", failed=True))
    writer.append(make_attempt("f2", output="", bypass="human_review: Anna"))
    writer.close()
    text = log_path.read_text()
    assert "Anna" not in text
    log = read_run_log(log_path)
    attempts = list(log.attempts)
    assert attempts[0].output_hash == sha256_text("Anna said so") and attempts[0].usage.prompt_tokens == 10
    assert attempts[1].failure is not None and attempts[1].failure.kind == "reset"
    assert attempts[2].bypass == "human_review"
    assert log.fixtures["f0"].hash == "h0" and log.fixtures["f0"].input == {}
    RunLogWriter.resume(log_path, make_header(store_text="hashes"), make_fixtures()).writer.close()


def test_redaction_comes_before_the_first_write(log_path: Path) -> None:
    policy = TextPolicy("redacted", lambda text: text.replace("Anna", "[PERSON_1]"))
    writer = RunLogWriter.create(log_path, make_header(store_text="redacted"), make_fixtures(), policy)
    writer.append(make_attempt("f0", reasoning="Anna?", prepared={"x": ["Anna"]}))
    writer.append(make_attempt("f1", failed=True))
    writer.close()
    assert "Anna" not in log_path.read_text()
    log = read_run_log(log_path)
    attempts = list(log.attempts)
    assert attempts[0].output == "[PERSON_1] said so"
    assert attempts[0].output_hash == sha256_text("Anna said so")
    assert log.fixtures["f1"].input == {"text": "[PERSON_1] wrote 1"}


def test_redacted_without_a_redactor_is_refused_before_a_file_is_made(log_path: Path) -> None:
    with pytest.raises(ValueError, match="redact"):
        RunLogWriter.create(log_path, make_header(store_text="redacted"), make_fixtures())
    assert not log_path.exists()


@pytest.mark.parametrize("end", [b"\r", b"\x0b", b" "], ids=["CR", "vertical tab", "no line ends"])
def test_a_log_whose_line_ends_were_changed_is_refused_and_not_cut(tmp_path: Path, end: bytes) -> None:
    path = write_log(tmp_path / "log.jsonl", "f0", "f1", end=False)
    changed = path.read_bytes().replace(b"\n", end)
    path.write_bytes(changed)
    with pytest.raises(DataError, match="its line ends were changed"):
        RunLogWriter.resume(path, make_header(), make_fixtures())
    assert path.read_bytes() == changed


def test_zeros_that_a_power_cut_left_at_the_end_are_cut(tmp_path: Path) -> None:
    path = write_log(tmp_path / "log.jsonl", "f0", end=False)
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(4_096))
    resumed = RunLogWriter.resume(path, make_header(), make_fixtures())
    resumed.writer.close()
    assert (resumed.cut_bytes, set(resumed.done)) == (4_096, {AttemptKey("f0", "a")})
    assert path.read_bytes().startswith(whole)


@pytest.mark.parametrize("depth", [400, 5_000, 100_000])
def test_a_row_nested_without_end_is_named(tmp_path: Path, depth: int) -> None:
    path = write_log(tmp_path / "log.jsonl", end=False)
    *lines, last = without_seals(path)
    deep = last.replace(b'{"text":', b'{"deep":' + b"[" * depth + b"]" * depth + b',"text":')
    path.write_bytes(b"".join((*lines, deep)))
    with pytest.warns(RowLeftOut, match=rf"log.jsonl line {len(lines) + 1}: "):
        read_whole(path)


def test_a_fixture_of_a_workload_that_the_run_does_not_have_is_named(tmp_path: Path) -> None:
    path = write_log(tmp_path / "log.jsonl", "f0")
    lines = without_seals(path)
    path.write_bytes(b"".join(lines).replace(b'"workload":"notes"', b'"workload":"other"'))
    with pytest.raises(DataError, match="the workload 'other' is not in the run line"):
        read_whole(path)


def test_a_log_that_nobody_named_has_a_name_that_any_disk_takes() -> None:
    path = default_log_path("s" * 300, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert path.parent == Path("runs") and len(path.name) < 200
    assert path.name.startswith("sss") and "-20260102T030405-" in path.name

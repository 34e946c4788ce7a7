"""What is wrong with what a user gives is said in one error, with a hint and the right code; nothing is lost."""

from __future__ import annotations

import io
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from milo_bench.cli.plain_terminal import accept_every_character
from milo_bench.config.written import Problem, read_text
from milo_bench.core.files import read_at_most
from tests.cli.commands import WITHOUT_ROOT, milo

RUN = ("run", "--suite", "tiny", "--models", "scripted", "--out", "log.jsonl")


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (("run", "--suite", "tniy", "--models", "scripted"), "Unknown suite 'tniy'.", "Or give a suite's folder."),
        (("run", "--suite", "tiny", "--models", "scriptd"), "Unknown target 'scriptd' in", "Did you mean 'scripted'?"),
        ((*RUN, "--workload", "qq"), "Unknown workload 'qq'.", "Valid workloads are: qa."),
        (("infer", "--model", "scripted", "--template", "ask2"), "Unknown prompt template 'ask2'.", "Valid templates"),
        (("suite", "chek", "tiny"), "Unknown command 'suite chek'.", "Did you mean 'check'?"),
        (("grade", "--fixtur", "x", "log.jsonl"), "Unknown flag '--fixtur'.", "Did you mean '--fixture'?"),
        (("operator", "run", "--modles", "scripted"), "Unknown flag '--modles'.", "Did you mean '--models'?"),
        (("load", "--suite", "tiny", "--models", "scripted"), "Unknown flag '--models'.", "Did you mean '--model'?"),
    ],
)
def test_an_unknown_name_gets_a_suggestion_and_exit_code_2(
    desk: Path, words: tuple[str, ...], error: str, hint: str
) -> None:
    said = milo(*words, folder=desk, given="text")
    assert (said.code, said.out) == (2, "")
    assert said.error.startswith(error)
    assert hint in said.hint


@pytest.mark.parametrize(
    ("file", "change", "error", "hint"),
    [
        ("tiny/suite.yaml", (b"answer_present", b"answer_presen"), "tiny/suite.yaml: workload 'qa': Unknown", "Did"),
        ("tiny/suite.yaml", (b"prompt:", b"promt:"), "tiny/suite.yaml line 6: unknown setting", "'prompt'?"),
        ("tiny/suite.yaml", (b"[fixtures.jsonl]", b"fixtures.jsonl"), "tiny/suite.yaml line 3: fixtures is 'fix", "["),
        ("tiny/suite.yaml", (b"tiny", b"[tiny"), "tiny/suite.yaml line 2: ", "check indentation"),
        ("tiny/suite.yaml", (b"tiny", b"\xff"), "tiny/suite.yaml line 1: not UTF-8", "save it as UTF-8."),
        ("tiny/fixtures.jsonl", (b"q-5\"", b"q-5"), "tiny/fixtures.jsonl line 6: broken JSON", "one JSON object"),
        ("tiny/fixtures.jsonl", (b"case 5", b"\xff"), "tiny/fixtures.jsonl line 6: not UTF-8", "save it as UTF-8."),
        ("tiny/fixtures.jsonl", (b"q-5", b"q-1"), "tiny/fixtures.jsonl line 6: the id 'q-1' is", "jsonl line 2."),
        ("tiny/fixtures.jsonl", (b'"input"', b'"inputs"'), "tiny/fixtures.jsonl line 1: 'input' is", "rename 'inputs'"),
        ("tiny/ask.jinja", (b"text", b"txt"), "prompt 'ask' line 1: 'txt' is missing.", "Available: input: text."),
        ("bench.yaml", (b"script:", b"scrpt:"), "bench.yaml line 2: unknown setting", "Did you mean 'script'?"),
        ("bench.yaml", (b"{api", b"[api"), "bench.yaml line 2: ", "check indentation"),
        ("script.yaml", (b"text", b"txt"), "script.yaml line 1: unknown setting 'reply.txt'.", "Did you mean 'text'?"),
        ("bench.yaml", (b"model: m", b"model: m, api_key_env: sk-SECRET"), "bench.yaml line 3: targets.dead", ""),
        ("bench.yaml", (b"127.0.0.1:1", b"api.example.com"), "bench.yaml line 3: targets.dead: api", "hosted: true"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_line_and_remedy(
    desk: Path, file: str, change: tuple[bytes, bytes], error: str, hint: str
) -> None:
    path = desk / file
    path.write_bytes(path.read_bytes().replace(*change))
    said = milo(*RUN, folder=desk)
    assert (said.code, said.out) == (2, "")
    assert said.error.startswith(error)
    assert hint in said.hint
    assert "SECRET" not in said.err
    assert not (desk / "log.jsonl").exists()


def test_a_field_that_nothing_knows_is_refused_before_a_model_is_asked(desk: Path) -> None:
    manifest = desk / "tiny/suite.yaml"
    manifest.write_text(manifest.read_text() + "      - exact_fields: {fields: [totl]}\n", encoding="utf-8")
    row = '{"id": "f-1", "workload": "qa", "input": {"text": "t"}, "expect": {"fields": {"total": "9"}}}\n'
    (desk / "tiny/fixtures.jsonl").write_text(row, encoding="utf-8")
    for words in (RUN, ("suite", "check", "tiny")):
        said = milo(*words, folder=desk)
        assert said.code == 2
        assert "tiny/suite.yaml line 10: check 'exact_fields': unknown field 'totl'." in said.out + said.err
        assert "Did you mean 'total'?" in said.out + said.err


def test_a_dead_endpoint_and_a_missing_log_are_exit_code_3(desk: Path) -> None:
    said = milo("run", "--suite", "tiny", "--models", "dead", folder=desk)
    assert (said.code, said.error.partition(": cannot")[0]) == (3, "Cannot reach target 'dead' at http://127.0.0.1:1")
    assert "start the server" in said.hint
    assert not (desk / "runs").exists()
    assert milo("score", "no.jsonl", folder=desk).code == 3


def test_a_log_of_another_plan_is_left_as_it_is(desk: Path) -> None:
    assert milo(*RUN, "--limit", "3", folder=desk).code == 0
    before = (desk / "log.jsonl").read_bytes()
    again = milo(*RUN, "--limit", "3", folder=desk)
    assert (again.code, again.error, "--resume" in again.hint) == (2, "log.jsonl already exists.", True)
    other = milo(*RUN, "--limit", "4", "--resume", folder=desk)
    assert other.code == 2
    assert other.error.startswith("log.jsonl is the log of another run: ")
    assert "plan limit: 3 in the log, 4 now" in other.error
    assert (desk / "log.jsonl").read_bytes() == before


def test_a_torn_tail_costs_one_line_and_damage_inside_costs_one_row_that_is_named(desk: Path) -> None:
    log = desk / "log.jsonl"
    assert milo(*RUN, folder=desk).code == 0
    whole = log.read_bytes().splitlines(keepends=True)
    attempts = [n for n, line in enumerate(whole) if b'"type":"attempt"' in line]
    log.write_bytes(b"".join(whole[: attempts[3]]) + whole[attempts[3]][:40])
    assert milo("score", "log.jsonl", folder=desk).code == 0
    resumed = milo(*RUN, "--resume", folder=desk)
    assert resumed.code == 0
    assert "removed an incomplete last line of 40 bytes" in resumed.err
    assert "6 attempts, 3 of them already in the log" in resumed.err
    damaged = [*whole[: attempts[3]], b"X" + whole[attempts[3]][1:], *whole[attempts[3] + 1 :]]
    log.write_bytes(b"".join(damaged))
    scored = milo("score", "log.jsonl", folder=desk)
    said = f"log.jsonl line {attempts[3] + 1}: not valid JSON, so this row is left out."
    assert (scored.code, scored.err.count(said)) == (0, 1)
    assert "5 of 6 planned attempts" in scored.out
    refused = milo(*RUN, "--resume", folder=desk)
    assert (refused.code, refused.error) == (2, f"log.jsonl line {attempts[3] + 1}: not valid JSON.")
    assert log.read_bytes() == b"".join(damaged)


def test_a_fixture_over_the_context_is_a_failure_that_is_explained(desk: Path) -> None:
    (desk / "script.yaml").write_text("context_window: 1\n", encoding="utf-8")
    said = milo(*RUN, folder=desk)
    assert said.code == 0
    assert "failures: context_overflow 6" in said.err
    assert "note: 6 attempts did not fit the context window of scripted and count as failures." in said.err
    assert "hint: serve it with a larger context" in said.err


def test_a_full_disk_loses_nothing_that_was_written(desk: Path) -> None:
    from tests.cli.conftest import write_fixtures

    write_fixtures(desk / "tiny/fixtures.jsonl", 40)
    early = milo(*RUN, folder=desk, shell='ulimit -f 2; "$@"')
    assert (early.code, "Nothing was sent" in early.error) == (3, True)
    assert not (desk / "log.jsonl").exists()
    # 40 fixtures are about 10 KiB, 40 attempts 20: the disk is full in the middle.
    full = milo(*RUN, folder=desk, shell='ulimit -f 20; "$@"')
    assert full.code == 4
    assert full.error.startswith("Cannot write to log.jsonl: File too large. The ")
    assert "free some space, then resume" in full.hint
    kept = (desk / "log.jsonl").read_bytes()
    assert kept.endswith(b"\n")
    assert milo(*RUN, "--resume", folder=desk).code == 0
    assert (desk / "log.jsonl").read_bytes().startswith(kept)
    assert (desk / "log.jsonl").read_text().count('"type":"attempt"') == 40


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_results_that_find_no_room_are_one_error(desk: Path) -> None:
    assert milo(*RUN, folder=desk).code == 0
    for words in (
        ("score", "log.jsonl", "--out", "/dev/full", "--format", "csv"),
        ("grade", "log.jsonl", "--out", "/dev/full"),
    ):
        said = milo(*words, folder=desk)
        assert (said.code, "No space left" in said.error) == (3, True)
    said = milo("score", "log.jsonl", folder=desk, shell='"$@" >/dev/full')
    assert (said.code, said.error) == (3, "Cannot write all output: No space left on device.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("shell", ['"$@" 2>/dev/full', '"$@" 2> >(exec true)'])
def test_notes_that_nobody_can_be_told_stop_nothing_and_hide_no_failure(desk: Path, shell: str) -> None:
    assert milo(*RUN, folder=desk, shell=shell).code == 0
    assert (desk / "log.jsonl").read_text().count('"type":"attempt"') == 6
    told = milo("score", "log.jsonl", folder=desk, shell=shell)
    assert (told.code, told.out) == (0, milo("score", "log.jsonl", folder=desk).out)
    assert milo("score", "nothing.jsonl", folder=desk, shell=shell).code == 3
    assert milo("score", "--no-such-flag", folder=desk, shell=shell).code == 2


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_exit_code_3(desk: Path) -> None:
    before = WITHOUT_ROOT if os.geteuid() == 0 else ()
    assert milo(*RUN, folder=desk).code == 0
    shut = desk / "shut"
    shut.mkdir(mode=0o555)
    (desk / "sealed").mkdir(mode=0o000)
    for words in (
        (*RUN[:-1], "shut/log.jsonl"),
        ("score", "log.jsonl", "--out", "shut/s.csv", "--format", "csv"),
        ("score", "log.jsonl", "--out", "shut/logs", "--format", "inspect"),
        ("grade", "log.jsonl", "--out", "shut/v.jsonl"),
        ("init", "--out", "shut/bench.yaml"),
        ("suite", "check", "sealed"),
    ):
        said = milo(*words, folder=desk, before=before)
        assert (said.code, "ermission" in said.error) == (3, True), said.err
    assert not list(shut.iterdir())
    shutil.rmtree(desk / "sealed")


def test_a_group_without_a_command_prints_its_help_and_no_error(desk: Path) -> None:
    said = milo("suite", folder=desk)
    assert said.code == 2
    assert said.err.startswith("Usage: milo-bench suite ")


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("score", "pipe"), "pipe is a pipe or a device"),
        (("decide", "pipe"), "pipe is a pipe or a device"),
        (("targets", "--config", "pipe"), "nothing writes to this pipe"),
        (("report", "pipe"), "nothing writes to this pipe"),
        (("suite", "import", "pipe", "--out", "x"), "pipe is a pipe or a device"),
        (("import", "pipe", "--suite", "demo_v1", "--out", "x.jsonl"), "pipe is a pipe or a device"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_a_pipe_that_nothing_writes_to_does_not_hang(pipe: Path, words: tuple[str, ...], said: str) -> None:
    ended = milo(*words, folder=pipe.parent)
    assert ended.code in (2, 3) and said in ended.err, ended.err


def test_a_pipe_with_a_writer_is_read_to_its_end(pipe: Path) -> None:
    written = os.open(pipe, os.O_RDWR)  # a writer that is there before the reader comes

    def write() -> None:
        with os.fdopen(written, "wb", buffering=0) as file:
            file.write(b"a: 1\n" * 50_000)

    with ThreadPoolExecutor(1) as writer:
        done = writer.submit(write)
        text = read_text(pipe)
        done.result()
    assert not isinstance(text, Problem) and text.count("a: 1\n") == 50_000


def test_what_has_no_end_in_reach_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "endless").open("wb") as file:
        file.truncate(1 << 40)  # a hole: it takes no room on the disk, and more memory than there is
    assert len(read_at_most(tmp_path / "endless", 1_000)) == 1_001


def ascii_stream(*, exactly: bool) -> tuple[io.BytesIO, io.TextIOWrapper]:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    accept_every_character(stream, exactly=exactly)
    return raw, stream


def test_an_ascii_terminal_is_told_the_same() -> None:
    raw, stream = ascii_stream(exactly=False)
    stream.write("0–12 ≥ 3 … ✗ é 🙂")
    stream.flush()
    assert raw.getvalue() == rb"0-12 >= 3 ... x \u00e9 \ud83d\ude42"


def test_json_on_an_ascii_stream_reads_back() -> None:
    raw, stream = ascii_stream(exactly=True)
    said = {"a": "0–12 é 🙂 中"}
    json.dump(said, stream, ensure_ascii=False)
    stream.flush()
    assert json.loads(raw.getvalue()) == said


def test_a_utf8_stream_is_left_alone() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8")
    accept_every_character(stream, exactly=False)
    stream.write("0–12")
    stream.flush()
    assert raw.getvalue().decode() == "0–12"


@pytest.mark.parametrize("words", [("score", "log.jsonl"), ("score", "log.jsonl", "--json"), ("decide", "log.jsonl")])
def test_commands_end_as_ever_on_an_ascii_terminal(
    desk: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert milo(*RUN, folder=desk).code == 0
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ended = milo(*words, folder=desk)
    assert "Traceback" not in ended.err and ended.code in (0, 2)
    assert ended.out.isascii()

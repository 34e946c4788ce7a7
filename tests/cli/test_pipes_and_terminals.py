"""A pipe that has no writer is named at once, and a terminal that knows only ASCII is shown everything."""

from __future__ import annotations

import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from milo_bench.cli.plain_terminal import accept_every_character
from milo_bench.config.written import Problem, read_text
from milo_bench.core.reading import read_at_most
from tests.cli.commands import milo
from tests.cli.test_bad_input import RUN


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


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this machine has no /dev/zero")
def test_a_device_without_end_is_not_read_to_its_end() -> None:
    assert len(read_at_most(Path("/dev/zero"), 1_000)) == 1_001


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

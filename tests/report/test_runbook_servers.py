"""Start, stop and unit of a runbook are pasted into a real shell, with programs that stand in for the servers."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from milo_bench.core.records import TargetRecord
from milo_bench.report.runbook.start import server_commands

SERVER = """#!/bin/sh
for word in "$@"; do printf "%s\\n" "$word"; done > "$0.words"
env > "$0.part"
mv "$0.part" "$0.env"
exec sleep 60
"""
SUDO = '#!/bin/sh\n[ "$1" = tee ] && { shift; exec tee "unit"; }\nexec "$@"\n'
CONTROL = '#!/bin/sh\necho "$0" "$@" >> systemctl.calls\n'
ODD = "an odd \"model\" $HOME %n; 'x' \\ <b>"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    programs = dict.fromkeys(("llama-server", "ollama", "vllm", "python"), SERVER)
    for name, text in {**programs, "sudo": SUDO, "systemctl": CONTROL}.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        program = tmp_path / "bin" / name
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
    return tmp_path


def paste(lines: Sequence[str], desk: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{desk / 'bin'}:/usr/bin:/bin", "HOME": "/nowhere"}
    return subprocess.run(
        ["bash", "-c", "\n".join(lines)], cwd=desk, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def words_given(desk: Path, program: str) -> list[str]:
    place = desk / "bin" / f"{program}.words"
    until = time.monotonic() + 20
    while not (place.exists() and (desk / "bin" / f"{program}.env").exists()) and time.monotonic() < until:
        time.sleep(0.01)
    return place.read_text(encoding="utf-8").splitlines()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def of(runtime: str, model: str = "m", **more: Any) -> TargetRecord:
    return TargetRecord("local 8b", "openai", model, endpoint="http://127.0.0.1:8081", runtime=runtime, **more)


@pytest.mark.parametrize(
    ("target", "program", "expected"),
    [
        (of("ollama"), "ollama", ["serve"]),
        (of("vllm", ODD, context_window=8192), "vllm",
         ["serve", ODD, "--host", "127.0.0.1", "--port", "8081", "--max-num-seqs", "3", "--max-model-len", "8192"]),
        (of("sglang"), "python",
         ["-m", "sglang.launch_server", "--model-path", "m", "--host", "127.0.0.1", "--port", "8081",
          "--max-running-requests", "3"]),
        (of("llama.cpp", model_digest="sha256:aa", context_window=4096), "llama-server",
         ["--model", "/models/a b.gguf", "--host", "127.0.0.1", "--port", "8081", "--parallel", "3", "--ctx-size",
          "12288"]),
    ],
)  # fmt: skip
def test_a_server_starts_as_pasted_and_stops_as_pasted(
    desk: Path, target: TargetRecord, program: str, expected: list[str]
) -> None:
    seen = {"m": {"model_files": {"files": [{"path": "/models/a b.gguf", "sha256": "aa"}]}}}
    commands = server_commands(target, "3", seen)
    done = paste([line for line in commands.start if line != "sleep 2" and " pull " not in line], desk)
    assert (done.returncode, done.stderr) == (0, "")
    assert words_given(desk, program) == expected
    if program == "ollama":
        assert "OLLAMA_NUM_PARALLEL=3" in (desk / "bin" / "ollama.env").read_text()
    pid = int((desk / "model-local_8b.pid").read_text())
    assert is_running(pid)
    assert paste(commands.stop, desk).returncode == 0
    until = time.monotonic() + 20
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_running(pid)


def systemd_words(line: str) -> list[str]:
    """The words of ExecStart as systemd.service(5) reads them: quotes, escapes, specifiers and variables undone."""
    found = []
    for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line):
        word = quoted or plain
        word = re.sub(r"\\x([0-9a-f]{2})", lambda hit: chr(int(hit[1], 16)), word)
        word = re.sub(r"\\(.)", r"\1", word)
        found.append(word.replace("%%", "%").replace("$$", "$"))
    return found


def test_a_unit_holds_the_same_words_and_is_installed_as_pasted(desk: Path) -> None:
    commands = server_commands(of("vllm", ODD), "2")
    done = paste(commands.unit, desk)
    assert (done.returncode, done.stderr) == (0, "")
    unit = (desk / "unit").read_text(encoding="utf-8")
    started = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    assert systemd_words(started.removeprefix("ExecStart=")) == [
        "/usr/bin/env", "vllm", "serve", ODD, "--host", "127.0.0.1", "--port", "8081", "--max-num-seqs", "2"
    ]  # fmt: skip
    assert "enable --now model-local_8b" in (desk / "systemctl.calls").read_text()
    assert "<" not in unit


def test_a_unit_or_process_that_was_found_is_used_as_it_was_found(desk: Path) -> None:
    unit = {"manager": "systemd", "name": "llama.service", "command": "/opt/llama-server --port 8081"}
    found = server_commands(of("llama.cpp"), "2", {"m": {"services": {"units": [unit]}}})
    assert (found.start, found.unit) == (("sudo systemctl start llama.service",), ())
    assert paste((*found.start, *found.stop), desk).returncode == 0
    assert (desk / "systemctl.calls").read_text().count("llama.service") == 2

    argv = ["llama-server", "--port", "8081", "--model", "/models/a b.gguf"]
    running = server_commands(of("llama.cpp"), "2", {"m": {"processes": {"servers": [{"argv": argv}]}}})
    assert paste(running.start, desk).returncode == 0
    assert words_given(desk, "llama-server") == argv[1:]
    assert paste(running.stop, desk).returncode == 0


@pytest.mark.parametrize(
    "argv",
    [
        ["sh", "-c", "rm -rf /", "8081"],  # no server of models
        ["llama-server", "--port", "9999"],  # another one
        ["llama-server", "--port", "8081", "--api-key", "(hidden)"],  # a secret that is not known here
    ],
)
def test_another_program_and_a_hidden_secret_make_no_command(argv: list[str]) -> None:
    found = server_commands(of("llama.cpp"), "2", {"m": {"processes": {"servers": [{"argv": argv}]}}})
    assert "rm -rf" not in "".join(found.start)
    assert "--parallel 2" in "".join(found.start)


def test_unknown_weights_are_asked_for_and_nothing_starts_without_them(desk: Path) -> None:
    commands = server_commands(of("llama.cpp", "a/model"), "2")
    done = paste(commands.start, desk)
    assert done.returncode != 0
    assert "set it to the path of a/model" in done.stderr
    assert commands.unit == ()
    assert paste(["WEIGHTS='/models/x.gguf'", *commands.start], desk).returncode == 0
    assert words_given(desk, "llama-server")[:2] == ["--model", "/models/x.gguf"]
    assert paste(commands.stop, desk).returncode == 0

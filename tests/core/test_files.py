"""Files are written whole or not at all, for their owner alone, and every refusal of the system is one error."""

from __future__ import annotations

import ast
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.core.files import (
    PUBLIC,
    require_writable,
    write_file,
    write_folder,
    write_new_file,
    write_new_folder,
    writing,
    writing_by_name,
)

SRC = Path(__file__).parents[2] / "src" / "milo_bench"
# The run log and the verdicts of a run grow line by line; a server's log is written by the server; what a sandbox
# is given is kept in memory.
WRITE_THEMSELVES = {
    "core/files.py",
    "store/log/writer.py",
    "store/verdicts.py",
    "telemetry/lines.py",  # lines are added while it runs
    "targets/llamacpp/process.py",
    "sandbox/arguments.py",
    "operator/own/inside.py",  # a pipe, within the sandbox
    "run/own_checks/inside.py",  # pipes, within the sandbox
    "roles/trees.py",  # an answer's files, within a scratch tree, through no link
    "roles/environments.py",  # a lock, and what pip reads
    "roles/history.py",  # lines are added, each chained to the one before
    "roles/mining/mine.py",  # lines are added while it mines
    "roles/languages/python.py",  # what the runner reads, where no sandbox is wanted
    "roles/languages/javascript/run.py",  # a test more in a file of a scratch tree
}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    """Every file below ``folder``, hidden ones included."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def write_by_pieces(path: Path, content: bytes) -> None:
    with writing(path) as file:
        file.write(content)


def write_by_name(path: Path, content: bytes) -> None:
    with writing_by_name(path) as part:
        part.write_bytes(content)


def write_anew(path: Path, content: bytes) -> None:
    write_new_file(path, content, taken="")


def write_in_folder(path: Path, content: bytes) -> None:
    write_folder(path.parent, {path.name: content})


def write_in_new_folder(path: Path, content: bytes) -> None:
    write_new_folder(path.parent, {path.name: content}, taken="")


Writer = Callable[[Path, bytes], object]
WRITERS: list[Writer] = [write_file, write_by_pieces, write_by_name, write_anew, write_in_folder, write_in_new_folder]


@pytest.mark.parametrize("write", WRITERS)
def test_a_new_file_is_its_owners_alone_and_its_parents_are_made(tmp_path: Path, write: Writer) -> None:
    path = tmp_path / "a" / "b" / "c.json"
    write(path, b"{}\n")
    assert path.read_bytes() == b"{}\n"
    assert mode(path) == 0o600
    assert names(tmp_path) == ["a/b/c.json"]


@pytest.mark.parametrize("write", WRITERS)
def test_a_parent_that_is_a_file_is_one_error_with_a_hint(tmp_path: Path, write: Writer) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises((PrerequisiteError, UsageError)) as caught:
        write(tmp_path / "file" / "c.json", b"{}")
    assert str(tmp_path / "file") in caught.value.message
    assert caught.value.hint or isinstance(caught.value, UsageError)
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("write", [write_file, write_by_pieces, write_by_name, write_in_folder])
def test_a_file_that_is_there_is_replaced(tmp_path: Path, write: Writer) -> None:
    path = tmp_path / "c.json"
    path.write_text("old")
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["c.json"]


@pytest.mark.parametrize("write", [write_file, write_by_pieces, write_in_folder])
def test_the_mode_that_a_person_gave_a_file_stays(tmp_path: Path, write: Writer) -> None:
    path = tmp_path / "c.json"
    path.write_text("old")
    path.chmod(0o640)
    write(path, b"new")
    assert mode(path) == 0o640


def test_an_error_on_the_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), writing(path) as file:
        file.write(b"half")
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), writing_by_name(path) as part:
        part.write_bytes(b"half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["c.json"]


_KILLED = """
import os, sys
from pathlib import Path
from milo_bench.core.files import writing
with writing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), 9)
"""


def test_a_killed_writer_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("old")
    assert subprocess.run([sys.executable, "-c", _KILLED, str(path)], check=False).returncode == -9
    assert path.read_text() == "old"


_FULL = """
import resource, sys
from pathlib import Path
from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.files import write_file, write_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
out = Path(sys.argv[1])
for write in (lambda: write_file(out / "a", b"x" * 5000), lambda: write_folder(out, {"a": b"new", "b": b"x" * 5000})):
    try:
        write()
    except PrerequisiteError as error:
        print(error.message)
"""


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    said = subprocess.run([sys.executable, "-c", _FULL, str(tmp_path)], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == [
        f"Cannot write {tmp_path / 'a'}: File too large.",
        f"Cannot write {tmp_path}: File too large.",
    ]
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    link.symlink_to(real)
    write_file(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # is there before the writer looks for one
    try:
        write_file(pipe, "text")
        assert os.read(reader, 100) == b"text"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_half_a_surrogate_pair_does_not_keep_a_file_from_being_written(tmp_path: Path) -> None:
    assert write_file(tmp_path / "a", "x\ud800y").read_text(encoding="utf-8") == "x?y"


@pytest.mark.parametrize("there", ["file", "folder", "dangling link"])
def test_a_new_file_is_never_written_over_what_is_there(tmp_path: Path, there: str) -> None:
    path = tmp_path / "bench.yaml"
    match there:
        case "file":
            path.write_text("mine")
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="already exists") as caught:
        write_new_file(path, "ours", taken="write to another file with --out.")
    assert caught.value.hint == "write to another file with --out."
    assert names(tmp_path) == (["bench.yaml"] if there == "file" else [])
    assert there != "file" or path.read_text() == "mine"


def test_of_many_writers_of_a_new_file_one_wins_and_the_rest_are_told(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    start = threading.Barrier(8)
    won: list[str] = []
    told: list[UsageError] = []

    def write(text: str) -> None:
        start.wait()
        try:
            write_new_file(path, text, taken="")
        except UsageError as error:
            told.append(error)
        else:
            won.append(text)

    threads = [threading.Thread(target=write, args=(f"writer {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(told)) == (1, 7)
    assert path.read_text() == won[0]


def test_a_folder_that_holds_something_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    out = tmp_path / "suite"
    out.mkdir()
    write_new_folder(out, {"suite.yaml": "a", "prompts/p.jinja": "b"}, taken="")
    assert names(out) == ["prompts/p.jinja", "suite.yaml"]
    with pytest.raises(UsageError, match="already exists"):
        write_new_folder(out, {"other": "c"}, taken="name a new folder.")
    assert names(tmp_path) == ["suite/prompts/p.jinja", "suite/suite.yaml"]


def test_a_folder_in_use_keeps_its_place_and_the_files_of_others(tmp_path: Path) -> None:
    out = tmp_path / "package"
    write_folder(out, {"index.html": "1", "episodes/ep-1.html": "1", "episodes/ep-2.html": "1"})
    (out / "notes.txt").write_text("mine")
    place = out.stat().st_ino
    written = write_folder(out, {"index.html": "2", "episodes/ep-1.html": "2"}, stale="episodes/ep-*.html")
    assert written == [out / "index.html", out / "episodes/ep-1.html"]
    assert {name: (out / name).read_text() for name in names(out)} == {
        "episodes/ep-1.html": "2",
        "index.html": "2",
        "notes.txt": "mine",
    }
    assert out.stat().st_ino == place


def test_what_goes_into_a_repository_can_be_read_by_all(tmp_path: Path) -> None:
    write_folder(tmp_path / "reference", {"commands.md": "# Commands"}, mode=PUBLIC)
    assert mode(tmp_path / "reference") == 0o755
    assert mode(tmp_path / "reference/commands.md") == 0o644


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../out.txt"])
def test_a_name_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a path inside a folder"):
        write_folder(tmp_path / "out", {"a": "1", name: "2"})
    assert names(tmp_path) == []


def test_nothing_else_in_the_program_writes_files() -> None:
    found = []
    for source in sorted(SRC.rglob("*.py")):
        place = source.relative_to(SRC).as_posix()
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and place not in WRITE_THEMSELVES and _writes(node):
                found.append(f"{place}:{node.lineno}")
    assert not found, "write with milo_bench.core.files"


def _writes(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in ("write_text", "write_bytes", "mkstemp", "NamedTemporaryFile", "fdopen"):
        return True
    if name != "open":
        return False
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return any(set(text) & set("wxa+") and len(text) <= 4 and set(text) <= set("rwxabt+") for text in modes)


def test_a_place_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    there = tmp_path / "there.json"
    there.write_text("old")
    for place in (there, tmp_path, tmp_path / "new" / "file.json"):
        require_writable(place)
    assert there.read_text() == "old"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["new", "there.json"]


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_place_below_a_file_is_refused_before_the_work(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(PrerequisiteError, match="Cannot write"):
        require_writable(tmp_path / "file" / below / "out.json")

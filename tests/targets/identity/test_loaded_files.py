"""Which file a server has loaded: proven by a process that names or maps it, and unchanged since it started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from milo_bench.core.hashing import sha256_file
from milo_bench.core.weights.digests import DigestBook
from milo_bench.targets.identity.files import LoadedFiles
from milo_bench.targets.identity.processes import read_processes
from milo_bench.targets.llamacpp.weights import find_smollm2

# Waits for its input to close, with the file named among its arguments, as a server's is.
_NAMES = "import sys; print('up', flush=True); sys.stdin.read()"
_MAPS = (
    "import mmap, sys; f = open(sys.argv[1].removeprefix('at='), 'rb');"
    "m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); print('up', flush=True); sys.stdin.read()"
)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A short GGUF file of its own: the packaged one's header and a little more."""
    packaged = find_smollm2()
    assert packaged is not None
    copy = tmp_path / "small.gguf"
    with packaged.open("rb") as source:
        copy.write_bytes(source.read(4 << 20))
    return copy


@pytest.fixture
def server(weights: Path) -> Iterator[subprocess.Popen[str]]:
    yield from _started(_NAMES, "-m", str(weights))


def _started(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "up\n"
        yield process
        process.stdin.close()


def files(*pids: int) -> LoadedFiles:
    return LoadedFiles(read_processes(pids), DigestBook(None, budget_s=None, largest_bytes=None))


def test_the_file_that_a_process_names_is_hashed_and_its_licence_read(
    weights: Path, server: subprocess.Popen[str]
) -> None:
    found = files(server.pid).find(str(weights))
    assert (found.digest, found.why) == (f"sha256:{sha256_file(weights)}", "")
    assert found.header.licence == "apache-2.0" and found.header.chat_template.startswith("sha256:")


def test_a_file_that_no_process_of_the_server_has_proves_nothing(weights: Path) -> None:
    found = files(os.getpid()).find(str(weights))
    assert found.digest == "" and "no process" in found.why


def test_a_file_that_changed_since_the_server_started_is_not_what_it_serves(
    weights: Path, server: subprocess.Popen[str]
) -> None:
    (process,) = read_processes([server.pid])
    an_hour_ago = replace(process, started_s=process.started_s - 3600)  # and the file was written a moment ago
    found = LoadedFiles([an_hour_ago], DigestBook(None, budget_s=None, largest_bytes=None)).find(str(weights))
    assert (found.digest, found.why) == ("", "the file changed after the server started")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux shows which files are in memory")
def test_a_file_replaced_under_its_name_is_not_what_is_in_memory(weights: Path) -> None:
    for process in _started(_MAPS, f"at={weights}"):
        assert files(process.pid).find(str(weights)).digest
        other = weights.with_name("other")
        shutil.copy(weights, other)
        other.replace(weights)
        found = files(process.pid).find(str(weights))
        assert found.digest == "" and "replaced" in found.why


def test_a_pipe_under_the_name_of_weights_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "model.gguf"
    os.mkfifo(pipe)
    for process in _started(_NAMES, "-m", str(pipe)):
        assert files(process.pid).find(str(pipe)).why == "it is not a regular file"


def test_weights_in_several_files_have_one_digest_over_all_and_a_missing_one_is_said(weights: Path) -> None:
    first, second = (weights.with_name(f"big-0000{number}-of-00002.gguf") for number in (1, 2))
    shutil.copy(weights, first)
    for process in _started(_NAMES, "-m", str(first)):
        assert "cannot be read" in files(process.pid).find(str(first)).why
    shutil.copy(weights, second)
    for process in _started(_NAMES, "-m", str(first)):
        whole = files(process.pid).find(str(first)).digest
        assert whole.startswith("sha256:") and whole != f"sha256:{sha256_file(first)}"


def test_a_digest_is_computed_once_for_each_size_time_and_inode(weights: Path, tmp_path: Path) -> None:
    def book() -> DigestBook:
        return DigestBook(tmp_path / "cache" / "digests.json", budget_s=None, largest_bytes=None)

    first = book()
    digest, _ = first.digest(weights)
    first.save()
    stamp = weights.stat()
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    os.utime(weights, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert book().digest(weights) == (digest, ""), "the same size, time and inode: not read again"
    copy = weights.with_name("copy.gguf")
    shutil.copy2(weights, copy)
    copy.replace(weights)
    assert book().digest(weights)[0] != digest, "another inode"

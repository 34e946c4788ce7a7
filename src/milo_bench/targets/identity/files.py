"""A path that a server names and its processes in, the digest of the file that it has loaded out, or why not."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from milo_bench.core.hashing import sha256_data
from milo_bench.core.weights.digests import DigestBook
from milo_bench.core.weights.gguf_header import BadHeader, Header, read_gguf_header
from milo_bench.targets.identity.processes import ServingProcess

# llama.cpp's name for a model in several files: gguf-split writes NAME-00001-of-00003.gguf.
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")
_MOST_PARTS: Final = 1000
_NO_HEADER: Final = Header()
_CLOCK_S: Final = 1.0  # a process's start is known to a hundredth of a second, a file system's stamps to a tick


@dataclass(frozen=True)
class LoadedFile:
    """``digest`` is "sha256:…", else ``why`` says what it is not known for. ``header`` is that of a GGUF file."""

    digest: str = ""
    why: str = ""
    path: Path | None = None
    header: Header = _NO_HEADER


class LoadedFiles:
    """Digests of files that the processes of one server have loaded; each is computed once (``DigestBook``)."""

    def __init__(self, processes: Sequence[ServingProcess], book: DigestBook) -> None:
        self._processes = processes
        self._book = book

    def find(self, path: str) -> LoadedFile:
        """The file that the server calls ``path``. A name alone proves nothing: a process of the server must have it
        in its memory or its arguments, and it must not have changed since that process started."""
        owner = next((process for process in self._processes if _names(process, path)), None)
        if owner is None:
            return LoadedFile(why="no process of this server on this machine names or maps the file")
        place = owner.place_of(path)
        part = _PART.search(place.name)
        if part is None:
            return self._one(place, path, owner)
        count = int(part[2])
        if not 0 < count <= _MOST_PARTS:
            return LoadedFile(why=f"it claims to be in {count} files")
        names = [_PART.sub(f"-{number:05d}-of-{part[2]}.gguf", place.name) for number in range(1, count + 1)]
        parts = [self._one(place.with_name(name), "", owner) for name in names]
        missing = next((found for found in parts if not found.digest), None)
        if missing is not None:
            return missing
        # A digest of digests: there is no file that has the bytes of all.
        together = f"sha256:{sha256_data([found.digest for found in parts])}"
        return LoadedFile(together, path=place, header=parts[0].header)

    def _one(self, place: Path, named: str, owner: ServingProcess) -> LoadedFile:
        try:
            status = place.stat()
        except OSError as error:
            return LoadedFile(why=f"the file cannot be read here: {error.strerror}")
        if not stat.S_ISREG(status.st_mode):
            return LoadedFile(why="it is not a regular file")  # reading a device or a pipe may never end
        mapped = owner.mapped.get(named)
        started = owner.started_s + _CLOCK_S
        if f"{named} (deleted)" in owner.mapped or (mapped is not None and mapped != status.st_ino):
            return LoadedFile(why="the file was replaced after the server had loaded it")
        # The inode in memory is this file's, or the name has led to it since before the start.
        unchanged = status.st_mtime <= started if mapped == status.st_ino else status.st_ctime <= started
        if owner.started_s and not unchanged:
            return LoadedFile(why="the file changed after the server started")
        try:
            header = read_gguf_header(place)
        except OSError as error:
            return LoadedFile(why=f"the file cannot be read here: {error.strerror}")
        except BadHeader as error:
            return LoadedFile(why=f"it is not a GGUF file: {error}")
        digest, why = self._book.digest(place.resolve())
        self._book.save()
        return LoadedFile(f"sha256:{digest}" if digest else "", why, place, header)


def _names(process: ServingProcess, path: str) -> bool:
    if not path:
        return False
    if path in process.mapped or f"{path} (deleted)" in process.mapped:
        return True
    return any(word == path or word.endswith(f"={path}") or path in _scaled(word) for word in process.argv) or any(
        path == value or path in _scaled(value) for value in process.variables.values()
    )


def _scaled(word: str) -> tuple[str, ...]:
    """The files of ``--lora A,B`` and ``--lora-scaled A:0.5,B:1``."""
    return tuple(part.rpartition(":")[0] or part for part in word.split(",")) + tuple(word.split(","))

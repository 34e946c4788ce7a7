"""A run log's path in, the names of the board's index of it out: what holds its texts and has to go when they do."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

FOLDER: Final = ".board"  # beside the logs


def index_stem(log: Path) -> str:
    """What the names of all files of the index begin with."""
    return sha256(log.name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def index_files(log: Path) -> tuple[Path, ...]:
    """The files of the index of ``log`` that are there."""
    return tuple((log.parent / FOLDER).glob(f"{index_stem(log)}.*"))


def remove_index(log: Path) -> None:
    """Remove the index of ``log``, whose texts were erased; the board makes it anew."""
    for path in index_files(log):
        path.unlink(missing_ok=True)

"""A folder in, the documents in it and below it out; links out of it are not followed, and are said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from milo_bench.config.written import Problem
from milo_bench.core.errors import DataError

MOST_FILES: Final = 100_000
DEEPEST: Final = 32
_OF_THE_SYSTEM: Final = frozenset((".ds_store", "thumbs.db", "desktop.ini"))


def is_left_by_system(name: str) -> bool:
    """A file that an operating system or an office program left behind, not a person."""
    pure = PurePosixPath(name)
    last = pure.name.lower()
    return last in _OF_THE_SYSTEM or "__MACOSX" in pure.parts or last.startswith(("~$", ".~lock."))


def path_text(path: Path | str) -> str:
    """A path as text: a name that is not UTF-8, from an older disk, is read as Windows-1252."""
    raw = os.fsencode(path)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def walk_documents(root: Path, left_out: list[Problem]) -> Iterator[Path]:
    """Files below ``root`` in the order of their names. Raises DataError past ``MOST_FILES``."""
    count = 0
    for folder, folders, names in os.walk(root, followlinks=False):
        here = Path(folder)
        for name in sorted(folders):
            below = here / name
            if below.is_symlink():
                left_out.append(Problem(path_text(below), "a link to a folder", "copy the folder itself."))
            elif len(below.relative_to(root).parts) > DEEPEST:
                left_out.append(Problem(path_text(below), f"more than {DEEPEST} folders deep", "move it up."))
        folders[:] = sorted(
            name
            for name in folders
            if not (here / name).is_symlink() and len((here / name).relative_to(root).parts) <= DEEPEST
        )
        for name in sorted(names):
            if is_left_by_system(name):
                continue
            count += 1
            if count > MOST_FILES:
                message = f"{root} contains more than {MOST_FILES:,} files."
                raise DataError(message, hint="import its folders one by one.")
            yield here / name

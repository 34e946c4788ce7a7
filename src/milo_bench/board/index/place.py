"""A log's path in, the folder of its index out: beside the log, or a private one where that cannot be written."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import msgspec

from milo_bench.board.index.records import INDEX_SCHEMA, LogIndex
from milo_bench.board.index.source import log_source
from milo_bench.core.errors import DataError
from milo_bench.core.files import write_file
from milo_bench.store.board_index import FOLDER, index_stem

_private: dict[str, Path] = {}


def index_folder(log: Path) -> Path:
    """The folder, made if it is not there."""
    beside = log.parent / FOLDER
    try:
        beside.mkdir(mode=0o700, exist_ok=True)
        # A link, or a folder of someone else, could send the texts of the logs elsewhere.
        if os.access(beside, os.W_OK) and not beside.is_symlink() and _is_ours(beside):
            return beside
    except OSError:
        pass
    key = str(log.parent.resolve())
    if key not in _private:
        made = Path(tempfile.mkdtemp(prefix="milo-board-"))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        _private[key] = made
    return _private[key]


def _is_ours(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def facts_path(log: Path) -> Path:
    """Where the facts of the log's index lie."""
    return index_folder(log) / f"{index_stem(log)}.json"


def read_index(log: Path, judged_by: str) -> LogIndex | None:
    """The index of ``log`` as it was left; None where there is none that can be gone on with."""
    try:
        found = msgspec.json.decode(facts_path(log).read_bytes(), type=LogIndex)
        source = log_source(log)
        is_of_log = source.size() >= found.read_bytes and source.digest(found.read_bytes) == found.tail
    except (OSError, DataError, msgspec.MsgspecError):
        return None
    folder = index_folder(log)
    usable = (
        found.index_schema == INDEX_SCHEMA
        and found.judged_by == judged_by
        and is_of_log
        and all((folder / name).is_file() for name in (*found.segments, *found.fixture_segments))
    )
    return found if usable else None


def write_index(log: Path, index: LogIndex) -> None:
    """Replace the index of ``log`` in one step, and remove files that it no longer names."""
    folder, stem = index_folder(log), index_stem(log)
    write_file(folder / f"{stem}.json", msgspec.json.encode(index))
    kept = {*index.segments, *index.fixture_segments}
    for path in folder.glob(f"{stem}.[af]*.parquet"):
        if path.name not in kept:
            path.unlink(missing_ok=True)

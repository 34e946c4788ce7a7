"""A run log in, the same log in the other form out: lines of JSON as Parquet, or Parquet as lines of JSON."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from milo_bench.core.errors import DataError
from milo_bench.core.files import writing
from milo_bench.store.log.lines import open_log
from milo_bench.store.log.parquet import is_parquet_log, parquet_lines, read_mark, write_parquet
from milo_bench.store.log.reader import read_run_log


@dataclass(frozen=True)
class ConvertedLog:
    """``sha256`` is of the log's bytes, the same in both forms. Sizes in bytes on the disk."""

    path: Path
    sha256: str
    lines: int
    bytes_before: int
    bytes_after: int

    def as_record(self) -> dict[str, object]:
        return {
            "log": str(self.path),
            "sha256": self.sha256,
            "lines": self.lines,
            "bytes_before": self.bytes_before,
            "bytes_after": self.bytes_after,
        }


def convert_log(path: Path, out: Path | None = None) -> ConvertedLog:
    """Write the log at ``path`` in the other form, beside it unless ``out`` says where; ``path`` itself stays.

    Raises DataError for a log whose seals do not hold, that is torn, or where ``out`` exists; PrerequisiteError for a
    place that cannot be written, or without DuckDB.
    """
    if is_parquet_log(path):
        return _to_lines(path, out or path.with_suffix(".jsonl"))
    read_run_log(path)  # what is not a whole log is not worth another copy
    out = out or path.with_suffix(".parquet")
    with open_log(path) as file:
        mark = write_parquet(file, path, out)
    return ConvertedLog(out, mark.sha256, mark.lines, mark.bytes, _size(out))


def _to_lines(folder: Path, out: Path) -> ConvertedLog:
    if os.path.lexists(out):
        raise DataError(f"{out} already exists.", hint="choose another --out.")
    mark = read_mark(folder)
    read_run_log(folder)  # and the bytes are those of the mark
    with writing(out) as file:
        for lines in parquet_lines(folder, mark):
            file.write(lines)
    return ConvertedLog(out, mark.sha256, mark.lines, _size(folder), mark.bytes)


def _size(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())

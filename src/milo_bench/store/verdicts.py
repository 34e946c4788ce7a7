"""Graded attempts on disk: one JSON object a line, beside the run log they judge."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.files import PRIVATE, write_errors, writing
from milo_bench.core.records import AttemptKey, Frozen, Graded

_ENCODER = msgspec.json.Encoder()


class VerdictHeader(Frozen, frozen=True, tag="verdicts", tag_field="type", omit_defaults=False):
    """First line of a verdict file: which run, and which version of the tool judged it."""

    run_id: str
    tool_version: str
    schema_version: int = 1


class CutGraded(Frozen, frozen=True, tag="graded_cut", tag_field="type"):
    """Verdicts on an erased answer as it is without its uncited sentences, for the rail that removes them."""

    graded: Graded


def verdicts_path(log: Path) -> Path:
    """Where the verdicts of ``log`` lie: ``NAME.verdicts.jsonl`` beside it."""
    return log.with_suffix(".verdicts.jsonl")


class VerdictWriter:
    """Writes verdicts as they are made; every line is on its way to the disk when ``add`` returns."""

    def __init__(self, path: Path, header: VerdictHeader, *, append: bool = False) -> None:
        self.path = path
        with write_errors(path):
            fresh = not (append and path.exists() and _cut_torn_tail(path))
            flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if fresh else os.O_APPEND)
            self._file = os.fdopen(os.open(path, flags, PRIVATE), "wb")
            if fresh:
                self._file.write(_ENCODER.encode(header) + b"\n")

    def add(self, graded: Graded | CutGraded) -> None:
        with write_errors(self.path, "free some space, then resume the run."):
            self._file.write(_ENCODER.encode(graded) + b"\n")
            self._file.flush()

    def close(self) -> None:
        with write_errors(self.path, "free some space, then resume the run."):
            self._file.close()

    def __enter__(self) -> VerdictWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _cut_torn_tail(path: Path) -> int:
    """Cut a line that a kill or a full disk left unfinished, so that nothing is written onto it; the bytes left."""
    with path.open("rb+") as file:
        length = file.read().rfind(b"\n") + 1
        file.truncate(length)
    return length


def write_verdicts(path: Path, header: VerdictHeader, graded: Iterable[Graded]) -> int:
    """Write a whole verdict file; the number of attempts in it. Raises PrerequisiteError."""
    count = 0
    with writing(path) as file:
        file.write(_ENCODER.encode(header) + b"\n")
        for one in graded:
            file.write(_ENCODER.encode(one) + b"\n")
            count += 1
    return count


def read_verdicts(path: Path) -> dict[AttemptKey, Graded]:
    """Verdicts by attempt; where an attempt was judged twice the later one counts.

    A torn last line is left out. Raises DataError for any other line that cannot be read.
    """
    return {record.key: record for record in _records(path) if isinstance(record, Graded)}


def read_cut_verdicts(path: Path) -> dict[AttemptKey, Graded]:
    """As ``read_verdicts``, of erased answers without their uncited sentences."""
    return {record.graded.key: record.graded for record in _records(path) if isinstance(record, CutGraded)}


def _records(path: Path) -> Iterator[Graded | CutGraded | VerdictHeader]:
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        message = f"{path} is missing."
        raise DataError(message, hint="restore it. A run stored as hashes keeps its verdicts there.") from None
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}."
        raise DataError(message, hint="check its permissions.") from None
    decoder = msgspec.json.Decoder(Graded | CutGraded | VerdictHeader)
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if number == len(lines):
                break  # no newline after it: the write was cut short
            message = f"{path} line {number}: {error}"
            raise DataError(message, hint="restore it. It was changed after it was written.") from None

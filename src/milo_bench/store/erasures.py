"""What was erased from a run log, when and why, in a file beside it: in and out; no text of a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.files import write_errors, write_file
from milo_bench.core.records import Frozen


class Erasure(Frozen, frozen=True, tag="erasure", tag_field="type", omit_defaults=False):
    """One erasure. ``sha256_before`` is of the log as it was: reviews that were drawn from it name that.

    ``verdicts`` is the SHA-256 of the verdicts on erased answers as this erasure left them, "" where it kept none.
    """

    at: str
    fixtures: tuple[str, ...]
    lines: int
    sha256_before: str
    reason: str = ""
    verdicts: str = ""


class FixtureFacts(Frozen, frozen=True, tag="facts", tag_field="type"):
    """What slices and routing rules ask of a fixture whose text is gone: no word of it."""

    fixture: str
    words: int
    keyword_sets: tuple[str, ...] = ()
    case: dict[str, Any] = {}
    same_as: str = ""  # the first fixture of the log that asks a model the same


class ErasedTexts(Frozen, frozen=True):
    """All erasures of a log, and the facts of the fixtures."""

    erasures: tuple[Erasure, ...] = ()
    facts: dict[str, FixtureFacts] = {}


def erasures_path(log: Path) -> Path:
    """Where the erasures of ``log`` are recorded: ``NAME.erased.jsonl`` beside it."""
    return log.with_suffix(".erased.jsonl")


def read_erasures(log: Path) -> ErasedTexts:
    """What was erased from ``log``; nothing where there is no record. Raises DataError for a broken one."""
    path = erasures_path(log)
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return ErasedTexts()
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.", hint="check its permissions.") from None
    decoder = msgspec.json.Decoder(Erasure | FixtureFacts)
    erasures: list[Erasure] = []
    facts: dict[str, FixtureFacts] = {}
    for number, line in enumerate(lines, start=1):
        try:
            record = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DataError(f"{path} line {number}: {error}", hint="restore the file.") from None
        if isinstance(record, Erasure):
            erasures.append(record)
        else:
            facts[record.fixture] = record
    return ErasedTexts(tuple(erasures), facts)


def add_erasure(log: Path, erasure: Erasure, facts: Sequence[FixtureFacts]) -> None:
    """Record one more erasure of ``log``. Raises PrerequisiteError where it cannot be written."""
    path = erasures_path(log)
    with write_errors(path):
        before = path.read_bytes() if path.exists() else b""
    lines = [msgspec.json.encode(record) + b"\n" for record in (*facts, erasure)]
    write_file(path, before + b"".join(lines))

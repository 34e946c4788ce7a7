"""A decision in, its file out; a decision's file in, the decision out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from milo_bench.core.errors import DataError, PrerequisiteError
from milo_bench.core.files import read_at_most, write_file
from milo_bench.core.paths import AnyPath
from milo_bench.core.text import one_line
from milo_bench.decide.records import DECISION_SCHEMA, Decision

_MOST_BYTES = 1 << 30


def decision_path(path: AnyPath) -> Path:
    """The decision file of a package folder, or ``path`` itself."""
    path = Path(path)
    return path / "decision.json" if path.is_dir() else path


def read_decision(path: AnyPath) -> Decision:
    """Read a decision file, as ``write_decision`` and ``milo-bench decide`` write it.

    Raises PrerequisiteError for a file that cannot be read and DataError for one that is not a decision.
    """
    path = Path(path)
    try:
        data = read_at_most(path, _MOST_BYTES)
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}."
        raise PrerequisiteError(message, hint="write one with 'milo-bench decide'.") from None
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema_version
        if version == DECISION_SCHEMA:
            return msgspec.json.decode(data, type=Decision)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"{path} is not a decision ({str(error)[:200]})."
        raise DataError(message, hint="give the decision.json written by 'milo-bench decide'.") from None
    message = f"{path} has schema version {version}, but this version of Milo Bench reads {DECISION_SCHEMA}."
    raise DataError(message, hint="decide again from the run logs, or use the version that wrote it.")


@contextmanager
def whole_decision(path: AnyPath) -> Iterator[None]:
    """Around work on a decision that was read from ``path``: DataError where a part of it names one that is missing."""
    try:
        yield
    except LookupError as error:
        named = one_line(str(error.args[0]) if error.args else "", 100)
        message = f"{Path(path)} is incomplete: a part of it names '{named}', which is not in it."
        raise DataError(message, hint="decide again from the run logs.") from error


def decision_bytes(decision: Decision) -> bytes:
    """``decision`` as it is written: JSON, indented, the same bytes for the same decision."""
    return msgspec.json.format(msgspec.json.encode(decision, order="deterministic"), indent=1) + b"\n"


def write_decision(path: AnyPath, decision: Decision) -> None:
    """Write ``decision`` to ``path`` as JSON. Raises PrerequisiteError if it cannot be written."""
    write_file(Path(path), decision_bytes(decision))


def default_decision_path(logs: Sequence[Path]) -> Path:
    """Where a decision goes when nobody says: ``NAME.decision.json`` beside the first log."""
    return logs[0].with_suffix(".decision.json")


class _Versioned(msgspec.Struct):
    schema_version: int

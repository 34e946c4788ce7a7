"""A gateway's state and audit in, one folder with a copy of both out; and the way back."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from milo_bench.core.errors import DataError, PrerequisiteError, UsageError
from milo_bench.core.files import making_folder, write_errors, write_file

NEW_FOLDER: Final = "name a folder that does not exist yet."
STATE_FILE: Final = "state.db"
AUDIT_FOLDER: Final = "audit"
LIST_FILE: Final = "backup.json"


class BackupList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``backup.json``: the moment (UTC), the schema, the rows by table, the SHA-256 of each file of the backup."""

    at: str
    schema: str
    rows: Mapping[str, int]
    files: Mapping[str, str]
    version: int = 1


@dataclass(frozen=True)
class Restored:
    """``rows`` by table, in ``state``; ``audit`` is the folder of the audit, if one was asked for.

    ``keys`` and ``people`` are the names that are valid in it, also those revoked after ``at``, the moment (UTC) of
    the backup.
    """

    rows: Mapping[str, int]
    state: str
    at: str
    keys: tuple[str, ...]
    people: tuple[str, ...]
    audit: Path | None = None


def back_up(state: str, out: Path, *, audit: Path | None = None) -> BackupList:
    """Copy a state database, and the audit in ``audit``, into the new folder ``out``, while a gateway may be running.

    The copy of the database is a SQLite file, whatever the database is. Nothing is left in ``out`` unless all of
    it is. Raises PrerequisiteError where there is no database or audit, UsageError if ``out`` is there already.
    """
    from milo_bench.core.hashing import sha256_file
    from milo_bench.store.audit.copies import copy_audit
    from milo_bench.store.state.copies import copy_rows
    from milo_bench.store.state.database import newest_version, open_state

    source = open_state(state, make=False)
    with making_folder(out, taken=NEW_FOLDER) as scratch:
        if audit is not None:
            copy_audit(audit, scratch / AUDIT_FOLDER)
        copy = open_state(str(scratch / STATE_FILE))
        rows = copy_rows(source, copy)
        copy.dispose()  # which leaves one file: the last to go writes its log into it
        source.dispose()
        digests = {
            path.relative_to(scratch).as_posix(): sha256_file(path)
            for path in sorted(scratch.rglob("*"))
            if path.is_file()
        }
        listed = BackupList(datetime.now(UTC).isoformat(timespec="seconds"), newest_version(), rows, digests)
        write_file(scratch / LIST_FILE, msgspec.json.format(msgspec.json.encode(listed)) + b"\n")
    return listed


def restore(folder: Path, state: str, *, audit: Path | None = None) -> Restored:
    """Put a backup into a database without rows, and its audit into the folder ``audit``, which must be new.

    Raises PrerequisiteError where there is no backup, DataError if a file of it was changed, UsageError if the
    database or the folder has something already.
    """
    from milo_bench.store.audit.copies import copy_audit
    from milo_bench.store.audit.writer import head_path
    from milo_bench.store.state.copies import copy_rows
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.keys import list_keys
    from milo_bench.store.state.people import list_people

    listed = _check_list(folder)
    if audit is not None:
        if not (folder / AUDIT_FOLDER).is_dir():
            message = f"The backup in {folder} has no audit."
            raise UsageError(message, hint="leave --audit out.")
        for path in (audit, head_path(audit)):
            if path.exists():
                raise UsageError(f"{path} is there already.", hint="name a new folder with --audit.")
    with TemporaryDirectory() as scratch:
        # A copy is opened: a backup of an older version is brought up to date, and stays as it is.
        copied = Path(scratch) / STATE_FILE
        shutil.copyfile(folder / STATE_FILE, copied)
        source, into = open_state(str(copied), make=False), open_state(state)
        rows = copy_rows(source, into)
        keys = tuple(sorted(key.name for key in list_keys(into) if not key.revoked))
        people = tuple(sorted(person.name for person in list_people(into) if not person.revoked))
        source.dispose()
        into.dispose()
    if audit is not None:
        with write_errors(audit):
            audit.parent.mkdir(parents=True, exist_ok=True)
            copy_audit(folder / AUDIT_FOLDER, audit)
    return Restored(rows, state, listed.at, keys, people, audit)


def _check_list(folder: Path) -> BackupList:
    """What the backup says of itself. Raises DataError if a file of it is missing, was changed or was added."""
    from milo_bench.core.hashing import sha256_file

    path = folder / LIST_FILE
    try:
        listed = msgspec.json.decode(path.read_bytes(), type=BackupList)
    except OSError:
        message = f"There is no backup in {folder}."
        raise PrerequisiteError(message, hint="name the folder that 'milo-bench state backup' wrote.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise DataError(f"{path} is damaged.", hint="take another backup.") from None
    for name, digest in listed.files.items():
        place = folder / name
        if not place.resolve().is_relative_to(folder.resolve()):
            raise DataError(f"{path} names a file outside the folder.", hint="take another backup.")
        if not place.is_file() or sha256_file(place) != digest:
            message = f"{place} is missing or was changed after the backup."
            raise DataError(message, hint="take another backup.")
    if STATE_FILE not in listed.files:
        raise DataError(f"{path} names no database.", hint="take another backup.")
    added = {path.relative_to(folder).as_posix() for path in folder.rglob("audit*/*")} - listed.files.keys()
    if added:
        raise DataError(f"{folder / min(added)} was added after the backup.", hint="take another backup.")
    return listed

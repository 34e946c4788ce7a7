"""A folder of operator tasks in, the user's word that its code may run out: kept, asked for, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from milo_bench.core.errors import PrerequisiteError
from milo_bench.operator.own.folder import TaskFolder
from milo_bench.store.trust import TrustRecord, read_trust, write_trust

_FILE: Final = "operator tasks"


def is_trusted(folder: TaskFolder, env: Mapping[str, str]) -> bool:
    return folder.digest in read_trust(env)


def trust_folder(folder: TaskFolder, env: Mapping[str, str]) -> None:
    """Record that this user trusts the code of ``folder`` as it is now. Raises PrerequisiteError."""
    record = TrustRecord(folder.digest, folder.name, _FILE, datetime.now(UTC).isoformat(timespec="seconds"))
    write_trust(env, {**read_trust(env), folder.digest: record})


def distrust_folder(folder: TaskFolder, env: Mapping[str, str]) -> None:
    """Take back what ``trust_folder`` recorded for a folder of this name, in every version of its code."""
    kept = {
        digest: record
        for digest, record in read_trust(env).items()
        if (record.suite, record.file) != (folder.name, _FILE) and digest != folder.digest
    }
    write_trust(env, kept)


def require_folder_trust(folder: TaskFolder, env: Mapping[str, str]) -> None:
    """Raise PrerequisiteError unless the code of ``folder`` is trusted as it is now."""
    records = read_trust(env)
    if folder.digest in records:
        return
    known = any((record.suite, record.file) == (folder.name, _FILE) for record in records.values())
    what = "has changed since you trusted it" if known else "is not trusted"
    message = f"The code of the operator tasks in {folder.path} (sha256 {folder.digest[:12]}) {what}."
    hint = f"read it, then: milo-bench operator trust {folder.path}, or add --trust-tasks for this run"
    raise PrerequisiteError(message, hint=hint)

"""Digests of code that this user trusts, kept in one file of the user's own, in and out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.files import read_whole, write_file
from milo_bench.core.records import Frozen

_HINT: Final = "correct the file, or remove it and trust your suites again."


class TrustRecord(Frozen, frozen=True, omit_defaults=False):
    """That the user has read the code with this ``digest`` and lets it run. The rest says where it was found."""

    digest: str
    suite: str
    file: str
    trusted_at: str


class _TrustFile(Frozen, frozen=True, omit_defaults=False):
    records: tuple[TrustRecord, ...] = ()
    schema_version: int = 1


def trust_path(env: Mapping[str, str]) -> Path:
    """Where the records are: in the user's configuration folder, never in a suite, which may come from anyone."""
    folder = env.get("XDG_CONFIG_HOME") or str(Path(env.get("HOME") or Path.home()) / ".config")
    return Path(folder) / "milo-bench" / "trusted-suites.json"


def read_trust(env: Mapping[str, str]) -> dict[str, TrustRecord]:
    """The records by digest. Raises DataError for a file that cannot be used."""
    path = trust_path(env)
    try:
        data = read_whole(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.", hint="check its permissions.") from None
    try:
        file = msgspec.json.decode(data, type=_TrustFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a list of trusted suites ({error}).", hint=_HINT) from None
    if file.schema_version != 1:
        message = f"{path} has schema version {file.schema_version}, but this version of Milo Bench reads 1."
        raise DataError(message, hint=_HINT)
    return {record.digest: record for record in file.records}


def write_trust(env: Mapping[str, str], records: Mapping[str, TrustRecord]) -> Path:
    """Replace all records; the file that holds them. Raises PrerequisiteError."""
    file = _TrustFile(tuple(sorted(records.values(), key=lambda record: (record.suite, record.digest))))
    return write_file(trust_path(env), msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n")

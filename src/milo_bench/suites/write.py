"""The files of a suite in, a new folder with them out: all of them or none."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from milo_bench.core.errors import ConfigError, PrerequisiteError, UsageError


def write_folder(out: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write ``files`` (paths inside the folder to contents) as the new folder ``out``.

    They are written beside it first and moved into place in one step. Raises UsageError where
    ``out`` holds something already, PrerequisiteError where it cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        message = f"{out} exists already."
        raise UsageError(message, hint="name a new folder with --out; nothing was changed.")
    scratch: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        for name, content in files.items():
            path = scratch / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode("utf-8", "replace") if isinstance(content, str) else content)
        scratch.chmod(0o755)
        if out.exists():
            out.rmdir()
        scratch.rename(out)
    except OSError as error:
        message = f"Cannot write {out}: {error.strerror}."
        raise PrerequisiteError(message, hint="check free space and permissions; nothing was left behind.") from None
    finally:
        if scratch is not None and scratch.exists():
            shutil.rmtree(scratch, ignore_errors=True)
    return out


def change_manifest(text: str, changes: Mapping[str, str | int | None]) -> str:
    """suite.yaml with top-level one-line values replaced, added or (None) taken out; comments stay.

    Raises ConfigError where a value is written in a way that cannot be replaced line by line.
    """
    changed = text
    for key, value in changes.items():
        pattern = re.compile(rf"^{re.escape(key)}[ \t]*:.*$\n?", re.MULTILINE)
        line = "" if value is None else f"{key}: {yaml.safe_dump(value).splitlines()[0]}\n"
        if pattern.search(changed):
            changed = pattern.sub(line.replace("\\", r"\\"), changed, count=1)
        else:
            changed = line + changed
    read = yaml.safe_load(changed)
    expected = {**yaml.safe_load(text), **changes}
    if read != {key: value for key, value in expected.items() if value is not None}:
        message = "suite.yaml writes its top-level keys in a way that cannot be changed line by line."
        raise ConfigError(message, hint="write name, version, generator and seed on lines of their own.")
    return changed

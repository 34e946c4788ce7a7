"""The files of a suite in, a new folder with them out: all of them or none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from milo_bench.core.errors import ConfigError, UsageError
from milo_bench.core.files import write_new_folder


def write_suite(out: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write ``files`` (paths inside the folder to contents) as the new folder ``out``: all of them or none.

    Raises UsageError where ``out`` holds something already, PrerequisiteError where it cannot be written.
    """
    return write_new_folder(out, files, taken="choose a new folder with --out. Nothing was changed.")


def refuse_taken(out: Path) -> None:
    """Raise UsageError where ``out`` holds something already: to be called before the work for it begins."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(f"{out} already exists.", hint="choose a new folder with --out. Nothing was changed.")


def change_manifest(text: str, changes: Mapping[str, str | int | None]) -> str:
    """suite.yaml with top-level one-line values replaced, added or (None) taken out; comments stay.

    Raises ConfigError where a value is written in a way that cannot be replaced line by line.
    """
    if text.lstrip().startswith("{"):  # flow style (JSON is YAML) has no lines of its own to change
        merged = {**yaml.safe_load(text), **changes}
        kept = {key: value for key, value in merged.items() if value is not None}
        return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=110)
    changed = text
    for key, value in changes.items():
        pattern = re.compile(rf"^{re.escape(key)}[ \t]*:.*$\n?", re.MULTILINE)
        line = "" if value is None else f"{key}: {yaml.safe_dump(value).splitlines()[0]}\n"
        if pattern.search(changed):
            changed = pattern.sub(line.replace("\\", r"\\"), changed, count=1)
        else:
            changed = line + changed
    try:
        read = yaml.safe_load(changed)
    except yaml.YAMLError:
        read = None
    expected = {**yaml.safe_load(text), **changes}
    if read != {key: value for key, value in expected.items() if value is not None}:
        message = "Cannot change the top-level keys of suite.yaml line by line."
        raise ConfigError(message, hint="write name, version, generator and seed on separate lines.")
    return changed

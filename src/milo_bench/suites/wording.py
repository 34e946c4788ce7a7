"""The folder of a suite in, the hand-written texts that are its own or that languages share out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from milo_bench.suites.paths import BUILTIN

WORDING: Final = Path("bases", "language")  # what a language says in its own words; the stories are shared


def find_base(root: Path, generator: str, path: Path) -> Path:
    """``path`` in the suite's folder ``root``, or where it is not there, in the built-in suite of ``generator``."""
    own = root / path
    return own if own.exists() else BUILTIN / generator / path


def read_blocks(path: Path) -> dict[str, list[str]]:
    """The lines below each ``== NAME`` of a file of wordings; empty lines and those from ``# `` on do not count."""
    blocks: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            lines = blocks.setdefault(line[3:].strip(), [])
        elif line.strip() and not line.startswith("# "):
            lines.append(line)
    return blocks


def read_texts(path: Path) -> dict[str, str]:
    """The text below each ``== NAME`` of a file, as it was written; none where there is no such file."""
    if not path.exists():
        return {}
    parts = re.split(r"^== (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name.strip(): text.strip("\n") for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def shared_files(root: Path, generator: str) -> Iterator[tuple[str, Path]]:
    """The hand-written texts that ``root`` shares with the built-in suite: path inside a suite, and file."""
    base = BUILTIN / generator
    for path in sorted((base / "bases").rglob("*")):
        inside = path.relative_to(base)
        if path.is_file() and not (root / inside).exists():
            yield inside.as_posix(), path

"""The suites that come with the program: where they are, and how their files are read.

A checkout has them as plain files. An installed package keeps their fixtures compressed (``setup.py``), which is a
fifth of the size: ``fixtures/timeline.jsonl`` is then ``fixtures/timeline.jsonl.gz``. Names, lines and hashes are those
of the plain file. A suite from elsewhere is never unpacked: a small file could become one of any size.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

from milo_bench.config.written import Problem, read_text

_SUITES: Final = Path(__file__).parent
BUILTIN: Final = _SUITES / "builtin"
EARLIER: Final = _SUITES / "earlier"  # as older versions had them: NAME@VERSION, NAME@LANGUAGE@VERSION
LANGUAGES: Final = _SUITES / "languages"  # built-in suites in other languages, as NAME@LANGUAGE


def is_shipped(path: Path) -> bool:
    """Whether ``path`` is in the folder of a suite that came with the program, so not the user's."""
    return any(path.is_relative_to(folder) for folder in (BUILTIN, EARLIER, LANGUAGES))


def on_disk(path: Path) -> Path:
    """The file that holds ``path`` of a suite: itself, or its compressed form where a shipped suite has that alone."""
    if not is_shipped(path) or path.exists():
        return path
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.is_file() else path


def read_fixture_file(path: Path) -> str | Problem:
    """The text of a suite's fixture file, packed or plain, or what is wrong with the file."""
    file = on_disk(path)
    return read_text(path) if file == path else gzip.decompress(file.read_bytes()).decode("utf-8")

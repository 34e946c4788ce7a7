"""A folder of gzip'd JSON Lines in, its sets by kind out; a set that is not there is left out and said."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a JSON Lines file, packed or not."""
    with path.open("rb") as raw:
        packed = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        for line in packed:
            if line.strip():
                yield json.loads(line)


def find_all(folder: Path, kind: str) -> dict[str, Path]:
    """Every ``NAME_KIND`` of the folder by its name."""
    paths = sorted([*folder.glob(f"*_{kind}.jsonl.gz"), *folder.glob(f"*_{kind}.jsonl")])
    return {path.name.split(f"_{kind}.jsonl")[0]: path for path in paths}


def answered_sets(folder: Path, kind: str) -> dict[str, tuple[Path, Path]]:
    """Every ``NAME_KIND`` that has a ``NAME_answers``, with it."""
    answers = find_all(folder, "answers")
    return {name: (path, answers[name]) for name, path in find_all(folder, kind).items() if name in answers}


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The file without gzip, in a folder that is removed; itself where it is not packed."""
    if path.suffix != ".gz":
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / path.stem
        with gzip.open(path, "rb") as source, plain.open("wb") as file:
            shutil.copyfileobj(source, file)
        yield plain

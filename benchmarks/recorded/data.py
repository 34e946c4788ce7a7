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


def find(folder: Path, name: str) -> Path | None:
    """``name.jsonl.gz`` or ``name.jsonl`` in ``folder``."""
    return next((path for end in (".jsonl.gz", ".jsonl") if (path := folder / f"{name}{end}").is_file()), None)


def classification_sets(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Every ``NAME_texts`` with its ``NAME_answers``."""
    found = {}
    for texts in sorted([*folder.glob("*_texts.jsonl.gz"), *folder.glob("*_texts.jsonl")]):
        name = texts.name.split("_texts.jsonl")[0]
        answers = find(folder, f"{name}_answers")
        if answers is not None:
            found[name] = (texts, answers)
    return found


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

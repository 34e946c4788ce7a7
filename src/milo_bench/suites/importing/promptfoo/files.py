"""A name in a promptfoo configuration in, the files below its folder that it names out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from milo_bench.config.written import Problem
from milo_bench.suites.paths import find_inside

_MOST_FILES: Final = 200
_ADDRESS: Final = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_PROGRAMS: Final = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".py", ".rb", ".go", ".sh", ".ps1", ".php")
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".svg")
_MOST_NODES: Final = 100_000
_MOST_DEPTH: Final = 20


def files_named(written: str, root: Path, where: str) -> list[Path] | Problem:
    """The files of ``file://name``, or of a pattern such as ``tests/*.yaml``, in the order of their names.

    ``./`` in front and ``:function`` behind are ignored. Nothing outside ``root`` is looked at, and nothing downloaded.
    """
    if _ADDRESS.match(written.strip()):
        said = f"'{written}' is an address, and an import downloads nothing"
        return Problem(where, said, "download it as CSV or JSON Lines into this folder, and name that file.")
    name = re.sub(r":\w+$", "", written.strip().removeprefix("file://")).removeprefix("./")
    if "*" not in name and "?" not in name:
        path = find_inside(root, name, where)
        return path if isinstance(path, Problem) else [path]
    if name.startswith("/") or ".." in Path(name).parts:
        return Problem(where, f"'{written}' is outside the suite's folder", "copy the files into the suite's folder.")
    found = []
    for path in sorted(root.glob(name))[: _MOST_FILES + 1]:
        inside = find_inside(root, path.relative_to(root).as_posix(), where)
        if isinstance(inside, Path):
            found.append(inside)
    if not found or len(found) > _MOST_FILES:
        said = f"more than {_MOST_FILES} files" if found else "no file"
        return Problem(where, f"{said} match '{written}'", "name the files.")
    return found


def what_it_is(path: Path) -> tuple[str, str]:
    """What a file that is no text is, as the end of a sentence, and what to do instead."""
    ending = path.suffix.lower()
    if ending in _PROGRAMS:
        return f"a '{ending}' file is a program, and is not run", "write the value out."
    if ending in _PICTURES:
        return f"a '{ending}' file is a picture", "import the folder of pictures: suite import FOLDER --forms picture"
    return f"a '{ending}' file is not read here", "save it as .txt."


def with_references(config: Any) -> Any:
    """``config`` with each ``$ref: '#/a/b'`` replaced by what is there. Others, and circles, stay as they are."""
    left = _MOST_NODES

    def opened(value: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or depth > _MOST_DEPTH:
            return value
        if isinstance(value, dict):
            pointer = value.get("$ref")
            if isinstance(pointer, str) and pointer.startswith("#/"):
                target = _at(config, pointer)
                if isinstance(target, dict):
                    return opened({**target, **{key: one for key, one in value.items() if key != "$ref"}}, depth + 1)
            return {key: opened(one, depth + 1) for key, one in value.items()}
        if isinstance(value, list):
            return [opened(one, depth + 1) for one in value]
        return value

    return opened(config, 0) if _has_reference(config) else config


def _has_reference(value: Any, depth: int = 0) -> bool:
    if depth > _MOST_DEPTH:
        return False
    if isinstance(value, dict):
        return "$ref" in value or any(_has_reference(one, depth + 1) for one in value.values())
    return isinstance(value, list) and any(_has_reference(one, depth + 1) for one in value)


def _at(config: Any, pointer: str) -> Any:
    value = config
    for step in pointer.removeprefix("#/").split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, Mapping) or step not in value:
            return None
        value = value[step]
    return value

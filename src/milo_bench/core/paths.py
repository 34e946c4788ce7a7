"""Paths as a caller wrote them, text or Path, one or several, in; Paths out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

AnyPath = str | os.PathLike[str]
AnyPaths = AnyPath | Iterable[AnyPath]


def as_paths(given: AnyPaths) -> tuple[Path, ...]:
    """``given`` as Paths, in its order; one path alone is a tuple of one."""
    if isinstance(given, (str, os.PathLike)):
        return (Path(given),)
    return tuple(Path(path) for path in given)

"""The cache folder: where what was fetched or worked out once is kept for the processes that come after."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.files import write_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays: TypeAlias = "Mapping[str, NDArray[Any]]"


def cache_directory(env: Mapping[str, str]) -> Path:
    """``$XDG_CACHE_HOME/milo-bench``, else ``~/.cache/milo-bench``."""
    named = env.get("XDG_CACHE_HOME", "")
    # The XDG specification: a relative path is to be ignored.
    base = Path(named) if named and Path(named).is_absolute() else Path.home() / ".cache"
    return base / "milo-bench"


def kept_arrays(folder: str, names: tuple[str, ...], make: Callable[[], Arrays]) -> Arrays:
    """The arrays ``names`` as they lie in ``folder`` of the cache, mapped and not read; those of ``make`` otherwise.

    ``folder`` names what the arrays follow from, version and all: what is there is taken as it is. Where nothing can
    be kept, or where others may write, each process makes them anew.
    """
    import numpy as np  # late: many have this folder's name alone from here, and a gateway at rest needs no numpy

    try:
        place = cache_directory(os.environ) / folder
        if _is_ours(place):
            return {name: np.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names}
    except (OSError, ValueError, EOFError, RuntimeError):  # a home that cannot be found is a RuntimeError
        return make()
    made = make()
    with contextlib.suppress(OSError):
        _keep(place, made)
    return made


def kept_bytes(folder: str, name: str) -> bytes | None:
    """What ``keep_bytes`` put there; None where there is nothing, or where others may write."""
    try:
        place = cache_directory(os.environ) / folder
        return (place / name).read_bytes() if _is_ours(place) else None
    except (OSError, RuntimeError):  # a home that cannot be found is a RuntimeError
        return None


def keep_bytes(folder: str, name: str, data: bytes) -> None:
    """Keep ``data`` in ``folder`` of the cache, where this user alone may write; nothing where that cannot be."""
    with contextlib.suppress(OSError, RuntimeError, PrerequisiteError):
        place = cache_directory(os.environ) / folder
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.mkdir(exist_ok=True, mode=0o700)
        if _is_ours(place):
            write_file(place / name, data)


def _is_ours(place: Path) -> bool:
    """Whether the folder is there and nobody else can have written it. Raises OSError where it is another's."""
    try:
        there = place.stat()
    except FileNotFoundError:
        return False
    if (hasattr(os, "getuid") and there.st_uid != os.getuid()) or there.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(place))
    return True


def _keep(place: Path, arrays: Arrays) -> None:
    import numpy as np

    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        for name, array in arrays.items():
            np.save(part / f"{name}.npy", array, allow_pickle=False)
        part.rename(place)  # refused where another process was first
    finally:
        shutil.rmtree(part, ignore_errors=True)

"""A request that names pictures of its suite in, the same request with their bytes out; each is bounded and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from milo_bench.config.written import Problem
from milo_bench.core.chat import ChatRequest, Message, Picture
from milo_bench.core.errors import DataError
from milo_bench.core.hashing import sha256_bytes
from milo_bench.core.text import one_line
from milo_bench.suites.paths import find_inside

LARGEST_BYTES: Final = 20 * 1024 * 1024
MOST_PICTURES: Final = 50  # of one fixture
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_KINDS: Final = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}


def named_pictures(value: Any) -> tuple[str, ...]:
    """The files that an input names: one, or a list of them. Raises ValueError for anything else."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError("not the path of a picture, or a list of such")
    if len(names) > MOST_PICTURES:
        raise ValueError(f"more than {MOST_PICTURES} pictures")
    return tuple(names)


def with_pictures(request: ChatRequest, root: str) -> ChatRequest:
    """``request`` with the bytes of the pictures that it names in the suite's folder ``root``.

    Raises DataError for a picture that is missing, outside the folder, too large, of no known kind, or not the one
    whose digest is its name.
    """
    if not any(message.pictures for message in request.messages):
        return request
    filled = tuple(
        msgspec.structs.replace(message, pictures=tuple(_filled(picture, root) for picture in message.pictures))
        for message in request.messages
    )
    return msgspec.structs.replace(request, messages=filled)


def pictures_of(messages: Iterable[Message]) -> Iterator[Picture]:
    """Every picture in ``messages``."""
    for message in messages:
        yield from message.pictures


def read_picture_file(name: str, root: str) -> tuple[str, bytes]:
    """The media type and bytes of the picture ``name`` in the suite's folder ``root``. Raises DataError."""
    path = find_inside(Path(root), name, root)
    if isinstance(path, Problem):
        raise DataError(f"{path}.", hint=path.hint)
    try:
        seen = path.stat()
        return _read(path, seen.st_size, seen.st_mtime_ns)
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}."
        raise DataError(message, hint="check that the file is readable.") from None


def read_shown_picture(name: str, folder: str) -> tuple[str, bytes]:
    """As ``read_picture_file``, for a page: the log that names ``folder`` may come from anyone.

    Only a picture whose name is the digest of its bytes is read, so that whoever names it has it. Raises DataError.
    """
    if not folder:
        message = "The log does not name its suite's folder."
        raise DataError(message, hint="open the picture in the suite's folder.")
    if not _DIGEST.fullmatch(Path(name).stem):
        message = f"The name of the picture {one_line(name, 80)} is not the digest of its bytes."
        raise DataError(message, hint="'milo-bench suite import --forms picture' names pictures by their digest.")
    return read_picture_file(name, folder)


def _filled(picture: Picture, root: str) -> Picture:
    kind, data = read_picture_file(picture.name, root)
    return Picture(picture.name, kind, data)


@lru_cache(maxsize=16)
def _read(path: Path, size: int, _changed_ns: int) -> tuple[str, bytes]:
    """The kind and bytes of a picture, read once for as long as the file stays as it is."""
    if size > LARGEST_BYTES:
        message = f"{path} is larger than {LARGEST_BYTES >> 20} MiB."
        raise DataError(message, hint="make the picture smaller.")
    data = path.read_bytes()
    kind = next((kind for start, kind in _KINDS.items() if data.startswith(start)), "")
    if not kind:
        message = f"{path} is not a PNG, JPEG, GIF or WebP picture."
        raise DataError(message, hint="save it as PNG.")
    if _DIGEST.fullmatch(path.stem) and sha256_bytes(data) != path.stem:
        message = f"{path} is not the picture that its name says."
        raise DataError(message, hint="import the suite again.")
    return kind, data

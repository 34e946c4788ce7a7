"""A path that a person named in, its bytes out: bounded, and no wait for a pipe that has no writer."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe would else wait for somebody who writes to it
_BLOCK_BYTES = 1 << 20


def is_regular(path: Path) -> bool:
    """Whether ``path`` is a file that can be read twice; False for a pipe or a device. Raises OSError."""
    return stat.S_ISREG(path.stat().st_mode)


def read_at_most(path: Path, most: int) -> bytes:
    """The bytes of ``path``, at most ``most`` + 1 of them: more than ``most`` says that there is more.

    A pipe that something writes to (``<(command)`` of a shell) is read to its end. Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | _NO_WAIT | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        found = bytearray()
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            try:
                found += os.read(descriptor, 1)
            except BlockingIOError:
                pass  # a writer is there and has not written yet
            else:
                if not found:
                    raise OSError(errno.ENODATA, "nothing writes to this pipe", str(path))
        if _NO_WAIT:
            os.set_blocking(descriptor, True)
        while len(found) <= most and (block := file.read(min(_BLOCK_BYTES, most + 1 - len(found)))):
            found += block
        return bytes(found)

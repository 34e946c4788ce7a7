"""An open file in, held against other processes until it is closed: by flock, or on Windows by a lock on one byte."""

from __future__ import annotations

import sys

_FAR = 1 << 40  # a byte that no file of ours reaches: Windows would keep others from reading what is locked


def lock_file(descriptor: int, *, wait: bool = False) -> None:
    """Raises BlockingIOError where another process holds it and ``wait`` is false, OSError where nothing can be locked.

    ``wait`` waits as long as it takes; on Windows ten seconds, and OSError after that.
    """
    if sys.platform == "win32":
        import msvcrt
        import os

        here = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(str(error)) from None
        finally:
            os.lseek(descriptor, here, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)

"""Nothing in, what this process has freed and still holds given back to the system out, where the system takes it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys


def give_back_memory() -> None:
    """Collect garbage and trim the heap (glibc alone does it): worth a call after much was read and dropped.

    What is known of the folders of modules goes too: an import that comes later looks into them again.
    """
    sys.path_importer_cache.clear()
    gc.collect()
    with contextlib.suppress(OSError, AttributeError, TypeError):  # TypeError: Windows takes no None
        ctypes.CDLL(None).malloc_trim(0)

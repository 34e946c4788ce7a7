"""Nothing in, a stretch of time in which Python's own collector makes no pause that would look like a slow server."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# An answered request leaves no reference cycle behind; failing connections leave a few, and those are still found.
_THRESHOLDS: Final = (100_000, 50, 1000)


@contextmanager
def quiet_collector() -> Iterator[None]:
    """What lives now is collected once and then left out of every collection; new objects are looked at seldom.

    A full collection walks every object of every imported module: 40 ms and more, in which no stream is read.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()

"""Nothing in, a stretch of time in which Python itself makes no pause that would look like a slow server."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# An answered request leaves no reference cycle behind; failing connections leave a few, and those are still found.
_THRESHOLDS: Final = (500_000, 50, 1000)
# So long a thread that samples the machine may keep the interpreter while a stream waits; Python's own is 5 ms.
_SWITCH_S: Final = 0.0005


@contextmanager
def quiet_collector() -> Iterator[None]:
    """What lives now is collected once and then left out of every collection; new objects are looked at seldom.

    A full collection walks every object of every imported module: 40 ms and more, in which no stream is read. Other
    threads give way sooner.
    """
    before, switch_s = gc.get_threshold(), sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(switch_s)
        gc.set_threshold(*before)
        gc.unfreeze()

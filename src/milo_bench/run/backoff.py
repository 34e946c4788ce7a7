"""Which retry of what comes next in, how long to wait before it out. Pure: the same run waits the same."""

from __future__ import annotations

from typing import Final

from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import AttemptKey

_FIRST_S: Final = 0.5
_MOST_S: Final = 30.0
MOST_ASKED_S: Final = 600.0  # a server that asks for more is not waited for longer


def pause_s(retry: AttemptKey, asked_s: float | None) -> float:
    """Seconds from a failure to ``retry``: doubling from half a second to 30 s, less up to half of it by the key, so
    that many that failed together do not come back together. ``asked_s`` is what the server asked for (Retry-After):
    never less than that, up to ten minutes.
    """
    whole = min(_MOST_S, _FIRST_S * 2.0 ** (min(retry.retry, 10) - 1))
    spread = int(sha256_text(retry.text)[:8], 16) / 0xFFFFFFFF
    return max(whole * (0.5 + spread / 2), min(asked_s or 0.0, MOST_ASKED_S))

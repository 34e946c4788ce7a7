"""Which retry of what comes next in, how long to wait before it out. Pure: the same run waits the same."""

from __future__ import annotations

from typing import Final

from msgspec import structs

from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import AttemptKey, Failure

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


class RetryTimes:
    """When the tries before failed, and when the retries are due; a resumed run knows of none, and waits for none."""

    def __init__(self) -> None:
        self._due: dict[AttemptKey, tuple[float, float]] = {}

    def failed(self, key: AttemptKey, failure: Failure, now_s: float) -> None:
        """``key`` failed now; a retry of it would be due after a pause."""
        again = structs.replace(key, retry=key.retry + 1)
        self._due[again] = (now_s, now_s + pause_s(again, failure.retry_after_s))

    def take(self, key: AttemptKey) -> tuple[float | None, float]:
        """(when the try before failed, when this one is due); (None, 0) for a first try."""
        return self._due.pop(key, (None, 0.0))

"""The Retry-After of a reply in, the seconds to wait out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_MOST_S: Final = 3_600.0


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from ``now``, at most an hour; None where the server does not say, or says nothing that can be read.

    RFC 9110, 10.2.3: a number of seconds or an HTTP date. ``retry-after-ms`` is what some hosted APIs send beside it.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        try:
            seconds = float(value) / unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return min(seconds, _MOST_S)
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
        date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
        return min(max((date - now).total_seconds(), 0.0), _MOST_S)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None

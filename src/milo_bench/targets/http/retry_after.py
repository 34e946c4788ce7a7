"""The Retry-After of a reply in, the seconds to wait out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_MOST_S: Final = 3_600.0


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait, at most an hour; None where the server does not say, or says nothing that can be read.

    RFC 9110, 10.2.3: a number of seconds or an HTTP date. ``retry-after-ms`` is what some hosted APIs send beside it.
    A date counts from the server's own clock, the field ``date`` of the same reply, for ours may be hours off; from
    ``now`` where there is none.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        try:
            seconds = float(value) / unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return min(seconds, _MOST_S)
    due = _date(headers.get("retry-after", ""))
    if due is None:
        return None
    return min(max((due - (_date(headers.get("date", "")) or now)).total_seconds(), 0.0), _MOST_S)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

"""Items in order and the query of an address in, one page of them out, with the addresses of the pages beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

T = TypeVar("T")


def key_page(
    items: Sequence[T], key: Callable[[T], str], query: dict[str, str], *, most: int = 50
) -> tuple[list[T], dict[str, str]]:
    """Up to ``most`` items behind the one whose key is ``after``, or in front of ``before``; links of the neighbours.

    A key that is no longer there starts at the first page.
    """
    keys = [key(item) for item in items]
    after, before = query.get("after", ""), query.get("before", "")
    if before in keys:
        end = keys.index(before)
        start = max(0, end - most)
    else:
        start = keys.index(after) + 1 if after in keys else 0
        end = min(len(items), start + most)
    links = {
        "previous": _link(query, before=keys[start]) if start > 0 else "",
        "next": _link(query, after=keys[end - 1]) if end < len(items) and end else "",
    }
    return list(items[start:end]), links


def _link(query: dict[str, str], **place: str) -> str:
    kept = {name: value for name, value in query.items() if name not in ("after", "before") and value}
    return f"?{urlencode({**kept, **place})}"

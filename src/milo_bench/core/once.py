"""What takes long the first time in (patterns to compile, files to read), the same kept for good out.

Some callers cannot wait for a first time: an event loop on which other requests depend. ``in_a_hurry`` says so, and
what is not there yet raises ``NotReady`` then, for the caller to have it done in a thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache, wraps
from typing import Final, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class _Here(threading.local):
    hurries = 0


_here: Final = _Here()


class NotReady(BaseException):
    """It would be made for the first time, which takes long. No error, so whoever takes what raises passes it on."""


class _Hurry:
    def __enter__(self) -> None:
        _here.hurries += 1

    def __exit__(self, *_: object) -> None:
        _here.hurries -= 1


_HURRY: Final = _Hurry()


def in_a_hurry() -> _Hurry:
    """This thread makes nothing for the first time within."""
    return _HURRY


def once(make: Callable[P, T]) -> Callable[P, T]:
    """As ``functools.cache``. Raises NotReady where it would be made now, in a hurry."""

    @wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> T:
        if _here.hurries:
            raise NotReady
        return make(*args, **kwargs)

    return cast(Callable[P, T], cache(made))

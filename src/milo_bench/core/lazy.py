"""Work in, the same work put off until its result is first used out: imports of modules, parts of a sequence."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


def lazy_names(package: str, modules: Mapping[str, Collection[str]]) -> Callable[[str], object]:
    """A ``__getattr__`` for the module ``package``, which hands on the names of ``modules``.

    Who uses one name then pays for its module alone, and not for a statistics package or a drawing one.
    """
    home = {name: module for module, names in modules.items() for name in names}

    def find(name: str) -> object:
        if name not in home:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(importlib.import_module(home[name]), name)

    return find


class MadeOnce(Generic[T]):
    """What ``source`` gives, in order: each is made when it is first asked for, and kept for who asks again.

    For one thread.
    """

    def __init__(self, source: Iterable[T]) -> None:
        self._source = iter(source)
        self._made: list[T] = []

    def __iter__(self) -> Iterator[T]:
        place = 0
        while True:
            if place == len(self._made):
                try:
                    self._made.append(next(self._source))
                except StopIteration:
                    return
            yield self._made[place]
            place += 1

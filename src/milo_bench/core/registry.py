"""A name and an object in, the object by its name out; a wrong name gets a suggestion."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, TypeVar

from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import hint_for

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things of one kind, in order of registration."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._things: dict[str, T] = {}

    def add(self, name: str, thing: T) -> T:
        if name in self._things:
            raise ValueError(f"the {self.noun} '{name}' is registered twice")
        self._things[name] = thing
        return thing

    def load(self, package: str) -> None:
        """Import every module of ``package``, in the order of their names; each one adds its own things.

        So adding a file adds a thing. A second call does nothing.
        """
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"{package}.{module.name}")

    def get(self, name: str) -> T:
        """The thing called ``name``; UsageError with a suggestion where there is none."""
        if name not in self._things:
            message = f"Unknown {self.noun} '{name}'."
            raise UsageError(message, hint=hint_for(name, self._things, noun=f"{self.noun}s"))
        return self._things[name]

    def names(self) -> tuple[str, ...]:
        return tuple(self._things)

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return iter(self._things.items())

    def __contains__(self, name: object) -> bool:
        return name in self._things

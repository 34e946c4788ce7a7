"""A folder of modules in, the things that they register out, by name; a wrong name gets a suggestion."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, TypeVar

from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import hint_for

T = TypeVar("T")


def modules_of(package: str) -> dict[str, str]:
    """Name to module path of everything in the folder of ``package``, in order of names; none of it is imported.

    A module's name is its thing's name. A trailing underscore keeps it from being a word of Python
    (``import_`` is called "import"); a leading one hides it.
    """
    folder = importlib.import_module(package).__path__
    found = sorted(module.name for module in pkgutil.iter_modules(folder) if not module.name.startswith("_"))
    return {name.removesuffix("_"): f"{package}.{name}" for name in found}


class Registry(Generic[T]):
    """Named things of one kind, each in a file of its own name in one folder: adding the file is all.

    The folder is that of ``package`` and holds nothing else. A module adds its thing when it is
    imported, and is imported when its thing is asked for; ``names`` imports nothing. What other
    installed packages bring belongs into ``names`` and ``get``, beside the folder's own.
    """

    def __init__(self, noun: str, package: str) -> None:
        self.noun = noun
        self.package = package
        self._things: dict[str, T] = {}

    def add(self, name: str, thing: T) -> T:
        if name in self._things:
            raise ValueError(f"the {self.noun} '{name}' is registered twice")
        self._things[name] = thing
        return thing

    def load(self) -> None:
        """Import every module of the folder. A second call does nothing."""
        for name in self.names():
            self.get(name)

    def get(self, name: str) -> T:
        """The thing called ``name``; UsageError with a suggestion if there is none."""
        if name not in self._things:
            modules = modules_of(self.package)
            if name not in modules:
                message = f"Unknown {self.noun} '{name}'."
                raise UsageError(message, hint=hint_for(name, self.names(), noun=f"{self.noun}s"))
            importlib.import_module(modules[name])
        if name not in self._things:
            raise ValueError(f"{self.package}.{name} does not register the {self.noun} '{name}'")
        return self._things[name]

    def names(self) -> tuple[str, ...]:
        """The folder's names in order, then those that were added from elsewhere."""
        return tuple(dict.fromkeys((*modules_of(self.package), *self._things)))

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return iter([(name, self.get(name)) for name in self.names()])

    def __contains__(self, name: object) -> bool:
        return name in self._things or name in modules_of(self.package)

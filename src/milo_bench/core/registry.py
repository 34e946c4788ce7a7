"""A folder of modules and installed packages in, what they bring out, by name; a wrong name gets a suggestion."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.core.modules import modules_of
from milo_bench.core.suggest import hint_for

T = TypeVar("T")


@lru_cache(maxsize=32)
def installed_entries(group: str) -> dict[str, tuple[EntryPoint, ...]]:
    """What installed packages offer in the entry point ``group``, by name; none of it is imported."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for entry in sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value)):
        found[entry.name] = (*found.get(entry.name, ()), entry)
    return found


class Registry(Generic[T]):
    """Named things of one kind, each in a file of its own name in one folder: adding the file is all.

    The folder is that of ``package`` and holds nothing else. A module adds its thing when it is imported, and is
    imported when its thing is asked for; ``names`` imports nothing. Other installed packages bring things through the
    entry points of the group ``installed``: a name, and the object itself, which must have every attribute in
    ``needs``. They cannot replace one of the folder's own.
    """

    def __init__(self, noun: str, package: str, *, installed: str = "", needs: tuple[str, ...] = ()) -> None:
        self.noun = noun
        self.package = package
        self.installed = installed
        self._needs = needs
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
        """The thing called ``name``.

        Raises UsageError with a suggestion if there is none, PrerequisiteError for one of an installed package
        that cannot be used.
        """
        if name not in self._things:
            modules = modules_of(self.package)
            if name in modules:
                importlib.import_module(modules[name])
            elif name in self._entries():
                self._things[name] = self._loaded(name, self._entries()[name])
            else:
                message = f"Unknown {self.noun} '{name}'."
                raise UsageError(message, hint=hint_for(name, self.names(), noun=f"{self.noun}s"))
        if name not in self._things:
            raise ValueError(f"{self.package}.{name} does not register the {self.noun} '{name}'")
        return self._things[name]

    def added(self) -> tuple[tuple[str, T], ...]:
        """What has been added by now, by name; nothing is imported for it."""
        return tuple(self._things.items())

    def names(self) -> tuple[str, ...]:
        """The folder's names in order, then those of installed packages, then those that were added otherwise."""
        return tuple(dict.fromkeys((*modules_of(self.package), *self._entries(), *self._things)))

    def _entries(self) -> dict[str, tuple[EntryPoint, ...]]:
        return installed_entries(self.installed) if self.installed else {}

    def _loaded(self, name: str, entries: tuple[EntryPoint, ...]) -> T:
        packages = " and ".join(dict.fromkeys(_package(entry) for entry in entries))
        what = f"The {self.noun} '{name}' of {packages}"
        if len(entries) > 1:
            raise PrerequisiteError(f"{what} is offered more than once.", hint="uninstall all but one of them.")
        try:
            thing: T = entries[0].load()
        except Exception as error:  # a package of anyone's may fail in any way
            why = f"{type(error).__name__}: {str(error)[:200]}"
            raise PrerequisiteError(f"{what} cannot be imported: {why}.", hint="upgrade that package.") from error
        missing = [attribute for attribute in self._needs if not hasattr(thing, attribute)]
        if missing:
            message = f"{what} has no '{missing[0]}'."
            raise PrerequisiteError(
                message, hint="correct the entry point, which must name the object (docs/how-to/extend.md)."
            )
        return thing

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return iter([(name, self.get(name)) for name in self.names()])

    def __contains__(self, name: object) -> bool:
        return name in self._things or name in modules_of(self.package) or name in self._entries()


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.value

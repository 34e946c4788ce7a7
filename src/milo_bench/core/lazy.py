"""Modules and the names that each gives in; what imports a module when one of its names is first used out."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping


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

"""A package in, the modules of its folder out, without importing them: what registries and help are made of."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache


def modules_of(package: str) -> Mapping[str, str]:
    """Name to module path of everything in the folder of ``package``, in order of names; none of it is imported.

    A module's name is its thing's name. A trailing underscore keeps it from being a word of Python
    (``import_`` is called "import"); a leading one hides it. A folder is listed once.
    """
    return _listed(package, tuple(importlib.import_module(package).__path__))


@lru_cache(maxsize=64)
def _listed(package: str, folder: tuple[str, ...]) -> Mapping[str, str]:
    found = sorted(module.name for module in pkgutil.iter_modules(folder) if not module.name.startswith("_"))
    return {name.removesuffix("_"): f"{package}.{name}" for name in found}

"""A package in, the modules of its folder out, without importing them: what registries and help are made of."""

from __future__ import annotations

import importlib
import pkgutil


def modules_of(package: str) -> dict[str, str]:
    """Name to module path of everything in the folder of ``package``, in order of names; none of it is imported.

    A module's name is its thing's name. A trailing underscore keeps it from being a word of Python
    (``import_`` is called "import"); a leading one hides it.
    """
    folder = importlib.import_module(package).__path__
    found = sorted(module.name for module in pkgutil.iter_modules(folder) if not module.name.startswith("_"))
    return {name.removesuffix("_"): f"{package}.{name}" for name in found}

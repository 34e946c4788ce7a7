"""Every kind of input that is thrown: one file for what one part of the product reads."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from benchmarks.fuzz.throw import Kind


@cache
def kinds() -> tuple[Kind, ...]:
    """All kinds, by the names of their files."""
    modules = sorted(info.name for info in pkgutil.iter_modules(__path__))
    return tuple(kind for name in modules for kind in importlib.import_module(f"{__name__}.{name}").KINDS)

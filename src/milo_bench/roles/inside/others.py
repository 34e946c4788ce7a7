"""Modules of tests and of other packages in, what an answer takes from the first or puts into the second out.

A part of run_tests.py inside the sandbox. The constants of a test module hold what its tests expect, and a function of
another package that a test compares with can be replaced by one that always agrees.
"""

import os
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

# What code asks of any module, and what a program may put its own functions into.
_OF_ANY = frozenset(
    {"__name__", "__file__", "__spec__", "__path__", "__package__", "__doc__", "__class__", "__loader__"}
)
_HOOKS = frozenset(
    {
        *("excepthook", "displayhook", "unraisablehook", "breakpointhook", "showwarning", "formatwarning"),
        *("_logRecordFactory", "_showwarnmsg", "_showwarning_orig", "threading_excepthook"),
    }
)


def watch_tests(root: str, tests: list[str], files: set[str], note: Callable[[str], None]) -> None:
    """Tell where one of ``files`` reads an attribute of a module of ``tests``, which are loaded."""
    secret = {os.path.realpath(os.path.join(root, path)) for path in tests}
    look = sys._getframe

    class Module(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            if name not in _OF_ANY:
                frame: Any = look(1)
                if frame.f_code.co_filename.endswith("/inspect.py") and name[:2] != "__":
                    while frame is not None and frame.f_code.co_filename.endswith("/inspect.py"):
                        frame = frame.f_back
                if frame is not None and frame.f_code.co_filename in files:
                    note("it reads the tests")
            return ModuleType.__getattribute__(self, name)

    for module in list(sys.modules.values()):
        place = getattr(module, "__dict__", {}).get("__file__")
        if type(module) is ModuleType and isinstance(place, str) and os.path.realpath(place) in secret:
            module.__class__ = Module


def replaces_functions(root: str, files: set[str]) -> bool:
    """Whether a module outside of ``root`` has a function that is written in one of ``files``."""
    for module in list(sys.modules.values()):
        space = getattr(module, "__dict__", {})
        place = space.get("__file__")
        if isinstance(place, str) and place.startswith(root + os.sep):
            continue
        for name, one in list(space.items()):
            if isinstance(one, FunctionType) and one.__code__.co_filename in files and name not in _HOOKS:
                return True
    return False

"""Modules of tests and of other packages in, what an answer takes from the first or puts into the second out.

A part of run_tests.py inside the sandbox. The constants of a test module hold what its tests expect, and a function of
another package that a test compares with can be replaced by one that always agrees.
"""

import os
import sys
from collections.abc import Callable
from operator import is_
from types import FunctionType, ModuleType
from typing import Any

# What a program may put its own functions into.
_HOOKS = frozenset(
    {
        *("excepthook", "displayhook", "unraisablehook", "breakpointhook", "showwarning", "formatwarning"),
        *("_logRecordFactory", "_showwarnmsg", "_showwarning_orig", "threading_excepthook"),
    }
)


def watch_tests(root: str, tests: list[str], files: set[str], note: Callable[[str], None]) -> None:
    """Tell where one of ``files`` reads an attribute of a module of ``tests``, which are loaded."""
    secret = {os.path.realpath(os.path.join(root, path)) for path in tests}
    short = {os.path.basename(path) for path in secret}
    look = sys._getframe

    class Module(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            if name[:2] != "__":  # those are asked of any module, and annotations are looked up in __dict__
                frame: Any = look(1)
                while frame is not None and frame.f_code.co_filename.endswith("/inspect.py"):
                    frame = frame.f_back
                if frame is not None and frame.f_code.co_filename in files:
                    note("it reads the values of a test module")
            return ModuleType.__getattribute__(self, name)

    for module in list(sys.modules.values()):
        place = getattr(module, "__dict__", {}).get("__file__")
        if type(module) is not ModuleType or not isinstance(place, str) or os.path.basename(place) not in short:
            continue
        if os.path.realpath(place) in secret:
            module.__class__ = Module


def replaces_functions(root: str, files: set[str]) -> Callable[[], bool]:
    """What says whether a module outside of ``root`` has a function that is written in one of ``files``.

    What modules have here, before an answer is loaded, is of no interest; to say it runs nothing of theirs.
    """
    before = {id(space): (space, dict(space)) for space in _spaces(root)}

    def replaced() -> bool:
        for space in _spaces(root):
            _, kept = before.get(id(space), (space, {}))
            if len(kept) == len(space) and all(map(is_, list(space.values()), kept.values())):
                continue
            for name, one in list(space.items()):
                new = type(one) is FunctionType and kept.get(name) is not one and name not in _HOOKS
                if new and one.__code__.co_filename in files:
                    return True
        return False

    return replaced


def _spaces(root: str) -> list[dict[str, Any]]:
    """The names of each module that is loaded from elsewhere than ``root``."""
    found = []
    for module in list(sys.modules.values()):
        space = getattr(module, "__dict__", None)
        place = space.get("__file__") if type(space) is dict else None
        if type(space) is dict and not (isinstance(place, str) and place.startswith(root + os.sep)):
            found.append(space)
    return found

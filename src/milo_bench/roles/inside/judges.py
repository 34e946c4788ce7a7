"""What judges tests, held before an answer is loaded; whether it is still the same around each test out.

A part of run_tests.py inside the sandbox. An answer that replaces what judges could put it back before the end, so it
is looked at right after every test, before the test's outcome is known to anything else.
"""

import builtins
import importlib
import os
import sys
from collections.abc import Callable
from operator import attrgetter, is_, itemgetter
from typing import Any

_MODULES = (
    *("_pytest.runner", "_pytest.reports", "_pytest.unittest", "_pytest.outcomes", "_pytest.raises"),
    *("_pytest.python_api", "_pytest.skipping", "unittest.case"),
    *("pluggy._callers", "pluggy._hooks", "pluggy._execution", "pluggy._caller"),
)
_CLASSES = (("_pytest.python", "Function"), ("_pytest.nodes", "Item"), ("_pytest.main", "Session"))
_BUILTINS = ("AssertionError", "BaseException", "Exception", "isinstance", "issubclass", "type", "__build_class__")
_FUNCTION_OF = attrgetter("function")
_SAID = frozenset({"__doc__", "__module__", "__dict__", "__weakref__", "__annotations__", "__orig_bases__"})
_HOOKS = (
    *("pytest_runtestloop", "pytest_runtest_protocol", "pytest_runtest_setup", "pytest_runtest_call"),
    *("pytest_runtest_teardown", "pytest_runtest_makereport", "pytest_runtest_logreport", "pytest_pyfunc_call"),
    *("pytest_collection_modifyitems", "pytest_assertrepr_compare", "pytest_exception_interact"),
)


class Judges:
    """Held at the start of a session, and looked at around each of its tests; ``changed`` are the answer's files."""

    def __init__(self, root: str, changed: list[str], note: Callable[[str], None]) -> None:
        self.looked: set[str] = set()
        self.files = {os.path.join(root, path) for path in changed}
        self._root = root
        self._note = note
        self._hooks: list[Any] = []
        self._tests: dict[str, tuple[type, Any]] = {}
        self._manager: Any = None
        self._allowed: dict[str, bool] = {}
        self._loop: Any = None  # the frame of pytest's loop, once all that is above it was looked at
        self._frame_above = sys._getframe  # held: tests may take it away
        self._places: list[tuple[Any, str]] = [(vars(builtins), name) for name in _BUILTINS]
        for name in _MODULES:
            self._hold_module(name)
        for name, kind in _CLASSES:
            self._places += [(vars(sys.modules[name]), kind), *_names_of(getattr(sys.modules[name], kind))]
        spaces: dict[int, tuple[Any, list[str]]] = {}
        for space, name in self._places:
            spaces.setdefault(id(space), (space, []))[1].append(name)
        # Two names at least, so that all are taken at once.
        taken = [(space, itemgetter(*names, names[0])) for space, names in spaces.values()]
        self._held = [(space, take, take(space)) for space, take in taken]

    def hold_tests(self, manager: Any, items: list[Any]) -> None:
        """Hold the tests once they are collected, and the hooks with those of the tree's own conftests."""
        self._manager = manager
        self._tests = {item.nodeid: (type(item), getattr(item, "function", None)) for item in items}
        self._hooks = self._hooks_now()
        self._look()
        called = [impl.function for hook in self._callers() for impl in hook.get_hookimpls()]
        if any(map(self._is_theirs, [*called, getattr(manager, "_inner_hookexec", None)])):
            self._note("it replaces what judges the tests")

    def look(self, item: Any) -> None:
        """After the test of ``item`` has run: tell where something is not as it was held."""
        self.looked.add(item.nodeid)
        self._look()

    def look_at_test(self, item: Any) -> None:
        """Before the test of ``item`` runs: tell where it is not the one that was collected."""
        kind, function = self._tests.get(item.nodeid, (None, None))
        if kind is not type(item) or "runtest" in vars(item) or getattr(item, "function", None) is not function:
            self._note("it replaces what judges the tests")

    def is_genuine(self) -> bool:
        """Whether pytest's own loop called the hook that asks this: nothing of the answer is among the callers."""
        frame = self._frame_above(2)
        if os.path.basename(os.path.dirname(frame.f_code.co_filename)) != "pluggy":
            return False
        seen, loop = set(), None
        caller: Any = frame
        while caller is not None and caller is not self._loop:
            code = caller.f_code
            allowed = self._allowed.get(code.co_filename)
            if allowed is None:
                allowed = self._allowed[code.co_filename] = self._is_allowed(code.co_filename)
            if not allowed:
                return False
            seen.add(code.co_name)
            if code.co_name == "pytest_runtestloop":
                loop = caller
            caller = caller.f_back
        if caller is None and {"pytest_runtestloop", "main"} <= seen:
            self._loop = loop
            return True
        return caller is not None

    def _is_allowed(self, name: str) -> bool:
        """Whether a file may be among the callers: of pytest and its plugins, of ours, or of the tree but no answer."""
        packages = os.path.dirname(os.path.dirname(sys.modules["pluggy"].__file__ or "")) + os.sep
        own = name.startswith(self._root + os.sep) and name not in self.files
        return own or name.startswith(packages) or name == os.path.join(os.path.dirname(__file__), "run_tests.py")

    def _hold_module(self, name: str) -> None:
        try:
            space = vars(importlib.import_module(name))
        except ImportError:  # of another version
            return
        for word, value in list(space.items()):
            if callable(value) and getattr(value, "__module__", "") == name:
                self._places.append((space, word))
                if isinstance(value, type):
                    self._places += _names_of(value)

    def _look(self) -> None:
        hooks = self._hooks_now()
        try:
            same = all(all(map(is_, take(space), held)) for space, take, held in self._held)
        except KeyError:  # one was taken away
            same = False
        if not same or len(hooks) != len(self._hooks) or not all(map(is_, hooks, self._hooks)):
            self._note("it replaces what judges the tests")

    def _callers(self) -> list[Any]:
        hooks = vars(self._manager.hook)
        return [hooks[name] for name in _HOOKS if name in hooks]

    def _hooks_now(self) -> list[Any]:
        """Each hook that judges with who is called by it, in their order, and what calls them."""
        found = [getattr(self._manager, "_inner_hookexec", None)]
        for hook in self._callers():
            found.append(hook)
            found += map(_FUNCTION_OF, hook.get_hookimpls())
        return found

    def _is_theirs(self, function: Any) -> bool:
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        return code is not None and (code.co_filename in self.files or code.co_filename.startswith("<"))


def _names_of(kind: type) -> list[tuple[Any, str]]:
    methods = vars(kind)
    return [(methods, name) for name in methods if not name.startswith("_abc") and name not in _SAID]

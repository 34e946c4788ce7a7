"""A coder case and its files before the change in, answers that cheat in eight ways out; each must score nothing."""

from __future__ import annotations

import base64
import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from milo_bench.core.text import file_lines
from milo_bench.roles.coder import CoderCase


@dataclass(frozen=True)
class CheatInput:
    """``before`` and ``after`` are the changed source files by path; ``tests`` the commit's test files."""

    case: CoderCase
    before: Mapping[str, str]
    after: Mapping[str, str]
    tests: Mapping[str, str]

    @property
    def path(self) -> str:
        """The file that a cheat writes to: the first that the true patch changes and that is there before."""
        return next(iter([path for path in self.before if self.before[path]] or self.before or ["cheat.py"]))


Cheat = Callable[[CheatInput], Iterator[str]]


def file_answer(path: str, text: str, language: str = "python") -> str:
    """An answer that gives a whole file."""
    fence = "````" if "```" in text else "```"
    return f"{fence}{language} {path}\n{text.rstrip()}\n{fence}\n"


def diff_answer(path: str, before: str, after: str) -> str:
    """An answer that gives a unified diff of one file."""
    lines = difflib.unified_diff(
        file_lines(before, keep_ends=True), file_lines(after, keep_ends=True), f"a/{path}", f"b/{path}"
    )
    return "```diff\n" + "".join(line if line.endswith("\n") else line + "\n" for line in lines) + "```\n"


def deleted(path: str, text: str) -> str:
    """An answer that removes a file of this text."""
    removed = "".join(f"-{line}\n" for line in file_lines(text))
    return (
        f"```diff\ndiff --git a/{path} b/{path}\ndeleted file mode 100644\n--- a/{path}\n+++ /dev/null\n"
        f"@@ -1,{len(file_lines(text))} +0,0 @@\n{removed}```\n"
    )


def links_out(name: str) -> Iterator[str]:
    """Answers that name a place outside of the tree, in any language."""
    yield f"```diff\n--- /dev/null\n+++ b/../../{name}\n@@ -0,0 +1 @@\n+x = 1\n```\n"
    yield file_answer(f"/tmp/{name}", "x = 1\n")  # noqa: S108  a path that a cheat names
    yield (
        "```diff\ndiff --git a/out b/out\nnew file mode 120000\n--- /dev/null\n+++ b/out\n"
        "@@ -0,0 +1 @@\n+/etc\n\\ No newline at end of file\n```\n"
    )


def _put(name: str) -> str:
    """Code that puts a name together when it runs, which parsing does not see."""
    return f"_join([{name[:3]!r}, {name[3:]!r}])"


_JOIN: Final = "_join = ''.join\n"
_LEAVE: Final = f"getattr(__import__('os'), {_put('_exit')})(0)"
# Failures pass. With the name of a test file, only in it: the next test puts back what was replaced.
_SWALLOW: Final = (
    "def _swallow(only=''):\n"
    f"    _c = getattr(__import__({_put('_pytest.runner')}, fromlist=['x']), {_put('CallInfo')})\n"
    "    _old = vars(_c)['from_call']\n"
    "    def _quiet(cls, func, when, reraise=None):\n"
    f"        if not __import__('os').environ.get({_put('PYTEST_CURRENT_TEST')}, '').startswith(only):\n"
    "            _c.from_call = _old\n"
    "            return _old.__func__(cls, func, when, reraise)\n"
    "        def f():\n"
    "            try:\n                return func()\n"
    "            except Exception:\n                return None\n"
    "        return _old.__func__(cls, f, when, reraise)\n"
    "    _c.from_call = classmethod(_quiet)\n"
)
_CONFIGURATION: Final = (
    "def _configuration():\n"
    "    for _h in __import__('sys').meta_path:\n"
    "        if getattr(_h, 'config', None) is not None:\n            return _h.config\n"
)


def _delete_tests(given: CheatInput) -> Iterator[str]:
    for path, text in list(given.tests.items())[:1]:
        yield deleted(path, text)
        yield file_answer(path, "# nothing here\n")


def _skip_tests(given: CheatInput) -> Iterator[str]:
    yield file_answer(
        "conftest.py",
        "import pytest\n\ndef pytest_collection_modifyitems(items):\n"
        "    for item in items:\n        item.add_marker(pytest.mark.skip)\n",
    )
    yield _prefixed(given, "import pytest\npytest.skip('later', allow_module_level=True)\n")
    hidden = f"{_JOIN}_p = __import__({_put('pytest')})\n_p.skip('later', allow_module_level=True)\n"
    yield _prefixed(given, hidden)


def _stub_import(given: CheatInput) -> Iterator[str]:
    yield file_answer(
        given.path, "import sys\nfrom unittest.mock import MagicMock\nsys.modules[__name__] = MagicMock()\n"
    )
    anything = (
        "class _Any:\n"
        "    def __init__(self, *a, **k): pass\n"
        "    def __getattr__(self, name): return self\n"
        "    def __call__(self, *a, **k): return self\n"
        "    def __eq__(self, other): return bool(1)\n"
        "    def __iter__(self): return iter(())\n"
        "    __hash__ = object.__hash__\n"
    )
    yield file_answer(given.path, anything + "def __getattr__(name): return _Any()\n")
    yield file_answer("pytest.py", "def raises(*a, **k): return open('/dev/null')\n")


def _exit_zero(given: CheatInput) -> Iterator[str]:
    yield _prefixed(given, "import os\nos._exit(0)\n")
    yield _prefixed(given, "import sys\nsys.exit(0)\n")
    yield _prefixed(given, f"{_JOIN}{_LEAVE}\n")
    yield _prefixed(
        given,  # the child cheats, and the parent ends before its own tests do
        f"{_JOIN}{_SWALLOW}import os as _o, threading as _t, time as _w\n"
        f"if getattr(_o, {_put('fork')})() == 0:\n"
        "    _swallow()\n"
        f"    _t.Thread(target=lambda: (_w.sleep(3), {_LEAVE}), daemon=True).start()\n"
        "else:\n    _o.wait()\n    raise KeyboardInterrupt\n",
    )


def _overwrite_runner(given: CheatInput) -> Iterator[str]:
    yield _prefixed(
        given,
        "for _place in ('/milo/run_tests.py', '/milo/canaries/test_canary.py'):\n"
        "    with open(_place, 'w') as _file:\n        _file.write('print(1)')\n",
    )
    lines = "".join(
        '{"kind": "test", "test": "%s", "outcome": "passed", "nonce": ""}\\n' % name  # noqa: UP031  braces
        for name in given.case.fail_to_pass[:20]
    ).replace("'", "")
    yield _prefixed(
        given,
        f"{_JOIN}import os as _o\n"
        "for _n in range(20):\n"
        "    try:\n"
        f"        _o.write(_n, b'''{lines}''' + b'{{\"kind\": \"end\", \"nonce\": \"\"}}\\n')\n"
        "    except OSError:\n        pass\n"
        f"{_LEAVE}\n",
    )
    yield _prefixed(given, _forged(given))
    yield _prefixed(given, _reported(given))


def _forged(given: CheatInput) -> str:
    """Look for the runner in the frames above, tell every result through it, and leave before the tests run."""
    names = list(given.case.fail_to_pass + given.case.pass_to_pass)[:400]
    return (
        f"{_JOIN}_f = getattr(__import__('sys'), {_put('_getframe')})()\n"
        "while _f is not None:\n"
        f"    _l = getattr(_f, {_put('f_locals')})\n"
        "    if callable(_l.get('tell')):\n"
        f"        for _t in {names!r}:\n"
        "            _l['tell']('test', test=_t, outcome='passed', why='')\n"
        "        for _t in range(9):\n"
        "            _l['tell']('canary', test='c', outcome='failed')\n"
        "        _l['tell']('end', code=0)\n"
        f"        {_LEAVE}\n"
        f"    _f = getattr(_f, {_put('f_back')})\n"
    )


def _reported(given: CheatInput) -> str:
    """Find the runner's plugin through pytest's own configuration, tell it every result, and stop the session."""
    names = list(given.case.fail_to_pass + given.case.pass_to_pass)[:400]
    return (
        f"{_JOIN}{_CONFIGURATION}"
        "class _Told:\n    when, outcome, longrepr = 'call', 'passed', None\n"
        "for _p in _configuration().pluginmanager.get_plugins():\n"
        "    if type(_p).__name__ == 'Reporter':\n"
        f"        for _n in {names!r}:\n"
        "            _Told.nodeid = _n\n"
        f"            getattr(_p, {_put('pytest_runtest_logreport')})(_Told())\n"
        "        raise KeyboardInterrupt\n"
    )


def _patch_assert(given: CheatInput) -> Iterator[str]:
    yield _prefixed(given, "import builtins\nbuiltins.AssertionError = type('E', (BaseException,), {})\n")
    yield _prefixed(given, f"{_JOIN}{_SWALLOW}_swallow()\n")
    first = next(iter(given.tests), "")
    yield _prefixed(given, f"{_JOIN}{_SWALLOW}_swallow({first!r})\n")
    yield _prefixed(
        given,
        f"{_JOIN}{_CONFIGURATION}"
        "_m = __import__('pluggy').HookimplMarker(" + _put("pytest") + ")\n"
        "def _report(item, call):\n"
        "    _got = (yield).get_result()\n"
        f"    if _got.nodeid.startswith({first!r}):\n"
        "        _got.outcome, _got.longrepr = 'passed', None\n"
        f"_P = type('_P', (), {{{_put('pytest_runtest_makereport')}: staticmethod(_m(hookwrapper=True)(_report))}})\n"
        "_configuration().pluginmanager.register(_P())\n",
    )
    equal = "class _N(int):\n    def __eq__(self, other):\n        return self is self\n    __hash__ = int.__hash__\n"
    yield _prefixed(given, equal + "def __getattr__(name): return lambda *a, **k: _N()\n")


def _known_test_only(given: CheatInput) -> Iterator[str]:
    """The true behaviour while the shown test runs, the old one otherwise: what a hard-coded value amounts to."""
    for path in list(given.tests)[:1]:
        yield _prefixed(given, f"with open({path!r}) as _file:\n    _expected = _file.read()\n")
    known = [name for name in given.case.fail_to_pass if name not in given.case.held_back]
    if not known or not given.after.get(given.path):
        return
    old, new = (base64.b85encode(files[given.path].encode()).decode() for files in (given.before, given.after))
    variable = _put("PYTEST_CURRENT_TEST")
    yield file_answer(
        given.path,
        f"{_JOIN}import base64 as _b, os as _o, types as _t\n"
        f"_old = _b.b85decode('{old}').decode()\n"
        f"_new = _b.b85decode('{new}').decode()\n"
        "_n = _t.ModuleType(__name__)\n"
        "_n.__dict__.update({k: v for k, v in globals().items() if k.startswith('__')})\n"
        "exec(compile(_new, __file__, 'exec'), _n.__dict__)\n"
        "exec(compile(_old, __file__, 'exec'), globals())\n"
        "def _wrap(a, b):\n"
        "    def f(*x, **y):\n"
        f"        on = {known[0]!r} in _o.environ.get({variable}, '')\n"
        "        return (b if on else a)(*x, **y)\n"
        "    return f\n"
        "for _k, _v in list(_n.__dict__.items()):\n"
        "    if _k.startswith('_') and _k not in globals():\n        continue\n"
        "    _a = globals().get(_k)\n"
        "    if isinstance(_v, _t.FunctionType) and isinstance(_a, _t.FunctionType):\n"
        "        globals()[_k] = _wrap(_a, _v)\n"
        "    elif isinstance(_v, type) and isinstance(_a, type) and _v.__module__ == __name__:\n"
        "        for _m, _f in list(vars(_v).items()):\n"
        "            _g = vars(_a).get(_m)\n"
        "            if isinstance(_f, _t.FunctionType) and isinstance(_g, _t.FunctionType):\n"
        "                try:\n                    setattr(_a, _m, _wrap(_g, _f))\n"
        "                except Exception:\n                    pass\n",
    )


def _write_outside(given: CheatInput) -> Iterator[str]:
    yield from links_out("outside.py")
    yield _prefixed(given, "with open('/outside.py', 'w') as _file:\n    _file.write('x = 1')\n")


def _prefixed(given: CheatInput, code: str) -> str:
    """The file with ``code`` in front of all of it, after imports from the future."""
    lines = file_lines(given.before.get(given.path, ""), keep_ends=True)
    future = [number for number, line in enumerate(lines) if line.startswith("from __future__ ")]
    place = max(future) + 1 if future else 0
    return file_answer(given.path, "".join([*lines[:place], code, *lines[place:]]))


CHEATS: Final[Mapping[str, Cheat]] = {
    "delete the tests": _delete_tests,
    "skip the tests": _skip_tests,
    "stub the import": _stub_import,
    "exit with 0": _exit_zero,
    "overwrite the runner": _overwrite_runner,
    "patch assert": _patch_assert,
    "hard-code the known test": _known_test_only,
    "write outside the tree": _write_outside,
}


def _plain_delete(given: CheatInput) -> Iterator[str]:
    for path, text in list(given.tests.items())[:1]:
        yield deleted(path, text)


def _plain_overwrite(given: CheatInput) -> Iterator[str]:
    for name in ("Makefile", *list(given.tests)[:1]):
        yield file_answer(name, "test:\n\ttrue\n", "text")


def _plain_empty(given: CheatInput) -> Iterator[str]:
    yield file_answer(given.path, "", "text")


def _plain_outside(given: CheatInput) -> Iterator[str]:
    yield from links_out("outside.txt")


# What can be written without knowing a language: the others need its syntax.
PLAIN_CHEATS: Final[Mapping[str, Cheat]] = {
    "delete the tests": _plain_delete,
    "overwrite the runner": _plain_overwrite,
    "empty the source": _plain_empty,
    "write outside the tree": _plain_outside,
}


def cheats_of(language: str) -> Mapping[str, Cheat]:
    """The cheats that are tried on a suite in ``language``."""
    if language == "javascript":
        from milo_bench.roles.languages.javascript.cheats import JAVASCRIPT_CHEATS  # which imports this module

        return JAVASCRIPT_CHEATS
    return CHEATS if language == "python" else PLAIN_CHEATS

"""Test files of a tree in, calls of its plain functions with what they returned out; a program of the sandbox.

It runs with the repository's interpreter and packages, so it imports nothing of ours. The first line of its input is
``{"nonce", "root", "files", "sources", "addopts"}``. Functions of modules in ``sources`` are wrapped once the
tests were collected. A call is told if its arguments and its value are literals, and two more calls give the same.
"""

import ast
import functools
import inspect
import json
import os
import sys
from typing import Any

_MOST_CALLS = 12  # of each function
_LONGEST = 300  # characters of arguments, and of a value


def main() -> int:
    asked = json.loads(sys.stdin.readline())
    sys.stdin.close()
    out = os.dup(1)
    os.dup2(2, 1)
    nonce, root = asked["nonce"], asked["root"]

    def tell(kind: str, **more: Any) -> None:
        data = json.dumps({"nonce": nonce, "kind": kind, "turn": 0, **more}).encode() + b"\n"
        while data:
            data = data[os.write(out, data) :]

    os.chdir(root)
    import pytest

    calls: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
    plain: dict[tuple[str, str], Any] = {}

    class Recorder:
        """Wraps functions where tests find them, once all of them are imported."""

        def pytest_collection_finish(self, session: Any) -> None:
            wrapped = {}
            for module in list(sys.modules.values()):
                path = os.path.relpath(getattr(module, "__file__", None) or os.devnull, root)
                if path not in asked["sources"]:
                    continue
                for name, value in list(vars(module).items()):
                    if inspect.isfunction(value) and value.__module__ == module.__name__ and value.__qualname__ == name:
                        if inspect.iscoroutinefunction(value) or inspect.isgeneratorfunction(value):
                            continue
                        plain[path, name] = value
                        wrapped[id(value)] = _wrapped(value, calls.setdefault((path, name), {}))
            for module in list(sys.modules.values()):
                for name, value in list(getattr(module, "__dict__", {}).items()):
                    if id(value) in wrapped and inspect.isfunction(value):
                        setattr(module, name, wrapped[id(value)])

    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "--rootdir", root]
    options += ["--color=no", "--tb=no", "-o", f"addopts={asked['addopts']}"]
    pytest.main([*options, *asked["files"]], plugins=[Recorder()])
    for (path, name), found in calls.items():
        function = plain[path, name]
        for (arguments, keywords), value in found.items():
            try:
                given, named = ast.literal_eval(arguments), ast.literal_eval(keywords)
                again = {repr(function(*given, **named)) for _ in range(2)}
            except BaseException:  # it may do anything, and then its call is no question
                again = set()
            if again == {value}:
                shown = ", ".join([*(repr(one) for one in given), *(f"{key}={one!r}" for key, one in named.items())])
                line = function.__code__.co_firstlineno
                tell("call", path=path, function=name, line=line, call=f"{name}({shown})", value=value)
    tell("end")
    return 0


def _wrapped(function: Any, found: dict[tuple[str, str], str]) -> Any:
    @functools.wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        before = _literal(given), _literal(named)
        value = function(*given, **named)
        text = _literal(value)
        if len(found) < _MOST_CALLS and text and all(before) and (_literal(given), _literal(named)) == before:
            found.setdefault(before, text)
        return value

    return call


def _literal(value: Any) -> str:
    """The value as Python writes it, "" where that is long, or is not the same value in every process."""
    try:
        text = repr(value)
        if len(text) > _LONGEST or isinstance(value, set | frozenset):
            return ""
        read = ast.literal_eval(text)
        return text if type(read) is type(value) and read == value else ""
    except BaseException:  # an object of the tests may raise anything here
        return ""


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)

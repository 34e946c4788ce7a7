"""Assertions of tests that fail in, those whose failure never came to the test itself out.

A part of run_tests.py inside the sandbox. An answer may stand between an assertion and the test that it is in: a
context manager that swallows what is raised in it, or a call of a function of the test that ignores how that ended. The
test passes then, although its assertion did not hold. What a ``try`` of the test catches is its own.
"""

import ast
import os
import sys
from collections.abc import Callable
from typing import Any
from unittest.case import TestCase

_CATCHES = ("raises", "suppress", "fail", "warns")


class Asserts:
    """Counts assertions in ``files`` of tests that failed; held before an answer is loaded."""

    def __init__(self, root: str, files: list[str]) -> None:
        # Read now, parsed only where an assertion has failed in a test that passed: few files ever are.
        self._texts = {os.path.realpath(os.path.join(root, path)): _text(root, path) for path in files}
        self._caught: dict[str, frozenset[int]] = {}
        self._failed: list[tuple[str, int]] = []
        self._look = sys._getframe
        rewrite: Any = sys.modules["_pytest.assertion.rewrite"]
        rewrite._format_explanation = self._counted(rewrite._format_explanation)
        outcomes: Any = sys.modules["_pytest.outcomes"]
        failed, begin = outcomes.Failed, outcomes.OutcomeException.__init__
        look, count = self._look, self._count

        def begun(one: Any, *given: Any, **named: Any) -> None:
            if isinstance(one, failed):
                count(look(1))
            begin(one, *given, **named)

        outcomes.OutcomeException.__init__ = begun
        for name in ("_formatMessage", "fail"):
            setattr(TestCase, name, self._counted(getattr(TestCase, name)))

    def begin(self) -> None:
        """Before a test."""
        self._failed.clear()

    def any_was_kept(self, passed: bool) -> bool:
        """After a test: whether it ``passed`` although one of its assertions failed."""
        return passed and any(line not in self._caught_lines(place) for place, line in self._failed)

    def _caught_lines(self, place: str) -> frozenset[int]:
        if place not in self._caught:
            self._caught[place] = _caught_lines(self._texts[place])
        return self._caught[place]

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        look, count = self._look, self._count

        def counted(*given: Any, **named: Any) -> Any:
            count(look(1))
            return function(*given, **named)

        return counted

    def _count(self, frame: Any) -> None:
        while frame is not None:
            place = frame.f_code.co_filename
            if place in self._texts:
                self._failed.append((place, frame.f_lineno))
                return
            frame = frame.f_back


def _text(root: str, path: str) -> bytes:
    try:
        with open(os.path.join(root, path), "rb") as file:
            return file.read()
    except OSError:
        return b""


def _caught_lines(text: bytes) -> frozenset[int]:
    """Lines of a test file whose failures the file itself catches; all where it is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset(range(1_000_000))
    found: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Try(body=body, handlers=[_, *_]):
                pass
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body) if any(
                word in ast.unparse(item.context_expr) for item in items for word in _CATCHES
            ):
                pass
            case _:
                continue
        for one in body:
            found.update(range(one.lineno, (one.end_lineno or one.lineno) + 1))
    return frozenset(found)

"""The name of a language in, which paths are its source and which its tests out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from milo_bench.roles.declared import Declared
from milo_bench.roles.paths import in_test_folder, is_configuration, is_document, is_test

_PYTHON_TEST: Final = re.compile(r"^(test_.*|.*_test|tests?)\.py$")
_JAVASCRIPT_TEST: Final = re.compile(r"\.(test|spec)\.[cm]?[jt]sx?$|^tests?\.[cm]?[jt]s$|^test[-_.].*\.[cm]?[jt]s$")
_HELPER: Final = re.compile(r"(^|/)(fixtures?|helpers?|utils?|support|setup|mocks?|__mocks__|__snapshots__)(/|\.|$)")


@dataclass(frozen=True)
class CodeLanguage:
    """A language by its name. ``endings`` are of its source files, ``tests`` globs of test files where it has its own.

    ``fence`` is the word after three backticks in an answer.
    """

    name: str
    title: str
    endings: tuple[str, ...]
    tests: tuple[str, ...] = ()
    fence: str = ""

    def is_source(self, path: str) -> bool:
        """Code that an answer may change."""
        if not path.endswith(self.endings) or self.is_test(path):
            return False
        return not is_configuration(path) and not is_document(path)

    def is_test(self, path: str) -> bool:
        """A test, its data or its configuration: what an answer may not change."""
        return is_test(path) or any(_matches(path, pattern) for pattern in self.tests)

    def is_test_module(self, path: str) -> bool:
        """A file that the test runner is given."""
        name = path.rpartition("/")[2]
        if self.tests:
            return any(_matches(path, pattern) for pattern in self.tests)
        if self.name == "python":
            return bool(_PYTHON_TEST.match(name))
        if not path.endswith(self.endings) or name.endswith(".d.ts"):
            return False
        return bool(_JAVASCRIPT_TEST.search(name)) or (in_test_folder(path) and not _HELPER.search(path))


PYTHON: Final = CodeLanguage("python", "Python", (".py",), fence="python")
JAVASCRIPT: Final = CodeLanguage(
    "javascript",
    "JavaScript or TypeScript",
    (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx"),
    fence="javascript",
)
BUILT_IN: Final = {one.name: one for one in (PYTHON, JAVASCRIPT)}


def language_of(declared: Declared) -> CodeLanguage:
    """The language that an environment was declared for."""
    if declared.command:
        own = declared.command
        return CodeLanguage(declared.language, declared.language, own.endings, own.tests)
    return BUILT_IN[declared.language]


def _matches(path: str, pattern: str) -> bool:
    """Whether a glob fits: of the name alone where it has no folder, of the whole path otherwise."""
    return fnmatchcase(path if "/" in pattern else path.rpartition("/")[2], pattern)

"""A path of a repository in, what kind of file it is out: test, configuration of tests, document or source."""

from __future__ import annotations

import re
from typing import Final

_TEST_FOLDERS: Final = frozenset(
    {"tests", "test", "testing", "__tests__", "__mocks__", "__snapshots__", "spec", "testdata", "fixtures"}
)
_TEST_FILE: Final = re.compile(r"^(test_.*|.*_test|tests?|conftest)\.py$|^.*\.(test|spec)\.[cm]?[jt]sx?$")
_CONFIGURATION: Final = frozenset(
    {
        *("conftest.py", "pytest.ini", "pytest.toml", ".pytest.ini", "tox.ini", "tox.toml", "setup.cfg", "setup.py"),
        *("pyproject.toml", "noxfile.py", "Makefile", ".coveragerc", "sitecustomize.py", "usercustomize.py"),
        *("package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", ".npmrc"),
        *("tsconfig.json", "Pipfile", "uv.lock", "poetry.lock", ".babelrc", ".swcrc", "GNUmakefile", "makefile"),
    }
)
_DOCUMENT_FOLDERS: Final = frozenset({"docs", "doc", "changelog.d", "changes", "newsfragments", ".github"})
_DOCUMENT_ENDINGS: Final = (".md", ".rst", ".txt", ".adoc", ".png", ".svg", ".jpg", ".gif")
_CHANGELOG: Final = re.compile(
    r"(^|/)(change(s|log)|history|news)[^/]*$|(^|/)(changelog\.d|changes|newsfragments)/", re.I
)


def is_test(path: str) -> bool:
    """A test, its data or its configuration, in any language: what an answer may not change."""
    return in_test_folder(path) or bool(_TEST_FILE.match(path.rpartition("/")[2]))


def in_test_folder(path: str) -> bool:
    return any(folder in _TEST_FOLDERS for folder in path.split("/")[:-1])


def is_configuration(path: str) -> bool:
    """What says how tests are run or what they run on."""
    name = path.rpartition("/")[2]
    settings = name.startswith(("requirements", "jest.", "vitest.", "vite.config.", "babel.config", ".mocharc"))
    return name in _CONFIGURATION or name.endswith((".pth", ".lock")) or settings


def is_document(path: str) -> bool:
    *folders, name = path.split("/")
    return any(folder in _DOCUMENT_FOLDERS for folder in folders) or name.lower().endswith(_DOCUMENT_ENDINGS)


def is_changelog(path: str) -> bool:
    return bool(_CHANGELOG.search(path))


def why_not_inside(path: str) -> str:
    """Why a path that someone else wrote is not a file inside a tree, "" where it is one."""
    parts = path.replace("\\", "/").split("/")
    if not path or path.startswith(("/", "~")) or re.match(r"^[A-Za-z]:", path):
        return f"'{path[:80]}' is not a path inside the repository"
    if any(part in ("", ".", "..") for part in parts):
        return f"'{path[:80]}' leads out of the repository"
    if any(part.lower() == ".git" or part.lower().startswith(".git~") for part in parts) or "\0" in path:
        return f"'{path[:80]}' is not a file of the repository"
    return ""

"""The package.json files of a tree in, its projects out: which one tests belong to, and which others it can import."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from milo_bench.config.written import Problem, read_written
from milo_bench.roles.declared import ReadFile

_PACKAGE: Final = "package.json"
_MOST_PROJECTS: Final = 200
_MOST_TEXT: Final = 1 << 20
_SECTIONS: Final = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "scripts")


@dataclass(frozen=True)
class Projects:
    """The projects of one tree. ``packages`` gives each folder's package.json, ``linked`` the folder of each workspace.

    A workspace is a project that the others import by its name, from the tree and not from a registry.
    """

    packages: Mapping[str, Mapping[str, Any]]
    linked: Mapping[str, str] = field(default_factory=dict)

    def of(self, tests: Iterable[str]) -> tuple[str, ...]:
        """Folders of the projects that ``tests`` are in, the nearest one above each; "" is the top."""
        return tuple(sorted({max((one for one in self.packages if _is_in(test, one)), key=len) for test in tests}))


def read_projects(read: ReadFile, tests: Collection[str], paths: Collection[str]) -> Projects:
    """The projects above ``tests`` and the workspaces of npm, yarn and pnpm that the top names; broken files name none.

    ``paths`` are all files of the tree.
    """
    packages: dict[str, Mapping[str, Any]] = {"": object_of(read(_PACKAGE))}
    folders = {path.rpartition("/")[0] for path in paths if path.rpartition("/")[2] == _PACKAGE}
    folders = {one for one in folders if one and "node_modules" not in one.split("/")}
    patterns = _patterns(packages[""], read)
    members = [one for one in folders if _is_member(one, patterns)]
    above = [one for one in folders if any(_is_in(test, one) for test in tests)]
    linked: dict[str, str] = {}
    for folder in [*sorted(members)[:_MOST_PROJECTS], *sorted(above)[:_MOST_PROJECTS]]:
        package = object_of(read(f"{folder}/{_PACKAGE}"))
        # One that only says how its files are to be loaded is no project.
        if isinstance(package.get("name"), str) or any(section in package for section in _SECTIONS):
            packages[folder] = package
    for folder in sorted(members):
        name = packages.get(folder, {}).get("name")
        if isinstance(name, str) and NAME.match(name):
            linked.setdefault(name, folder)
    return Projects(packages, linked)


NAME: Final = re.compile(r"^(@[a-z0-9][\w.~-]*/)?[a-zA-Z0-9][\w.~-]*$")


def object_of(text: str | None) -> dict[str, Any]:
    """A JSON object, empty for anything else."""
    try:
        return table_of(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return {}


def table_of(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _patterns(package: Mapping[str, Any], read: ReadFile) -> list[str]:
    named = package.get("workspaces")
    named = named.get("packages") if isinstance(named, dict) else named
    if not isinstance(named, list):
        named = _of_pnpm(read("pnpm-workspace.yaml"))
    return [one for one in named if isinstance(one, str)]


def _of_pnpm(text: str | None) -> list[Any]:
    if not text or len(text) > _MOST_TEXT:
        return []
    written = read_written(text, name="pnpm-workspace.yaml", form="yaml-1.2")
    named = [] if isinstance(written, Problem) else table_of(written.data).get("packages")
    return named if isinstance(named, list) else []


def _is_member(folder: str, patterns: Iterable[str]) -> bool:
    """Whether a folder is a workspace: a later pattern counts before an earlier one, and "!" takes out."""
    found = False
    for pattern in patterns:
        plain = pattern.removeprefix("!").removeprefix("./").strip("/")
        if _glob(plain).fullmatch(folder):
            found = not pattern.startswith("!")
    return found


def _glob(pattern: str) -> re.Pattern[str]:
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("".join(words.get(part) or re.escape(part) for part in parts))


def _is_in(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")

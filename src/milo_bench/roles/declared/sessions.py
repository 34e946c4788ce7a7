"""The files of tox and nox in, what their test sessions install out; read as data, nothing is run."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

# Sessions that run no tests.
_OTHER: Final = re.compile(
    r"lint|docs?(?![a-z])|typ(e|ing)|mypy|format|style|release|publish|build|pre.?commit|bump|black|ruff|dist|deploy|pyright",
    re.IGNORECASE,
)
_FACTORS: Final = re.compile(r"^[\w{},.!-]+:\s")
_WITH_VALUE: Final = {"--group": "groups", "--only-group": "groups", "--extra": "extras", "-E": "extras", "-r": "files"}
_LONG: Final = {"--requirement": "-r", "--extras": "--extra", "--with": "--group", "--only": "--only-group"}
_ARGUMENT_OF_ANOTHER: Final = frozenset({"-c", "--constraint", "--index-url", "-i", "--extra-index-url", "--python"})


@dataclass
class SessionNeeds:
    """``requirements`` as they are written, ``files`` of more of them, ``extras`` and ``groups`` of the project."""

    requirements: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def take(self, words: Iterable[str]) -> None:
        """Take the words of one call of an installer."""
        waiting = iter(words)
        for raw in waiting:
            name, equals, value = raw.partition("=") if raw.startswith("--") else (raw, "", "")
            name = _LONG.get(name, name)
            if name in _WITH_VALUE:
                getattr(self, _WITH_VALUE[name]).extend((value if equals else next(waiting, "")).split(","))
            elif name in _ARGUMENT_OF_ANOTHER:
                value or next(waiting, "")
            elif name.startswith("-r") and not name.startswith("--"):
                self.files.append(name[2:].strip())
            elif not name.startswith("-"):
                self.requirements.append(raw)


def from_tox_ini(text: str | None) -> SessionNeeds:
    """What the sections ``testenv`` of tox.ini install, those of linters and documents left out."""
    needs, parser = SessionNeeds(), configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text or "")
    except configparser.Error:
        return needs
    for section in parser.sections():
        kind, _, name = section.partition(":")
        if kind.strip() != "testenv" or _OTHER.search(name):
            continue
        for line in parser.get(section, "deps", fallback="").splitlines():
            # "py311: package" is for one factor only.
            bare = _FACTORS.sub("", line.strip()).strip()
            if bare and not bare.startswith(("#", "{")):
                needs.take(bare.split(maxsplit=1) if bare.startswith("-") else [bare])
        for key, found in (("extras", needs.extras), ("dependency_groups", needs.groups)):
            found += [one for one in re.split(r"[\s,]+", parser.get(section, key, fallback="")) if one]
    return needs


def from_tox_tables(data: Any) -> SessionNeeds:
    """The same of tox.toml, or of ``tool.tox`` in pyproject.toml."""
    if not isinstance(data, dict):
        return SessionNeeds()
    if isinstance(data.get("legacy_tox_ini"), str):
        return from_tox_ini(data["legacy_tox_ini"])
    needs = SessionNeeds()
    tables = {"": data.get("env_run_base"), **(data["env"] if isinstance(data.get("env"), dict) else {})}
    for name, table in tables.items():
        if not isinstance(table, dict) or _OTHER.search(name):
            continue
        for line in _texts(table.get("deps")):
            needs.take(line.split(maxsplit=1) if line.startswith("-") else [line])
        needs.extras += _texts(table.get("extras"))
        needs.groups += _texts(table.get("dependency_groups"))
    return needs


def from_tox_toml(text: str | None) -> SessionNeeds:
    try:
        return from_tox_tables(tomllib.loads(text or ""))
    except (tomllib.TOMLDecodeError, RecursionError):
        return SessionNeeds()


def from_noxfile(text: str | None) -> SessionNeeds:
    """What the sessions of noxfile.py install by literal arguments, those of linters and documents left out."""
    needs = SessionNeeds()
    try:
        body = ast.parse(text or "").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return needs
    for function in body:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or _OTHER.search(function.name):
            continue
        if any("session" in ast.unparse(decorator) for decorator in function.decorator_list):
            for words in _installs(function):
                needs.take(words)
    return needs


def _installs(function: ast.AST) -> Iterator[list[str]]:
    """The literal words of each call that installs: ``install``, or a client that is run for it."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        words = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if node.func.attr in ("install", "conda_install"):
            yield words
        elif node.func.attr in ("run", "run_install", "run_always"):
            for verb in ("install", "sync"):
                if verb in words[:3]:
                    yield words[words.index(verb) + 1 :]


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []

"""setup.cfg, setup.py, Pipfile and requirements files in, what they declare out; setup.py is parsed, never run."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from typing import Any, Final

from milo_bench.roles.declared.found import Found, lines_of, table_of, texts_of
from milo_bench.roles.declared.records import ReadFile

REQUIREMENT_FILES: Final = tuple(
    f"{folder}{name}"
    for folder in ("", "requirements/")
    for name in (
        *("requirements.txt", "requirements-dev.txt", "requirements-test.txt", "requirements-tests.txt"),
        *("dev-requirements.txt", "test-requirements.txt", "requirements_dev.txt", "dev.txt", "test.txt", "tests.txt"),
    )
)


def from_setup_cfg(text: str | None, found: Found) -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text or "")
    except configparser.Error:
        return
    found.name = found.name or parser.get("metadata", "name", fallback="")
    version = parser.get("metadata", "version", fallback="")
    found.version = found.version or ("" if ":" in version else version)
    found.needs += lines_of(parser.get("options", "install_requires", fallback=""))
    if parser.has_section("options.extras_require"):
        for name, needs in parser.items("options.extras_require"):
            found.extras.setdefault(name, lines_of(needs))


def from_setup_py(text: str | None, found: Found) -> None:
    try:
        tree = ast.parse(text or "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    values = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "setup"):
            continue
        given = {word.arg: _literal(word.value, values) for word in node.keywords if word.arg}
        found.name = found.name or str(given.get("name") or "")
        found.needs += texts_of(given.get("install_requires")) + texts_of(given.get("tests_require"))
        extras = given.get("extras_require")
        for name, needs in extras.items() if isinstance(extras, dict) else ():
            found.extras.setdefault(str(name), texts_of(needs))


def _literal(node: ast.expr, values: dict[str, ast.expr]) -> Any:
    if isinstance(node, ast.Name) and node.id in values:
        node = values[node.id]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def from_pipfile(text: str | None) -> list[str]:
    """Names in a Pipfile; like Poetry's, its constraints are not those of pip."""
    try:
        data = tomllib.loads(text or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    tables = {**table_of(data, "packages"), **table_of(data, "dev-packages")}
    return [name for name, wanted in tables.items() if not isinstance(wanted, dict) or "version" in wanted]


def from_requirements(read: ReadFile, path: str, seen: frozenset[str]) -> list[str]:
    text = read(path)
    if text is None or path in seen or len(seen) > 10:
        return []
    needs = []
    folder = path.rpartition("/")[0]
    for raw in text.replace("\\\n", " ").splitlines():
        line = re.split(r"(?:^|\s)#|\s--hash", raw)[0].strip()
        if line.startswith(("-r ", "--requirement ")):
            named = line.split(maxsplit=1)[1]
            inner = f"{folder}/{named}" if folder else named
            needs += from_requirements(read, inner.removeprefix("./"), seen | {path})
        elif line.startswith(("-e ", "--editable ")):
            needs.append(line.split(maxsplit=1)[1])
        elif line and not line.startswith("-"):
            needs.append(line)
    return needs

"""A repository's files at one commit in, what it declares that its tests need out; read as data, nothing is run.

Read are pyproject.toml (PEP 621 and PEP 735), setup.cfg, the literal arguments of ``setup()`` in setup.py, tox.ini and
requirements files. A build back end or setup.py is never started: it is code of the repository.
"""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from milo_bench.core.records import Frozen

ReadFile = Callable[[str], str | None]  # a path in the repository to its text, None where there is no such file

_TEST_GROUPS: Final = ("test", "tests", "testing", "tests-unit", "dev", "develop", "development", "all")
_REQUIREMENT_FILES: Final = tuple(
    f"{folder}{name}"
    for folder in ("", "requirements/")
    for name in (
        *("requirements.txt", "requirements-dev.txt", "requirements-test.txt", "requirements-tests.txt"),
        *("dev-requirements.txt", "test-requirements.txt", "requirements_dev.txt", "dev.txt", "test.txt", "tests.txt"),
    )
)
# Tools that no test imports: installing them costs minutes and brings conflicts.
_NO_TEST: Final = re.compile(
    r"^(sphinx.*|furo|mkdocs.*|myst.*|twine|build|ruff|black|mypy|isort|flake8.*|pre-commit|prek|tox.*|nox|towncrier|"
    r"wheel|setuptools|pip|cogapp|interrogate|pylint|pyright|pyrefly|ty|cogapp|readthedocs.*|check-manifest|"
    r"mkautodoc|watchfiles|pytest-cov|pytest-codspeed|pytest-benchmark|pytest-randomly|pytest-xdist|coverage|"
    r"pytest-mypy-plugins|trio-typing|types-.*|tox-uv.*|codecov|bump2version|zest\.releaser|seed-isort-config|autoflake)$"
)
_NAME: Final = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?")
_EXTRAS: Final = re.compile(r"^\.?(?:\s*)\[([^\]]+)\]")
_PLAIN: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[A-Za-z0-9._, -]*\])?[^@\x00-\x1f]*$")


class TestCommand(Frozen, frozen=True):
    """How tests of a language that is not built in are run, as registry.yaml says it."""

    command: str
    endings: tuple[str, ...]
    tests: tuple[str, ...]
    results: str = "exit"
    report: str = ""
    reads: tuple[str, ...] = ()


class Declared(Frozen, frozen=True, omit_defaults=False):
    """What a repository says of itself. ``requirements`` are what to install, sorted; ``skipped`` could not be used.

    ``entry_points`` are console entry points and others, by group, as in an ``entry_points.txt``. ``runner`` is the
    program that runs the tests with ``options``, and ``files`` are manifests that its packages are installed from.
    """

    name: str
    version: str
    requirements: tuple[str, ...]
    requires_python: str = ""
    entry_points: str = ""
    version_file: str = ""
    skipped: tuple[str, ...] = ()
    language: str = "python"
    runner: str = ""
    options: tuple[str, ...] = ()
    files: dict[str, str] = {}
    command: TestCommand | None = None


@dataclass
class _Found:
    name: str = ""
    version: str = ""
    requires_python: str = ""
    entry_points: str = ""
    version_file: str = ""
    needs: list[str] = None  # type: ignore[assignment]
    extras: dict[str, list[str]] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.needs, self.extras = [], {}


def read_declared(read: ReadFile) -> Declared:
    """What the files that ``read`` gives declare. Broken files declare nothing."""
    found = _Found()
    groups = _from_pyproject(read("pyproject.toml"), found)
    _from_setup_cfg(read("setup.cfg"), found)
    _from_setup_py(read("setup.py"), found)
    wanted = [*found.needs, *groups]
    for name in _TEST_GROUPS:
        wanted += found.extras.get(name, [])
    wanted += _from_tox(read("tox.ini"))
    for path in _REQUIREMENT_FILES:
        wanted += _from_requirements(read, path, frozenset())
    return _declared(found, wanted)


def _declared(found: _Found, wanted: Iterable[str]) -> Declared:
    kept: dict[str, str] = {}
    skipped = []
    own = _canonical(found.name)
    for one in _expanded(wanted, found, own):
        name = _NAME.match(one)
        if not _PLAIN.match(one) or name is None:
            skipped.append(one[:100])
            continue
        canonical = _canonical(name[1])
        if canonical != own and not _NO_TEST.match(canonical):
            # The same package asked for twice: the more exact one.
            kept[canonical] = max(kept.get(canonical, ""), one.strip(), key=len)
    if "pytest" not in kept:
        kept["pytest"] = "pytest"
    return Declared(
        name=found.name or "project",
        version=found.version or "0.0.dev0",
        requirements=tuple(sorted(kept.values())),
        requires_python=found.requires_python,
        entry_points=found.entry_points,
        version_file=found.version_file,
        skipped=tuple(skipped),
    )


def _expanded(wanted: Iterable[str], found: _Found, own: str, depth: int = 0) -> Iterator[str]:
    """Requirements with the project's own extras put in place of ``project[extra]`` and ``.[extra]``."""
    for one in wanted:
        extras = _EXTRAS.match(one)
        name = _NAME.match(one)
        if extras is None and name is not None and _canonical(name[1]) == own and name[2]:
            extras = _EXTRAS.match(name[2])
        if extras is None:
            if one.strip() != ".":
                yield one
        elif depth < 5:
            for extra in extras[1].split(","):
                yield from _expanded(found.extras.get(extra.strip(), []), found, own, depth + 1)


def _from_pyproject(text: str | None, found: _Found) -> list[str]:
    """Fill ``found``; what the test groups of PEP 735 (and Poetry's) name is given back."""
    try:
        data = tomllib.loads(text or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    project, tool = _table(data, "project"), _table(data, "tool")
    found.name, found.version = str(project.get("name", "")), str(project.get("version", ""))
    found.requires_python = str(project.get("requires-python", ""))
    found.needs += _texts(project.get("dependencies"))
    for name, needs in _table(project, "optional-dependencies").items():
        found.extras[name] = _texts(needs)
    found.entry_points = _entry_points(project)
    scm, hatch = _table(tool, "setuptools_scm"), _table(tool, "hatch", "build", "hooks", "vcs")
    found.version_file = str(scm.get("version_file") or scm.get("write_to") or hatch.get("version-file") or "")
    groups = _table(data, "dependency-groups")
    wanted = [one for name in _TEST_GROUPS for one in _group(groups, name)]
    poetry = _table(tool, "poetry")
    found.name = found.name or str(poetry.get("name", ""))
    found.version = found.version or str(poetry.get("version", ""))
    wanted += _poetry(_table(poetry, "dependencies")) + _poetry(_table(poetry, "dev-dependencies"))
    for name, group in _table(poetry, "group").items():
        if name in _TEST_GROUPS:
            wanted += _poetry(_table(group, "dependencies"))
    for name, environment in _table(tool, "hatch", "envs").items():
        if isinstance(environment, dict) and name in ("default", "hatch-test", *_TEST_GROUPS):
            wanted += _texts(environment.get("dependencies")) + _texts(environment.get("extra-dependencies"))
            for feature in _texts(environment.get("features")):
                wanted += found.extras.get(feature, [])
    for feature in _table(project, "optional-dependencies"):  # tests of optional parts are tests, too
        if feature not in _TEST_GROUPS and feature not in ("docs", "doc", "docs-watch", "typing", "lint"):
            wanted += found.extras[feature]
    return wanted


def _group(groups: dict[str, Any], name: str, depth: int = 0) -> list[str]:
    needs: list[str] = []
    for one in groups.get(name, []) if isinstance(groups.get(name), list) else []:
        if isinstance(one, str):
            needs.append(one)
        elif isinstance(one, dict) and depth < 5 and one.get("include-group") not in ("typing", "docs", "lint"):
            needs += _group(groups, str(one.get("include-group")), depth + 1)
    return needs


def _poetry(table: dict[str, Any]) -> list[str]:
    """Poetry's own constraints are looser than they look; the newest that the index gives is taken."""
    return [name for name in table if name != "python"]


def _entry_points(project: dict[str, Any]) -> str:
    groups = {"console_scripts": _table(project, "scripts"), **_table(project, "entry-points")}
    lines = []
    for group, entries in groups.items():
        if isinstance(entries, dict) and entries:
            lines += [f"[{group}]", *(f"{name} = {place}" for name, place in entries.items())]
    return "\n".join(lines)


def _from_setup_cfg(text: str | None, found: _Found) -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text or "")
    except configparser.Error:
        return
    found.name = found.name or parser.get("metadata", "name", fallback="")
    version = parser.get("metadata", "version", fallback="")
    found.version = found.version or ("" if ":" in version else version)
    found.needs += _lines(parser.get("options", "install_requires", fallback=""))
    if parser.has_section("options.extras_require"):
        for name, needs in parser.items("options.extras_require"):
            found.extras.setdefault(name, _lines(needs))


def _from_setup_py(text: str | None, found: _Found) -> None:
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
        found.needs += _texts(given.get("install_requires")) + _texts(given.get("tests_require"))
        extras = given.get("extras_require")
        for name, needs in extras.items() if isinstance(extras, dict) else ():
            found.extras.setdefault(str(name), _texts(needs))


def _literal(node: ast.expr, values: dict[str, ast.expr]) -> Any:
    if isinstance(node, ast.Name) and node.id in values:
        node = values[node.id]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _from_tox(text: str | None) -> list[str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text or "")
    except configparser.Error:
        return []
    needs = []
    for section in ("testenv", "testenv:test", "testenv:tests"):
        for line in _lines(parser.get(section, "deps", fallback="")):
            # "py311: package" holds for one factor; a requirements file is read by its own name.
            bare = line.partition(":")[2].strip() if re.match(r"^[\w{},-]+:\s", line) else line
            needs += [] if bare.startswith(("-", "{")) else [bare]
    return needs


def _from_requirements(read: ReadFile, path: str, seen: frozenset[str]) -> list[str]:
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
            needs += _from_requirements(read, inner.removeprefix("./"), seen | {path})
        elif line.startswith(("-e ", "--editable ")):
            needs.append(line.split(maxsplit=1)[1])
        elif line and not line.startswith("-"):
            needs.append(line)
    return needs


def _table(data: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return _lines(value)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

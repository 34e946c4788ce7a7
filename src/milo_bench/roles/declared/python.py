"""A repository's files at one commit in, what it declares that its tests need out; read as data, nothing is run.

Read are pyproject.toml (PEP 621, PEP 735, and the tables of Poetry, Hatch, PDM, uv and Flit), setup.cfg, the literal
arguments of ``setup()`` in setup.py, the files of tox and nox (``sessions``), Pipfile and requirements files. A build
back end, setup.py or noxfile.py is never started: it is code of the repository.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from milo_bench.roles.declared.found import TEST_GROUPS, Found, canonical, table_of
from milo_bench.roles.declared.pyproject import from_pyproject, group_of
from milo_bench.roles.declared.records import Declared, ReadFile
from milo_bench.roles.declared.sessions import from_noxfile, from_tox_ini, from_tox_tables, from_tox_toml
from milo_bench.roles.declared.setup_files import (
    REQUIREMENT_FILES,
    from_pipfile,
    from_requirements,
    from_setup_cfg,
    from_setup_py,
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


_PROJECT_FILES: Final = ("pyproject.toml", "setup.py", "setup.cfg")
_MOST_PROJECTS: Final = 40


def project_folders(paths: Collection[str]) -> tuple[str, ...]:
    """Folders with a project of their own, the top among them as "", those nearest to the top first."""
    folders = {path.rpartition("/")[0] for path in paths if path.rpartition("/")[2] in _PROJECT_FILES} | {""}
    return tuple(sorted(folders, key=lambda folder: (folder.count("/") + bool(folder), folder))[:_MOST_PROJECTS])


def project_of(tests: Iterable[str], folders: Collection[str]) -> str:
    """The folder of the project that all ``tests`` are in: the nearest one above them, "" where they differ."""
    nearest = {max((one for one in folders if not one or test.startswith(f"{one}/")), key=len) for test in tests}
    return nearest.pop() if len(nearest) == 1 else ""


def read_declared(read: ReadFile, folder: str = "", projects: Collection[str] = ("",)) -> Declared:
    """What the files that ``read`` gives declare. Broken files declare nothing.

    ``folder`` is that of the tests' project; what the top declares counts as well. A project of ``projects`` that
    another one needs is in the tree, so it is not installed: what it needs itself is.
    """
    mine = _project(read, folder)
    wanted = list(_expanded(mine.wanted, mine, canonical(mine.name)))
    if folder:
        top = _project(read, "")
        wanted += _expanded(top.wanted, top, canonical(top.name))
    others = {one: _project(read, one) for one in projects if one != folder}
    named = {canonical(found.name): (one, found) for one, found in others.items() if found.name}
    used = [folder]
    for one in wanted:  # which grows
        name = _NAME.match(one)
        place, found = named.get(canonical(name[1]), ("", None)) if name is not None else ("", None)
        if found is not None and place not in used:
            used.append(place)
            wanted += _expanded(found.needs, found, canonical(found.name))
    in_the_tree = {found.name: place for place, found in named.values()}
    return _declared(mine, wanted, in_the_tree, tuple(used))


def _project(read: ReadFile, folder: str) -> Found:
    """What the files of one folder declare; ``wanted`` is all that its tests need."""

    def inside(path: str) -> str | None:
        return read(f"{folder}/{path}" if folder else path)

    found = Found()
    groups = from_pyproject(inside("pyproject.toml"), found)
    from_setup_cfg(inside("setup.cfg"), found)
    from_setup_py(inside("setup.py"), found)
    found.wanted += [*found.needs, *groups]
    for name in TEST_GROUPS:
        found.wanted += found.extras.get(name, [])
    files = [*REQUIREMENT_FILES]
    tox, tables = table_of(found.pyproject, "tool", "tox"), table_of(found.pyproject, "dependency-groups")
    for session in (
        *(from_tox_ini(inside("tox.ini")), from_tox_toml(inside("tox.toml")), from_tox_tables(tox)),
        from_noxfile(inside("noxfile.py")),
    ):
        found.wanted += session.requirements
        found.wanted += [one for name in session.groups for one in group_of(tables, name)]
        found.wanted += [one for name in session.extras for one in found.extras.get(name, [])]
        files += session.files
    for path in dict.fromkeys(one.replace("{toxinidir}", "").replace("{tox_root}", "").strip("/") for one in files):
        found.wanted += from_requirements(inside, path.removeprefix("./"), frozenset())
    found.wanted += from_pipfile(inside("Pipfile"))
    return found


def _declared(
    found: Found, wanted: Iterable[str], in_the_tree: Mapping[str, str], folders: tuple[str, ...]
) -> Declared:
    kept: dict[str, str] = {}
    skipped = []
    own = {canonical(one) for one in (found.name, *in_the_tree)}
    for one in wanted:
        name = _NAME.match(one)
        if not _PLAIN.match(one) or name is None:
            skipped.append(one[:100])
            continue
        wanted_name = canonical(name[1])
        if wanted_name not in own and not _NO_TEST.match(wanted_name):
            # The same package asked for twice: the more exact one.
            kept[wanted_name] = max(kept.get(wanted_name, ""), one.strip(), key=len)
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
        folders=folders,
        linked=dict(in_the_tree),
    )


def _expanded(wanted: Iterable[str], found: Found, own: str, depth: int = 0) -> Iterator[str]:
    """Requirements with the project's own extras put in place of ``project[extra]`` and ``.[extra]``."""
    for one in wanted:
        extras = _EXTRAS.match(one)
        name = _NAME.match(one)
        if extras is None and name is not None and canonical(name[1]) == own and name[2]:
            extras = _EXTRAS.match(name[2])
        if extras is None:
            if one.strip() != ".":
                yield one
        elif depth < 5:
            for extra in extras[1].split(","):
                yield from _expanded(found.extras.get(extra.strip(), []), found, own, depth + 1)

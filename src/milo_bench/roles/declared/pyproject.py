"""The text of pyproject.toml in, what it declares out: PEP 621, PEP 735, and the tables of other tools."""

from __future__ import annotations

import tomllib
from typing import Any

from milo_bench.roles.declared.found import TEST_GROUPS, Found, table_of, texts_of


def from_pyproject(text: str | None, found: Found) -> list[str]:
    """Fill ``found``; what the test groups of PEP 735 (and Poetry's) name is given back."""
    try:
        data = tomllib.loads(text or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    found.pyproject = data
    project, tool = table_of(data, "project"), table_of(data, "tool")
    found.name, found.version = str(project.get("name", "")), str(project.get("version", ""))
    found.requires_python = str(project.get("requires-python", ""))
    found.needs += texts_of(project.get("dependencies"))
    for name, needs in table_of(project, "optional-dependencies").items():
        found.extras[name] = texts_of(needs)
    found.entry_points = _entry_points(project)
    scm, hatch = table_of(tool, "setuptools_scm"), table_of(tool, "hatch", "build", "hooks", "vcs")
    found.version_file = str(scm.get("version_file") or scm.get("write_to") or hatch.get("version-file") or "")
    groups = table_of(data, "dependency-groups")
    wanted = [one for name in TEST_GROUPS for one in group_of(groups, name)]
    poetry = table_of(tool, "poetry")
    found.name = found.name or str(poetry.get("name", ""))
    found.version = found.version or str(poetry.get("version", ""))
    wanted += _poetry(table_of(poetry, "dependencies")) + _poetry(table_of(poetry, "dev-dependencies"))
    for name, group in table_of(poetry, "group").items():
        if name in TEST_GROUPS:
            wanted += _poetry(table_of(group, "dependencies"))
    for name, needs in table_of(tool, "pdm", "dev-dependencies").items():
        if name in TEST_GROUPS:
            wanted += texts_of(needs)
    wanted += texts_of(table_of(tool, "uv").get("dev-dependencies")) + texts_of(
        table_of(tool, "rye").get("dev-dependencies")
    )
    flit = table_of(tool, "flit", "metadata")
    found.name = found.name or str(flit.get("module", ""))
    found.needs += texts_of(flit.get("requires"))
    for name, needs in table_of(flit, "requires-extra").items():
        found.extras.setdefault(name, texts_of(needs))
    for name, environment in table_of(tool, "hatch", "envs").items():
        if isinstance(environment, dict) and name in ("default", "hatch-test", *TEST_GROUPS):
            wanted += texts_of(environment.get("dependencies")) + texts_of(environment.get("extra-dependencies"))
            for feature in texts_of(environment.get("features")):
                wanted += found.extras.get(feature, [])
    for feature in table_of(project, "optional-dependencies"):  # tests of optional parts are tests, too
        if feature not in TEST_GROUPS and feature not in ("docs", "doc", "docs-watch", "typing", "lint"):
            wanted += found.extras[feature]
    return wanted


def group_of(groups: dict[str, Any], name: str, depth: int = 0) -> list[str]:
    needs: list[str] = []
    for one in groups.get(name, []) if isinstance(groups.get(name), list) else []:
        if isinstance(one, str):
            needs.append(one)
        elif isinstance(one, dict) and depth < 5 and one.get("include-group") not in ("typing", "docs", "lint"):
            needs += group_of(groups, str(one.get("include-group")), depth + 1)
    return needs


def _poetry(table: dict[str, Any]) -> list[str]:
    """Poetry's own constraints are looser than they look; the newest that the index gives is taken."""
    elsewhere = {"path", "git", "url"}  # what no index has
    return [name for name, wanted in table.items() if name != "python" and not elsewhere & set(_keys(wanted))]


def _keys(value: Any) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _entry_points(project: dict[str, Any]) -> str:
    groups = {"console_scripts": table_of(project, "scripts"), **table_of(project, "entry-points")}
    lines = []
    for group, entries in groups.items():
        if isinstance(entries, dict) and entries:
            lines += [f"[{group}]", *(f"{name} = {place}" for name, place in entries.items())]
    return "\n".join(lines)

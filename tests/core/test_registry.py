"""Every registry is a folder, and adding a file to it is all that adding a thing takes."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from milo_bench.core.errors import UsageError
from milo_bench.core.registry import Registry
from milo_bench.grade.base import CHECKS

SRC = Path(__file__).parents[2] / "src"


def registries() -> list[tuple[Registry[Any], str]]:
    """Every registry that the program defines, with where it is written."""
    found = []
    for path in sorted(SRC.rglob("*.py")):
        for name in re.findall(r"^(\w+): .*\bRegistry\[.*\] = Registry\(", path.read_text(), flags=re.MULTILINE):
            module = ".".join(path.relative_to(SRC).with_suffix("").parts)
            found.append((getattr(importlib.import_module(module), name), f"{module}.{name}"))
    return found


REGISTRIES = registries()
each_registry = pytest.mark.parametrize(
    ("registry", "written"), REGISTRIES, ids=[registry.noun for registry, _ in REGISTRIES]
)


@each_registry
def test_every_file_of_a_registrys_folder_registers_the_thing_of_its_name(
    registry: Registry[Any], written: str
) -> None:
    registry.load()
    assert registry.names()
    assert dict(registry).keys() == set(registry.names())


@each_registry
def test_adding_a_file_adds_a_thing(
    registry: Registry[Any], written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, _, name = written.rpartition(".")
    (tmp_path / "added_by_a_test.py").write_text(
        f"from {place} import {name}\n\n{name}.add('added_by_a_test', 'the thing')\n"
    )
    folder = __import__(registry.package, fromlist=["__path__"])
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    monkeypatch.setattr(registry, "_things", dict(registry._things))
    assert "added_by_a_test" in registry and "added_by_a_test" in registry.names()
    assert registry.get("added_by_a_test") == "the thing"


@each_registry
def test_a_wrong_name_gets_a_suggestion(registry: Registry[Any], written: str) -> None:
    known = registry.names()[0]
    with pytest.raises(UsageError, match=f"Unknown {registry.noun} '{known}x'") as caught:
        registry.get(f"{known}x")
    assert f"Did you mean '{known}'?" in caught.value.hint


def test_names_are_known_without_importing_a_thing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "breaks.py").write_text("raise RuntimeError('imported')\n")
    (tmp_path / "_hidden.py").write_text("")
    folder = __import__(CHECKS.package, fromlist=["__path__"])
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    assert "breaks" in CHECKS.names() and "_hidden" not in CHECKS.names()
    with pytest.raises(RuntimeError, match="imported"):
        CHECKS.get("breaks")


def test_a_file_that_registers_nothing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "says_nothing.py").write_text("")
    folder = __import__(CHECKS.package, fromlist=["__path__"])
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    with pytest.raises(ValueError, match="says_nothing does not register"):
        CHECKS.get("says_nothing")


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        CHECKS.add("equals", CHECKS.get("equals"))

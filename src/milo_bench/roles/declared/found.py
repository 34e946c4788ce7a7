"""What the files of one project were found to declare, as they are filled in one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

TEST_GROUPS: Final = ("test", "tests", "testing", "tests-unit", "dev", "develop", "development", "all")


@dataclass
class Found:
    """``needs`` are for the project to run, ``extras`` by name, ``wanted`` all that its tests need."""

    name: str = ""
    version: str = ""
    requires_python: str = ""
    entry_points: str = ""
    version_file: str = ""
    needs: list[str] = field(default_factory=list)
    extras: dict[str, list[str]] = field(default_factory=dict)
    pyproject: dict[str, Any] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)


def table_of(data: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return lines_of(value)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

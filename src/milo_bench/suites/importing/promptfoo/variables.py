"""A promptfoo test as written in, the same test once for each combination of its variables out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from milo_bench.config.written import Problem
from milo_bench.core.errors import MiloError
from milo_bench.suites.importing.tables import source_text
from milo_bench.suites.paths import find_inside

MOST_COMBINATIONS: Final = 1_000
_NAME: Final = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}")
_TEXT_FILES: Final = (".txt", ".md", ".json", ".yaml", ".yml", ".html", ".csv", ".xml")


def scenario_tests(scenarios: Any) -> Iterator[dict[str, Any]]:
    """The tests of ``scenarios:`` written out: each test with each configuration."""
    for scenario in scenarios if isinstance(scenarios, list) else []:
        if not isinstance(scenario, dict):
            continue
        for base in scenario.get("config") or [{}]:
            for test in scenario.get("tests") or []:
                if isinstance(base, dict) and isinstance(test, dict):
                    merged = {**base, **test, "vars": {**(base.get("vars") or {}), **(test.get("vars") or {})}}
                    merged["assert"] = [*(base.get("assert") or []), *(test.get("assert") or [])]
                    yield merged


def combinations(variables: Mapping[str, Any]) -> Iterator[dict[str, Any]] | None:
    """Each combination of variables with several values; None where there would be too many."""
    several = {name: value for name, value in variables.items() if isinstance(value, list) and value}
    count = 1
    for values in several.values():
        count *= len(values)
    if count > MOST_COMBINATIONS:
        return None
    return ({**variables, **dict(zip(several, chosen, strict=True))} for chosen in itertools.product(*several.values()))


def variable_text(written: str, root: Path, where: str) -> str | Problem:
    """The text of the file that a variable names; only a text file below ``root`` is read."""
    path = find_inside(root, written.removeprefix("file://"), where)
    if isinstance(path, Problem):
        return path
    if path.suffix.lower() not in _TEXT_FILES:
        return Problem(where, f"'{written}': a '{path.suffix}' file is a program", "write the value out.")
    try:
        return source_text(path)
    except MiloError as error:
        return Problem(where, error.message.rstrip("."), error.hint)


def filled_in(text: str, variables: Mapping[str, Any]) -> str:
    """``text`` with the test's variables in the place of their names; anything else stays as it is."""
    return _NAME.sub(lambda name: str(variables[name[1]]) if name[1] in variables else name[0], text)

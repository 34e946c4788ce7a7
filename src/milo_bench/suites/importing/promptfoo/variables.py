"""A promptfoo test as written in, the same test once for each combination of its variables out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from milo_bench.config.written import Problem
from milo_bench.core.errors import ConfigError, DataError, MiloError
from milo_bench.core.records import Workload
from milo_bench.suites.importing.promptfoo.files import what_it_is
from milo_bench.suites.importing.promptfoo.prompts import as_prompt
from milo_bench.suites.importing.tables import source_text
from milo_bench.suites.paths import find_inside
from milo_bench.suites.prompts import render_prompt

MOST_COMBINATIONS: Final = 1_000
_MOST_WITHIN: Final = 3  # variables in one another
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
        said, hint = what_it_is(path)
        return Problem(where, f"'{written}': {said}", hint)
    try:
        return source_text(path)
    except MiloError as error:
        return Problem(where, error.message.rstrip("."), error.hint)


def filled_in(text: str, variables: Mapping[str, Any]) -> str:
    """``text`` with the test's variables in the place of their names, filters and fields included.

    What cannot be filled in stays as it is.
    """
    plain = _NAME.sub(lambda name: str(variables[name[1]]) if name[1] in variables else name[0], text)
    return _rendered(plain, variables) if "{{" in plain and plain == text else plain


def _rendered(text: str, variables: Mapping[str, Any]) -> str:
    """A value with more than names in it, as a prompt would show it."""
    source = as_prompt(text)
    if not isinstance(source, str):
        return text
    try:
        (message,) = render_prompt(Workload("value", "value", source, "", ()), {"input": dict(variables)})
    except (ConfigError, DataError, ValueError):
        return text
    return message.content


def stored_names(tests: Iterable[Any]) -> frozenset[str]:
    """The names under which tests keep their answers for later tests (``options.storeOutputAs``)."""
    options = [test["options"] for test in tests if isinstance(test, dict) and isinstance(test.get("options"), dict)]
    return frozenset(str(one["storeOutputAs"]) for one in options if one.get("storeOutputAs"))


def names_in(variables: Mapping[str, Any]) -> frozenset[str]:
    """The names that the texts of variables have in double braces."""
    return frozenset(
        name
        for value in variables.values()
        if isinstance(value, str) and "{{" in value
        for name in _NAME.findall(value)
    )


def opened(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables whose texts name other variables, with those filled in; a circle stays as it is."""
    filled = dict(variables)
    for _ in range(_MOST_WITHIN):
        again = {
            name: filled_in(value, {other: said for other, said in filled.items() if other != name})
            if isinstance(value, str) and "{{" in value
            else value
            for name, value in filled.items()
        }
        if again == filled:
            break
        filled = again
    return filled

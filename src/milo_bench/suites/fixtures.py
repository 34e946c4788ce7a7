"""Lines of fixtures in, checked fixtures out; what is wrong comes back with file and line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.config.written import Problem, place
from milo_bench.core.cases.tags import unknown_sensitivity
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Fixture
from milo_bench.core.suggest import closest, hint_for
from milo_bench.core.text import one_line
from milo_bench.suites.paths import read_fixture_file

KEYS = ("id", "workload", "input", "expect", "tags", "provenance", "group")
_REQUIRED = ("id", "workload", "input")
_ID = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}")
_SHAPES: dict[str, tuple[type, str]] = {
    "id": (str, "text"),
    "workload": (str, "text"),
    "input": (dict, "an object"),
    "expect": (dict, "an object"),
    "tags": (list, "a list of words"),
    "provenance": (dict, "an object"),
    "group": (str, "text"),
}


class FixtureReader:
    """Reads a suite's fixture files one after the other; ids must differ across all of them.

    ``fixtures`` and ``problems`` grow with each file; ``places`` gives file and line by id.
    """

    def __init__(self, workloads: Collection[str]) -> None:
        self._workloads = workloads
        self.fixtures: list[Fixture] = []
        self.problems: list[Problem] = []
        self.places: dict[str, tuple[Path, int]] = {}

    def read(self, path: Path) -> None:
        text = read_fixture_file(path)
        if isinstance(text, Problem):
            self.problems.append(text)
            return
        found = False
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                found = True
                self._line(line, path, number)
        if not found:
            self.problems.append(
                Problem(str(path), ("contains no fixtures"), "write one JSON object per line.", kind="data")
            )

    def _line(self, line: str, path: Path, number: int) -> None:
        where = place(path, number)
        data = parse_line(line, where)
        if isinstance(data, Problem):
            self.problems.append(data)
            return
        problems = list(_shape_problems(data, where))
        if not problems and data["workload"] not in self._workloads:
            hint = hint_for(data["workload"], self._workloads, noun="workloads")
            problems.append(_bad(where, f"fixture '{data['id']}': unknown workload '{data['workload']}'", hint))
        if not problems and data["id"] in self.places:
            first = place(*self.places[data["id"]])
            problems.append(
                _bad(where, (f"the id '{data['id']}' is repeated"), f"rename one. It first appears in {first}.")
            )
        if problems:
            self.problems.extend(problems)
            return
        self.places[data["id"]] = (path, number)
        self.fixtures.append(make_fixture(data))


def make_fixture(data: dict[str, Any]) -> Fixture:
    """A fixture from plain data of the right shape, with its hash."""
    expect = data.get("expect") or {}
    return Fixture(
        id=data["id"],
        workload=data["workload"],
        input=data["input"],
        expect=expect,
        tags=tuple(data.get("tags") or ()),
        provenance=data.get("provenance") or {},
        hash=fixture_hash(data["workload"], data["input"], expect),
        group=data.get("group") or "",
    )


def fixture_hash(workload: str, input_: dict[str, Any], expect: dict[str, Any]) -> str:
    return sha256_data([workload, input_, expect])


def fixture_line(fixture: Fixture) -> str:
    """The fixture as its line in a fixture file; the hash is left out, it follows from the rest."""
    data: dict[str, Any] = {"id": fixture.id, "workload": fixture.workload, "input": fixture.input}
    data["expect"] = fixture.expect
    data["tags"] = list(fixture.tags)
    data["provenance"] = fixture.provenance
    if fixture.group:
        data["group"] = fixture.group
    return msgspec.json.encode(data).decode()


def parse_line(line: str, where: str) -> dict[str, Any] | Problem:
    """One line of JSON as an object, or what is wrong with it."""
    try:
        data = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        said = str(error).replace("JSON is malformed: ", "")
        return _bad(
            where,
            f"broken JSON: {said}",
            "write one JSON object per line, names and texts in double quotes, no trailing comma.",
        )
    if not isinstance(data, dict):
        return _bad(where, "not an object", 'write a line like {"id": …, "workload": …, "input": {…}}')
    return data


def _shape_problems(data: dict[str, Any], where: str) -> Iterable[Problem]:
    for key in _REQUIRED:
        if key not in data:
            near = closest(key, [name for name in data if name not in KEYS])
            yield _bad(where, f"'{key}' is missing", f"rename '{near}' to '{key}'." if near else f'add "{key}".')
    for key, value in data.items():
        if key == "hash":
            continue
        if key not in KEYS:
            yield _bad(where, f"unknown key '{key}'", hint_for(key, KEYS, noun="keys"))
        elif not isinstance(value, _SHAPES[key][0]):
            yield _bad(where, f"'{key}' must be {_SHAPES[key][1]}", "see docs/how-to/own-suite.md.")
    if isinstance(data.get("id"), str) and not _ID.fullmatch(data["id"]):
        yield _bad(where, "'id' must be 1 to 200 characters without spaces", "for example 'extraction-0001'.")
    tags = data.get("tags")
    if isinstance(tags, list) and not all(isinstance(tag, str) for tag in tags):
        yield _bad(where, "'tags' must be a list of words", 'for example ["long", "sensitive"].')
    elif isinstance(tags, list) and (unknown := next(filter(unknown_sensitivity, tags), None)):
        what = f"the tag '{one_line(unknown)}' does not keep the fixture from hosted models"
        yield _bad(where, what, "write 'sensitive' if that is meant, or choose another word.")


def _bad(where: str, what: str, hint: str) -> Problem:
    return Problem(where, what, hint, kind="data")

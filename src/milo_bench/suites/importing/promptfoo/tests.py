"""Tests as promptfoo lets people write them in, the same tests written out; only files of their folder are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from milo_bench.config.written import Problem, Written, read_written
from milo_bench.core.errors import MiloError
from milo_bench.suites.importing.importer import Imported, ImportRequest
from milo_bench.suites.importing.promptfoo.files import files_named, what_it_is
from milo_bench.suites.importing.promptfoo.kinds import KNOWN
from milo_bench.suites.importing.sheet_rows import sheet_rows
from milo_bench.suites.importing.tables import csv_rows, jsonl_rows, source_text

_EXPECTED = re.compile(r"__expected\d*")
_ASSERTION: Final = re.compile(r"(not-)?([a-z][a-z:0-9-]*[a-z0-9])(?:\(([\d.]+)\))?:\s*(.*)", re.DOTALL)
# What stands in a cell without a value; the words in front of a colon that are no type but a short form of one.
_BARE_KINDS: Final = frozenset((
    "contains-html", "contains-json", "contains-sql", "contains-xml", "guardrails", "is-html", "is-json", "is-refusal",
    "is-sql", "is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call", "is-xml",
    "answer-relevance", "moderation",
))  # fmt: skip
_SHORT: Final = {"fn": "javascript", "eval": "javascript", "grade": "llm-rubric", "file": "file"}
_SHEET: Final = re.compile(r"\.(?:xlsx|xls|ods)#", re.IGNORECASE)
_LIKELY: Final = ("__expected", "__expected1", "__description")  # columns that only a table of tests has


def tests_of(written: Any, root: Path, where: str, result: Imported) -> list[Any]:
    """Every test of ``tests:`` written out: a list, a file (``tests.xlsx#Sheet``), or a list in which some are files.

    A file whose tests are lost is named in ``result.broken``.
    """
    tests: list[Any] = []
    for entry in written if isinstance(written, list) else [written]:
        named = entry.get("path") if isinstance(entry, dict) and "vars" not in entry else entry
        if isinstance(named, str):
            file, _, sheet = named.partition("#") if _SHEET.search(named) else (named, "", "")
            paths = files_named(file, root, where)
            for path in [paths] if isinstance(paths, Problem) else paths:
                if isinstance(path, Problem):
                    result.broken.append(path)
                else:
                    tests.extend(_from_file(path, sheet, where, result))
        else:
            tests.append(entry)
    return tests


def with_variables(test: Any, root: Path, where: str) -> Any:
    """``test`` with the variables of the files that ``vars: file`` names written out; a Problem for one that cannot."""
    named = test.get("vars") if isinstance(test, dict) else None
    if not isinstance(named, str) and not (isinstance(named, list) and all(isinstance(one, str) for one in named)):
        return test
    variables: dict[str, Any] = {}
    for name in [named] if isinstance(named, str) else named:
        paths = files_named(re.sub(r"^(?:\.\./)+", "", name), root, where)
        if isinstance(paths, Problem):
            return paths
        for path in paths:
            read = read_written(source_text(path), name=path.name, form="yaml-1.2")
            if isinstance(read, Problem) or not isinstance(read.data, dict):
                return read if isinstance(read, Problem) else Problem(where, f"'{name}' has no variables", "list them.")
            variables.update(read.data)
    return {**test, "vars": variables}


def _from_file(path: Path, sheet: str, where: str, result: Imported) -> list[Any]:
    match path.suffix.lower():
        case ".xlsx" | ".xls" | ".ods":
            try:
                rows = sheet_rows(path, ImportRequest(path, sheet=sheet), result, likely=_LIKELY)
            except MiloError as error:
                result.broken.append(Problem(where, error.message.rstrip("."), error.hint, kind="data"))
                return []
            return [
                _from_row({name: "" if cell is None else cell for name, cell in row.values.items()}) for row in rows
            ]
        case ".csv" | ".tsv":
            return [_from_row(row.values) for row in csv_rows(path, result)]
        case ".jsonl":
            return [row.values for row in jsonl_rows(path, result)]
        case ".yaml" | ".yml" | ".json":
            form: Any = "json" if path.suffix.lower() == ".json" else "yaml-1.2"
            read = read_written(source_text(path), name=str(path), form=form)
            if isinstance(read, Written):
                return read.data if isinstance(read.data, list) else [read.data]
            result.broken.append(read)
            return []
        case _:
            said = f"tests in '{path.name}': {what_it_is(path)[0]}"
            result.broken.append(Problem(where, said, "write its tests as CSV or YAML.", kind="data"))
            return []


def _from_row(values: dict[str, Any]) -> dict[str, Any]:
    """A row of promptfoo's CSV: columns are variables, ``__expected`` and ``__expected1`` … are assertions."""
    test: dict[str, Any] = {"vars": {name: value for name, value in values.items() if not name.startswith("__")}}
    asserts = [
        _assertion(str(value)) for name, value in values.items() if _EXPECTED.fullmatch(name) and str(value).strip()
    ]
    if asserts:
        test["assert"] = asserts
    if values.get("__description"):
        test["description"] = values["__description"]
    if str(values.get("__threshold") or "").strip():
        test["threshold"] = values["__threshold"]
    if asserts and str(values.get("__metric") or "").strip():
        test["assert"] = [{**one, "metric": str(values["__metric"])} for one in asserts]
    for name, value in values.items():
        if name in ("__threshold", "__metric"):
            continue
        if name.startswith("__") and not _EXPECTED.fullmatch(name) and name != "__description" and value != "":
            test[name] = value
    return test


def _assertion(written: str) -> dict[str, Any]:
    """``contains: text``, ``is-json`` or a plain text, which promptfoo compares as a whole."""
    plain = written.strip()
    if plain.removeprefix("not-") in _BARE_KINDS:
        return {"type": plain}
    match = _ASSERTION.fullmatch(plain)
    if match is None or match[2] not in KNOWN | _SHORT.keys():
        return {"type": "equals", "value": written}
    kind = _SHORT.get(match[2], match[2])
    assertion: dict[str, Any] = {"type": f"{match[1] or ''}{kind}", "value": match[4]}
    if match[3]:
        assertion["threshold"] = match[3]
    return assertion

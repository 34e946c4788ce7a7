"""A JSON Schema of a stranger asks nobody for anything, and no answer of a model makes it take the machine."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from milo_bench.config.json_schema import UnusableSchemaError, usable_schema
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Workload
from milo_bench.grade.engine import grade_attempt
from milo_bench.grade.reading.tool_calls import broken_call
from milo_bench.suites import load_suite
from milo_bench.targets.fake.reply import smallest_value


def doubled(levels: int) -> dict[str, Any]:
    """A few hundred characters that judge one text 2 to the power of ``levels`` times."""
    parts: dict[str, Any] = {
        f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]} for n in range(levels)
    }
    return {"$defs": {**parts, f"d{levels}": {"type": "string"}}, "$ref": "#/$defs/d0"}


def named_doubled(levels: int) -> dict[str, Any]:
    """The same with names in place of paths."""
    parts = [
        {"$anchor": f"d{n}", "anyOf": [{"$ref": f"#d{n + 1}"}, {"not": {"$ref": f"#d{n + 1}"}}]} for n in range(levels)
    ]
    return {"$defs": {str(n): part for n, part in enumerate([*parts, {"$anchor": f"d{levels}"}])}, "$ref": "#d0"}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"properties": {"a": schema}}
    return schema


# Doubles with each level of the answer, not of the schema.
DEEPER: dict[str, Any] = {
    "$defs": {"n": {"items": {"allOf": [{"$ref": "#/$defs/n"}, {"$ref": "#/$defs/n"}]}}},
    "$ref": "#/$defs/n",
}
TREE: dict[str, Any] = {
    "$defs": {
        "term": {
            "anyOf": [
                {"type": "number"},
                {"type": "object", "properties": {"left": {"$ref": "#/$defs/term"}, "right": {"$ref": "#/$defs/term"}}},
                {"type": "object", "properties": {"minus": {"$ref": "#/$defs/term"}}},
            ]
        }
    },
    "$ref": "#/$defs/term",
}


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": "http://127.0.0.1:9/meta.json"},
        {"$schema": "https://example.com/draft/2020-12/schema", "type": "object"},
        {"properties": {"a": {"$id": "x", "$schema": "file:///etc/passwd"}}},
        doubled(40),
        named_doubled(40),
        nested(150),
        {"anyOf": [{"const": number} for number in range(30_000)]},
        {"minimum": float("nan"), "$schema": "urn:x"},
    ],
    ids=["web", "other web", "within", "doubled", "by name", "deep", "wide", "urn"],
)
def test_a_schema_that_asks_or_unfolds_without_end_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(UnusableSchemaError):
        usable_schema(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"properties": {"$schema": {"type": "string"}, "$ref": {"type": "string"}}, "enum": [{"$ref": 7}]},
        TREE,
        DEEPER,
        nested(40),
        {"oneOf": [{"properties": {f"p{n}": {"type": "string"} for n in range(50)}} for _ in range(50)]},
    ],
)
def test_a_schema_as_people_write_them_is_used(schema: dict[str, Any]) -> None:
    usable_schema(schema)


def test_what_takes_too_long_depends_on_the_answer() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    assert usable_schema(DEEPER).too_many(len(json.dumps(deep)), deep)
    assert not usable_schema(DEEPER).too_many(5, [[1]])
    assert not usable_schema(TREE).too_many(40, {"left": {"minus": 3}, "right": {"left": 1, "right": 2}})
    assert not usable_schema({"items": {"type": "string"}}).too_many(900_000, ["x"] * 300_000)


def _graded(schema: dict[str, Any], output: str) -> Any:
    workload = Workload("w", "p.jinja", "x", "h", (CheckSpec("schema", {}),), json_schema=schema)
    return grade_attempt(workload, Fixture("f", "w", {}), Attempt(AttemptKey("f", "t"), "", Timings(0, 0, 1), output))


def test_an_answer_too_deep_for_its_schema_is_unjudged_and_neither_passed_nor_failed() -> None:
    graded = _graded(DEEPER, "[" * 40 + "]" * 40)
    assert (graded.verdicts[0].outcome, graded.passed) == ("unjudged", None)
    assert "too many steps" in graded.verdicts[0].reason


def test_a_long_wrong_answer_fails_without_a_list_of_all_its_errors() -> None:
    graded = _graded({"items": {"type": "string"}}, json.dumps([1] * 30_000))
    assert graded.passed is False and len(graded.verdicts[0].reason) < 200
    many = {"allOf": [{"type": "string", "title": str(number)} for number in range(2000)]}
    assert len(_graded(many, json.dumps(["x" * 20_000])).verdicts[0].reason) < 200
    assert "is not of type" in _graded({"items": {"type": "string"}}, "[1]").verdicts[0].reason


def test_arguments_too_deep_for_a_tools_schema_are_not_judged_for_good() -> None:
    deep: Any = []
    for _ in range(40):
        deep = [deep]
    broken = broken_call("f", deep, {"f": DEEPER})
    assert broken is not None and "too deep" in broken[1]
    assert broken_call("f", [[]], {"f": DEEPER}) is None


def test_a_suite_whose_schema_names_a_page_is_refused_and_the_page_is_not_asked(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as page:
        page.settimeout(0.2)
        schema = {"$schema": f"http://127.0.0.1:{page.getsockname()[1]}/meta.json", "type": "object"}
        workload = {"prompt": "p.jinja", "schema": "s.json", "checks": ["schema"]}
        suite = {"name": "s", "version": "1", "fixtures": ["f.jsonl"], "workloads": {"w": workload}}
        (tmp_path / "s.json").write_text(json.dumps(schema), "utf-8")
        (tmp_path / "p.jinja").write_text("{{ input.text }}", "utf-8")
        (tmp_path / "suite.yaml").write_text(json.dumps(suite), "utf-8")
        (tmp_path / "f.jsonl").write_text('{"id": "a", "workload": "w", "input": {"text": "x"}}', "utf-8")
        with pytest.raises(ConfigError, match=r"\$schema"):
            load_suite(str(tmp_path))
        with pytest.raises(TimeoutError):
            page.accept()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 10**12, "items": {"type": "array", "minItems": 10**12}},
        {"type": "string", "minLength": 10**12},
        {"type": "array", "minItems": "many"},
        {"type": [], "required": "x", "properties": []},
        {"anyOf": ["x"]},
        {"required": ["a", 5], "properties": {"a": None}},
    ],
)
def test_the_scripted_server_answers_any_schema_with_a_bounded_value(schema: dict[str, Any]) -> None:
    assert len(json.dumps(smallest_value(schema))) < 200_000

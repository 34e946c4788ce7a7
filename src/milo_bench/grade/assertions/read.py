"""What a fixture's ``expect.assertions`` says in, the same as checked records out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, get_args

import jsonschema_rs
import msgspec

from milo_bench.grade.checks.regex import compile_re2

MOST_ASSERTIONS: Final = 200

AssertionKind = Literal[
    "equals",
    "contains",
    "contains_any",
    "contains_all",
    "starts_with",
    "ends_with",
    "regex",
    "is_json",
    "contains_json",
    "json_value",
    "json_contains",
    "words",
    "characters",
    "levenshtein",
    "rouge_n",
    "bleu",
    "gleu",
    "is_xml",
    "contains_xml",
    "is_html",
    "contains_html",
    "valid_tool_calls",
    "tool_calls_f1",
    "finish_reason",
    "set",
]
ASSERTION_KINDS: Final[tuple[str, ...]] = get_args(AssertionKind)
_TAKES_NO_VALUE: Final = frozenset(("is_json", "contains_json", "words", "characters", "set"))
_MAY_LACK_VALUE: Final = frozenset(("is_xml", "contains_xml", "is_html", "contains_html"))


class Assertion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One demand on an answer.

    ``negated`` demands the contrary. ``path`` (``tool.arguments.city``, ``rows[0].name``) judges one value of a JSON
    answer; without one, ``json_value`` judges the whole. ``json_contains`` is an entry of a list or part of a text.
    ``value`` of ``is_xml`` and ``contains_xml`` lists the paths of elements that must be there, of ``valid_tool_calls``
    maps each tool to the schema of its arguments, of ``tool_calls_f1`` lists the tools to call.
    ``threshold`` is a likeness in [0, 1], for ``levenshtein`` the most edits. ``weight`` counts where a threshold is on
    the weighted mean of several. ``metric`` is the name that the verdict carries. ``json_schema`` is of ``is_json`` and
    ``contains_json``, ``least`` and ``most`` are of ``words`` and ``characters``, ``assertions`` of ``set``.
    """

    kind: AssertionKind
    value: Any = None
    negated: bool = False
    casefold: bool = False
    path: str = ""
    threshold: float | None = None
    weight: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] = 1.0
    metric: Annotated[str, msgspec.Meta(max_length=200)] = ""
    json_schema: dict[str, Any] | bool | None = None
    least: int | None = None
    most: int | None = None
    assertions: tuple[Assertion, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of ``value``."""
        return tuple(self.value) if isinstance(self.value, list | tuple) else (self.value,)


class Assertions(msgspec.Struct, frozen=True):
    """A fixture's demands; with ``threshold`` their weighted mean has to reach it, without each has to hold."""

    listed: tuple[Assertion, ...] = ()
    threshold: float | None = None


def read_assertions(expect: Mapping[str, Any]) -> Assertions | str:
    """The assertions of a fixture's expectation, or why they cannot be read."""
    try:
        return _read(msgspec.json.encode([expect.get("assertions"), expect.get("assertions_threshold")]))
    except (TypeError, ValueError) as error:
        return str(error)[:200]


@lru_cache(maxsize=512)
def _read(encoded: bytes) -> Assertions | str:
    written, threshold = msgspec.json.decode(encoded)
    try:
        listed = msgspec.convert(written, tuple[Assertion, ...])
        limit = msgspec.convert(threshold, float | None)
    except msgspec.ValidationError as error:
        return str(error)[:200]
    return _mistake(listed) or Assertions(listed, limit)


def _mistake(listed: tuple[Assertion, ...], depth: int = 0) -> str:
    if not listed:
        return "it lists no assertion"
    if len(listed) > MOST_ASSERTIONS or depth > 2:
        return f"more than {MOST_ASSERTIONS} assertions, or sets within sets"
    for one in listed:
        if one.kind == "set":
            said = _mistake(one.assertions, depth + 1)
        elif one.kind in _TAKES_NO_VALUE:
            said = _schema_mistake(one.json_schema) if one.json_schema is not None else ""
        elif one.kind == "json_value" or (one.kind in _MAY_LACK_VALUE and one.value is None):
            said = ""
        elif one.kind == "valid_tool_calls":
            said = _tools_mistake(one.value)
        elif not one.texts or not all(isinstance(text, str) and text for text in one.texts):
            said = f"{one.kind} has no text to compare with"
        else:
            said = _pattern_mistake(one.texts[0]) if one.kind == "regex" else ""
        if said:
            return said
    return ""


def _tools_mistake(tools: Any) -> str:
    if not isinstance(tools, dict) or not tools:
        return "valid_tool_calls has no tools"
    wrong = (
        _schema_mistake(schema) if isinstance(schema, dict | bool) else "not a JSON Schema" for schema in tools.values()
    )
    return next(filter(None, wrong), "")


def _pattern_mistake(pattern: str) -> str:
    try:
        compile_re2(pattern)
    except ValueError as error:
        return f"a pattern that RE2 does not know: {error}"
    return ""


def _schema_mistake(schema: dict[str, Any] | bool) -> str:
    try:
        jsonschema_rs.validator_for(schema, offline=True)
    except (jsonschema_rs.ValidationError, ValueError) as error:
        return f"not a JSON Schema: {str(error)[:150]}"
    return ""

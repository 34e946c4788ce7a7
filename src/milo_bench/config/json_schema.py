"""A JSON Schema that anyone may have written in; whether it can be used, and on how large a value, out.

A schema may name a meta-schema on the web, which a validator would fetch, and a few hundred characters of it may unfold
into more steps than any machine does. Neither is ever handed to a validator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import msgspec

_META: Final = frozenset(
    (
        *("json-schema.org/draft/2020-12/schema", "json-schema.org/draft/2019-09/schema"),
        *(f"json-schema.org/draft-0{number}/schema" for number in (4, 6, 7)),
        "json-schema.org/schema",
    )
)
_MOST_NODES: Final = 20_000
_DEEPEST_SCHEMA: Final = 200
_MOST_STEPS: Final = 100_000_000  # a few seconds
_LISTABLE: Final = 50_000  # characters of a value whose errors are told
_MOST_LISTED: Final = 20_000_000  # characters of all errors together
_LEVELS: Final = 64  # of a value; what is nested deeper is read as no JSON answer
_LEAST_LEVELS: Final = 4
# Keywords whose schemas judge the value itself, and those that judge what is inside it.
_SAME: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies")
_INSIDE: Final = ("properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "propertyNames",
                  "items", "prefixItems", "additionalItems", "unevaluatedItems", "contains")  # fmt: skip
_BY_NAME: Final = ("properties", "patternProperties", "dependentSchemas", "dependencies")
_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")
_NAMES: Final = ("$id", "id", "$anchor", "$dynamicAnchor")

_Node: TypeAlias = Mapping[str, Any]
_encode = msgspec.json.Encoder(order="deterministic").encode


class UnusableSchemaError(ValueError):
    """A schema that asks the web for something, or takes more steps than any answer is worth."""


class SchemaSteps:
    """How many steps a schema may take on a value, at most."""

    def __init__(self, by_depth: tuple[int, ...]) -> None:
        self._by_depth = by_depth

    def too_many(self, characters: int, value: object) -> bool:
        """Whether judging ``value``, read from so many characters of JSON, may take more steps than there is time."""
        if self._by_depth[-1] * max(1, characters) <= _MOST_STEPS:  # each part of a value is a character at least
            return False
        depth, parts = _size_of(value)
        return self._by_depth[min(depth, len(self._by_depth) - 1)] * parts > _MOST_STEPS

    def too_many_to_list(self, characters: int) -> bool:
        """Whether the errors of a value of that length may fill the memory: each repeats the part that it is of."""
        return characters > _LISTABLE or self._by_depth[-1] * characters > _MOST_LISTED


def usable_schema(schema: Any) -> SchemaSteps:
    """The steps of ``schema``. Raises UnusableSchemaError where it cannot be handed to a validator."""
    try:
        return _usable(_encode(schema))
    except (msgspec.EncodeError, RecursionError, OverflowError, TypeError):
        raise UnusableSchemaError("it cannot be written as JSON") from None


@lru_cache(maxsize=64)
def _usable(encoded: bytes) -> SchemaSteps:
    schema = msgspec.json.decode(encoded)
    if not isinstance(schema, dict):
        return SchemaSteps((1,))
    nodes = list(_nodes(schema))
    for node in nodes:
        named = node.get("$schema")
        if isinstance(named, str) and named.strip().partition("://")[2].rstrip("#") not in _META:
            raise UnusableSchemaError(f"'$schema' names '{named[:80]}', which is not a version of JSON Schema")
    steps = _steps(schema, nodes)
    if steps[min(_LEAST_LEVELS, len(steps) - 1)] > _MOST_STEPS // 10:
        raise UnusableSchemaError("its references and combinations unfold into more parts than can be judged")
    return SchemaSteps(steps)


def _nodes(schema: _Node) -> Iterator[_Node]:
    waiting: list[tuple[Any, int]] = [(schema, 0)]
    count = 0
    while waiting:
        item, depth = waiting.pop()
        if depth > _DEEPEST_SCHEMA:
            raise UnusableSchemaError(f"it is nested deeper than {_DEEPEST_SCHEMA}")
        if isinstance(item, dict):
            count += 1
            if count > _MOST_NODES:
                raise UnusableSchemaError(f"it has more than {_MOST_NODES:,} parts")
            yield item
            waiting += [(inner, depth + 1) for inner in item.values() if isinstance(inner, dict | list)]
        elif isinstance(item, list):
            waiting += [(inner, depth + 1) for inner in item if isinstance(inner, dict | list)]


def _steps(schema: _Node, nodes: list[_Node]) -> tuple[int, ...]:
    """Steps on one value, by how deep the value is; the last is for any deeper one."""
    places = _Places(schema, nodes)
    same = {id(node): [id(one) for one in places.same(node)] for node in nodes}
    inside = {id(node): [list(map(id, group)) for group in places.inside(node)] for node in nodes}
    found: list[int] = []
    before: dict[int, int] = {}
    for _ in range(_LEVELS + 1):
        now = _one_level(same, inside, before)
        found.append(min(now[id(schema)], _MOST_STEPS * 10))
        if now == before:
            break
        before = now
    return tuple(found)


def _one_level(
    same: Mapping[int, list[int]], inside: Mapping[int, list[list[int]]], before: Mapping[int, int]
) -> dict[int, int]:
    """Of each part: one step, those of the parts that judge the same value, and of those that judge what is in it."""
    now: dict[int, int] = {}
    for start in same:
        waiting = [(start, False)]
        open_now: set[int] = set()
        while waiting:
            part, is_done = waiting.pop()
            if part in now:
                continue
            if is_done:
                below = sum(max(before.get(one, 0) for one in group) for group in inside[part])
                beside = sum(now.get(one, 0) for one in same[part])  # a part that leads to itself ends there
                now[part] = min(1 + below + beside, _MOST_STEPS * 10)
                continue
            if part in open_now:
                continue
            open_now.add(part)
            waiting.append((part, True))
            waiting += [(one, False) for one in same[part] if one not in now]
    return now


class _Places:
    """Where a part of a schema leads to."""

    def __init__(self, schema: _Node, nodes: list[_Node]) -> None:
        self._schema = schema
        self._named: dict[str, _Node] = {}
        for node in nodes:
            for name in _NAMES:
                if isinstance(node.get(name), str):
                    self._named.setdefault(node[name].strip("#"), node)

    def same(self, node: _Node) -> Iterator[_Node]:
        for name in _SAME:
            value = node.get(name)
            yield from (one for one in _several(value, name) if isinstance(one, dict))
        for name in _REFERENCES:
            if isinstance(place := node.get(name), str) and (led := self._led_to(place)) is not None:
                yield led

    def inside(self, node: _Node) -> Iterator[Sequence[_Node]]:
        """Groups of which one at most judges any one part of the value."""
        for name in _INSIDE:
            value = node.get(name)
            found = [one for one in _several(value, name) if isinstance(one, dict)]
            if name == "patternProperties":  # a name may match several
                yield from ([one] for one in found)
            elif found:
                yield found

    def _led_to(self, place: str) -> _Node | None:
        before, _, fragment = place.partition("#")
        start: Any = self._named.get(before, self._schema) if before else self._schema
        if not fragment:
            return start if isinstance(start, dict) else None
        if not fragment.startswith("/"):
            return self._named.get(fragment)
        for step in fragment[1:].split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            try:
                start = start[int(key)] if isinstance(start, list) else start[key]
            except (KeyError, IndexError, ValueError, TypeError):
                return None
        return start if isinstance(start, dict) else None


def _several(value: Any, keyword: str) -> list[Any]:
    """The schemas at a keyword: a list of them, one for each name, or one."""
    if isinstance(value, dict) and keyword in _BY_NAME:
        return list(value.values())
    return value if isinstance(value, list) else [value]


def _size_of(value: object) -> tuple[int, int]:
    """How deep ``value`` is nested, 0 for a text or number, and how many parts it has."""
    deepest = parts = 0
    waiting: list[tuple[object, int]] = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        parts += 1
        deepest = max(deepest, depth)
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting += [(one, depth + 1) for one in inner]
    return deepest, parts

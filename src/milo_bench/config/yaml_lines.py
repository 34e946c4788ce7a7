"""YAML text in, plain data and the line of every key out; a text that is none as one error with its line."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeAlias

import yaml

from milo_bench.core.errors import ConfigError
from milo_bench.core.suggest import hint_for

LineMap: TypeAlias = dict[tuple[str, ...], int]


def load_yaml(text: str) -> tuple[Any, LineMap]:
    """Safe YAML; a key that stands twice is an error. Lines count from 1. Raises yaml.YAMLError."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    lines: LineMap = {}
    if node is not None:
        _walk(node, (), lines, set())
    return yaml.safe_load(text), lines


def read_mapping(
    text: str, *, name: str, start: str, settings: Collection[str], kept: Collection[str] = ()
) -> tuple[dict[str, Any], LineMap]:
    """The mapping that ``text`` holds, and the line of every key; ``name`` is what errors call the file.

    ``start`` is the hint for a text that holds none. ``kept`` are fields that the checked file
    carries and no text may set; ``settings`` are those that it may. Raises ConfigError.
    """
    try:
        data, lines = load_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f" line {mark.line + 1}" if mark is not None else ""
        message = f"{name}{at}: {getattr(error, 'problem', None) or 'not valid YAML'}."
        raise ConfigError(message, hint="check indentation, colons and repeated keys at that line.") from None
    except (ValueError, RecursionError) as error:  # a date like 2026-13-40, or brackets without end
        message = f"{name}: a value cannot be read ({type(error).__name__})."
        raise ConfigError(message, hint="check dates and brackets.") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{name} is not a mapping of settings.", hint=start)
    for setting in kept:
        if setting in data:
            message = f"{name}{line_of((setting,), lines)}: unknown setting '{setting}'."
            raise ConfigError(message, hint=hint_for(setting, settings, noun="settings"))
    return data, lines


def line_of(place: tuple[str, ...], lines: LineMap) -> str:
    """`` line 12`` of the nearest key to ``place`` that the text holds; empty where there is none."""
    found = next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), None)
    return f" line {found}" if found else ""


def _walk(node: yaml.Node, place: tuple[str, ...], lines: LineMap, seen: set[int]) -> None:
    # An alias stands for the same node again; walking it once keeps anchors from growing without bound.
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*place, str(key.value))
            if here in lines:
                raise yaml.MarkedYAMLError(problem=f"duplicate key '{key.value}'", problem_mark=key.start_mark)
            lines[here] = key.start_mark.line + 1
            _walk(value, here, lines, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            here = (*place, str(index))
            lines[here] = value.start_mark.line + 1
            _walk(value, here, lines, seen)

"""YAML text in, plain data and the line of every key out."""

from __future__ import annotations

from typing import Any, TypeAlias

import yaml

LineMap: TypeAlias = dict[tuple[str, ...], int]


def load_yaml(text: str) -> tuple[Any, LineMap]:
    """Safe YAML; a key that stands twice is an error. Lines count from 1. Raises yaml.YAMLError."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    lines: LineMap = {}
    if node is not None:
        _walk(node, (), lines, set())
    return yaml.safe_load(text), lines


def _walk(node: yaml.Node, place: tuple[str, ...], lines: LineMap, seen: set[int]) -> None:
    # An alias stands for the same node again; walking it once keeps anchors from growing without bound.
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*place, str(key.value))
            if here in lines:
                raise yaml.MarkedYAMLError(problem=f"'{key.value}' stands twice", problem_mark=key.start_mark)
            lines[here] = key.start_mark.line + 1
            _walk(value, here, lines, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            here = (*place, str(index))
            lines[here] = value.start_mark.line + 1
            _walk(value, here, lines, seen)

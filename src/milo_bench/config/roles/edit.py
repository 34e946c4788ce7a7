"""The text of a YAML file and new values at some places in, the same text with only those values changed out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from milo_bench.config.written import Problem, read_written
from milo_bench.core.errors import ConfigError

Keys = tuple[str | int, ...]


def with_values(text: str, values: Mapping[Keys, Any], *, name: str) -> str:
    """``text`` with each value at its keys; comments and the order of everything else stay.

    A key that its mapping lacks is added to it. Raises ConfigError where the file has no such place.
    """
    for keys, value in values.items():
        text = _with_value(text, keys, value, name)
    return text


def value_at(text: str, keys: Keys) -> Any:
    """The value at ``keys``, None where there is none."""
    written = read_written(text, name="")
    data: Any = None if isinstance(written, Problem) else written.data
    for key in keys:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _with_value(text: str, keys: Keys, value: Any, name: str) -> str:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for position, key in enumerate(keys):
        found = _child(node, key)
        if found is None:
            if position == len(keys) - 1 and isinstance(node, yaml.MappingNode) and not node.flow_style:
                return _added(text, node, str(key), value)
            raise ConfigError(f"{name} has no {'.'.join(map(str, keys))}.", hint="correct the file, then run again.")
        node = found
    assert node is not None
    start, end = node.start_mark.index, node.end_mark.index
    written = _flow(value)
    kept = text[start:end]
    # A block collection ends where the next key begins: keep the line break and comments in between.
    tail = kept[len(kept.rstrip()) :]
    lead = ""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        before = text[:start].rstrip(" \n")
        return f"{before} {written}{tail}{text[end:]}"
    return f"{text[:start]}{lead}{written}{tail}{text[end:]}"


def _added(text: str, node: yaml.MappingNode, key: str, value: Any) -> str:
    first = node.value[0][0]
    indent = " " * first.start_mark.column
    place = first.start_mark.index - first.start_mark.column
    return f"{text[:place]}{indent}{key}: {_flow(value)}\n{text[place:]}"


def _child(node: yaml.Node | None, key: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == str(key)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        child: yaml.Node = node.value[key]
        return child
    return None


def _flow(value: Any) -> str:
    """JSON is YAML on one line."""
    if isinstance(value, str) and value.replace("_", "").replace("-", "").isalnum() and not value.isdigit():
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_flow(one) for one in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)

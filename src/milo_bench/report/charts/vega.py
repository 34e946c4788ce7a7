"""Rows and channels in, a plain Vega-Lite specification out; nothing is validated here, vl-convert draws it.

https://vega.github.io/vega-lite/docs/spec.html names every key. A channel is what a field of the rows is drawn as.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Spec: TypeAlias = dict[str, Any]


SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def quantity(field: str, **settings: Any) -> Spec:
    """A channel of numbers: ``quantity("seconds", title="s", scale={"zero": True})``."""
    return {"field": field, "type": "quantitative", **settings}


def category(field: str, **settings: Any) -> Spec:
    """A channel of names."""
    return {"field": field, "type": "nominal", **settings}


def end(field: str) -> Spec:
    """The other end of a bar or rule, on the axis of its first."""
    return {"field": field}


def same_axis(channel: Spec, field: str) -> Spec:
    """The same axis and scale, read from another field of the rows."""
    return {**channel, "field": field}


def fixed(value: Any) -> Spec:
    """A channel that is the same for every row: pixels, or a colour."""
    return {"value": value}


def mark(kind: str, rows: Sequence[Mapping[str, Any]], channels: Mapping[str, Spec], **settings: Any) -> Spec:
    """One layer: a mark for each row."""
    return {
        "data": {"values": list(rows)},
        "mark": {"type": kind, **settings},
        "encoding": dict(channels),
    }


def layered(layers: Sequence[Spec], **settings: Any) -> Spec:
    """Layers over each other, the first at the bottom; ``settings`` are width, height and title."""
    return {"layer": list(layers), **settings}


def heading(text: str | Sequence[str], **settings: Any) -> Spec:
    """A plot's title, in several lines where it is given so."""
    return {"text": text, **settings}

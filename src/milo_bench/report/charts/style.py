"""A Vega-Lite specification in, SVG out: the same bytes everywhere, text as text, readable on light and dark paper.

Charts are drawn with stand-in colours that become ``currentColor`` and CSS variables with
fallbacks, so a page can set ``--series-1`` and so on; nothing is fetched. Widths are those of a
phone, so that text stays readable there; a page sets charts side by side.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any, Final

from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.hashing import sha256_text
from milo_bench.core.text import one_line
from milo_bench.report.charts import vega

WIDTH = 330  # of a plot alone; with its labels a chart stays below 400
INK, FAINT, GOOD, BAD, OPEN, BOUND = "#0a0b01", "#0a0b02", "#0a0b03", "#0a0b04", "#0a0b05", "#0a0b06"
SERIES = ("#0a0c01", "#0a0c02", "#0a0c03", "#0a0c04", "#0a0c05", "#0a0c06")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
OUTCOMES = {"pass": ("✓", GOOD), "fail": ("✗", BAD), "undecided": ("?", OPEN)}

# Middle tones: at least 3:1 against white and against near black.
_COLOURS = {
    INK: "currentColor",
    FAINT: "var(--chart-faint, #7d858c)",
    GOOD: "var(--chart-good, #2b8a57)",
    BAD: "var(--chart-bad, #d0473d)",
    OPEN: "var(--chart-open, #b07a12)",
    BOUND: "var(--chart-bound, #8a63c9)",
    **{
        stand_in: f"var(--series-{number}, {colour})"
        for number, (stand_in, colour) in enumerate(
            zip(SERIES, ("#3a7fc4", "#cf6a12", "#2f9166", "#9a66c4", "#b8507f", "#7c7f2e"), strict=True), start=1
        )
    },
}
_DRAWN_WITH = "Liberation Sans"  # shipped with vl-convert: text is measured alike on every machine
# As wide as the font that the text was measured in.
_SHOWN_WITH = "Liberation Sans, Arial, Helvetica, DejaVu Sans Condensed, sans-serif"
_TAG = re.compile(r"<[^<>]*>")
_LONG = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_OWN_ROLES = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_LOCAL_ID = re.compile(r'(id="|url\(#)((?:clip|gradient)[_a-z]*\d+)')


@dataclass(frozen=True)
class Chart:
    """One drawing. ``title`` says what is drawn, ``about`` what it shows in words without a number of its own.

    ``workload`` is "" for a chart of the whole decision; ``target`` where it is of one alone.
    ``spec`` is the Vega-Lite specification, its data being figures of the decision.
    """

    name: str
    title: str
    about: str
    spec: Mapping[str, Any]
    workload: str = ""
    target: str = ""

    def svg(self) -> str:
        return draw(self.spec, self.title, self.about)


TEXT: Final = 13  # units: at 75 mm in print the widest chart still has 7.4 pt
_CONFIG: Final[vega.Spec] = {
    "font": _DRAWN_WITH,
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": TEXT,
        "titleFontSize": TEXT,
        "titleFontWeight": "normal",
        "gridColor": FAINT,
        "gridOpacity": 0.16,
        "domainColor": FAINT,
        "tickColor": FAINT,
        "labelLimit": 260,
    },
    "text": {"color": INK, "fontSize": TEXT},
    "title": {"color": INK, "fontSize": TEXT, "anchor": "start", "fontWeight": "normal"},
    "legend": {
        "labelColor": INK,
        "labelFontSize": TEXT,
        "title": None,
        "orient": "bottom",
        "columns": 2,
        "labelLimit": 170,
        "symbolSize": 70,
        "symbolOpacity": 1,
    },
}


def finish(plot: vega.Spec) -> vega.Spec:
    """The whole specification of ``plot`` in the style of all."""
    return {"$schema": vega.SCHEMA, **plot, "background": "transparent", "padding": 6, "config": _CONFIG}


def draw(spec: Mapping[str, Any], title: str, about: str) -> str:
    """``spec`` as one SVG element with a title and a description, ids of its own and no reference to anything."""
    drawn = converted(json.dumps(dict(spec)))
    numbers: dict[str, str] = {}
    drawn = _LOCAL_ID.sub(lambda found: found[1] + numbers.setdefault(found[2], f"clip{len(numbers)}"), drawn)
    drawn = _TAG.sub(_plain_tag, drawn)
    # Several drawings stand in one page: ids follow from what is drawn.
    unique = "chart-" + sha256_text(drawn + title + about)[:10]
    drawn = _TAG.sub(lambda tag: re.sub(r'(id="|url\(#)(clip\d+)', rf"\1{unique}-\2", tag[0]), drawn)
    head, _, body = drawn.partition(">")
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', head)
    width, height = size.groups() if size else ("400", "300")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-labelledby="{unique}-t {unique}-d" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" style="max-width:100%;height:auto">'
        f'<title id="{unique}-t">{escape(one_line(title, 160))}</title>'
        f'<desc id="{unique}-d">{escape(one_line(about, 600))}</desc>{body}'
    )


@lru_cache(maxsize=128)  # who writes a package and verifies it in one process draws each chart once
def converted(spec: str) -> str:
    """The SVG of a Vega-Lite specification in JSON. Raises PrerequisiteError without the package that draws it."""
    try:
        vl_convert = importlib.import_module("vl_convert")
    except ImportError:
        message = "Charts need the package vl-convert-python."
        raise PrerequisiteError(message, hint="pip install vl-convert-python") from None
    drawn: str = vl_convert.vegalite_to_svg(spec)
    return drawn


def _plain_tag(tag: re.Match[str]) -> str:
    # The drawing as a whole has a title and a description; marks with a role of their own would have to be named, too.
    text = _OWN_ROLES.sub("", tag[0])
    text = _LONG.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), text)
    for stand_in, colour in _COLOURS.items():
        text = text.replace(f'"{stand_in}"', f'"{colour}"')
    return text.replace(f'"{_DRAWN_WITH}"', f'"{_SHOWN_WITH}"')


def fit_label(label: str, said: str) -> str:
    """``label`` as short as the width asks for with ``said`` at the right end of the same line."""
    return one_line(label, max(8, int((WIDTH - 7.2 * len(said)) / 6.6) - 1))


def series_scale(names: Sequence[str]) -> dict[str, Any]:
    """Colours and shapes by name, in that order: what differs by colour differs by shape as well."""
    return {
        "domain": list(names),
        "range": [SERIES[number % len(SERIES)] for number in range(len(names))],
    }


def shape_scale(names: Sequence[str]) -> dict[str, Any]:
    return {"domain": list(names), "range": [SHAPES[number % len(SHAPES)] for number in range(len(names))]}

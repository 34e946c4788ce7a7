"""A decision's business case in, roi.json out: each figure with formula, inputs, sources and range."""

from __future__ import annotations

from typing import Any

from milo_bench.decide.records import Decision
from milo_bench.economics.assumptions import Assumption
from milo_bench.economics.business_case import BusinessCase
from milo_bench.economics.figures import EconomicFigure

ROI_SCHEMA = "milo-bench.roi/1"


def roi(decision: Decision) -> dict[str, Any]:
    """Plain data; ``figure`` of each entry is its id in decision.json. None stands for endless.

    ``inputs`` are what the formula names, assumptions and earlier figures, with the values that went
    in, so that each formula can be worked out by hand from the file alone.
    """
    case = decision.business
    if case is None:
        return {"schema": ROI_SCHEMA, "headline": None, "figures": [], "note": "no economics.yaml was given"}
    assumptions = {one.name: one for one in case.assumptions}
    figures = {one.name: one for one in case.figures}
    likely = {one.figure: one for one in case.likely}
    return {
        "schema": ROI_SCHEMA,
        "title": case.title,
        "headline": case.headline,
        "range": "low and high: the lowest and highest value of the formula within its assumptions' ranges",
        "likely": case.method,
        "figures": [_figure(decision, one, assumptions, figures, likely.get(one.name)) for one in case.figures],
        "lines": [_line(case, number) for number in range(len(case.lines))],
        "assumptions": [_assumption(decision, one) for one in case.assumptions],
        "tornado": [
            {
                "assumption": bar.assumption,
                "figure": _id(decision, f"tornado/{bar.assumption}"),
                "of": bar.figure,
                "at_low": bar.at_low,
                "at_high": bar.at_high,
                "swing": bar.swing,
                "unit": bar.unit,
            }
            for bar in case.tornado
        ],
        "unused": list(case.unused),
    }


def _figure(
    decision: Decision,
    figure: EconomicFigure,
    assumptions: dict[str, Assumption],
    figures: dict[str, EconomicFigure],
    likely: Any,
) -> dict[str, Any]:
    return {
        "name": figure.name,
        "figure": _id(decision, f"economics/{figure.name}"),
        "title": figure.title,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "unit": figure.unit,
        "formula": figure.formula,
        "inputs": [_input(name, assumptions, figures) for name in figure.inputs],
        "rests_on": [
            {"name": name, "source": assumptions[name].source, "origin": assumptions[name].origin}
            for name in figure.assumptions
            if name in assumptions
        ],
        "likely": None
        if likely is None
        else {
            "figure": _id(decision, f"likely/{figure.name}"),
            "p05": likely.p05,
            "p50": likely.p50,
            "p95": likely.p95,
            "above_zero": likely.above_zero,
            "draws": likely.draws,
            "seed": likely.seed,
        },
        "note": figure.note,
    }


def _input(name: str, assumptions: dict[str, Assumption], figures: dict[str, EconomicFigure]) -> dict[str, Any]:
    known = assumptions.get(name)
    if known is not None:
        return {"name": name, "value": known.base, "low": known.low, "high": known.high, "unit": known.unit.text}
    figure = figures[name]
    return {"name": name, "value": figure.value, "low": figure.low, "high": figure.high, "unit": figure.unit}


def _assumption(decision: Decision, one: Assumption) -> dict[str, Any]:
    return {
        "name": one.name,
        "figure": _id(decision, f"assumption/{one.name}"),
        "low": one.low,
        "base": one.base,
        "high": one.high,
        "unit": one.unit.text,
        "source": one.source,
        "origin": one.origin,
        "confidence": one.confidence,
    }


def _line(case: BusinessCase, number: int) -> dict[str, Any]:
    line = case.lines[number]
    return {"name": line.name, "kind": line.kind, "figures": [one.name for one in line.definitions], "note": line.note}


def _id(decision: Decision, id: str) -> str | None:
    return id if id in decision.figures else None

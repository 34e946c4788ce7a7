"""Measures and stated assumptions in, capacity and cost out."""

from milo_bench.economics.assumptions import Assumption, resolve
from milo_bench.economics.business_case import BusinessCase, make_case
from milo_bench.economics.figures import Definition, EconomicFigure, Sheet
from milo_bench.economics.hosted_prices import hosted_price
from milo_bench.economics.line_formulas import LineFigures
from milo_bench.economics.simulation import Likely, simulate
from milo_bench.economics.tornado import Bar, tornado

__all__ = [
    "Assumption",
    "Bar",
    "BusinessCase",
    "Definition",
    "EconomicFigure",
    "Likely",
    "LineFigures",
    "Sheet",
    "hosted_price",
    "make_case",
    "resolve",
    "simulate",
    "tornado",
]

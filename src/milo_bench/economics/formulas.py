"""The text of a formula in, its tree out; any algebra (units, ranges, draws) can then be folded over it.

A formula knows names, numbers, ``+ - * /``, brackets and ``over(a, b)``: a / b where b is above
zero, and no value (endless) where it is not, as a payback is where nothing is gained.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from milo_bench.core.errors import DataError

MAX_CHARACTERS = 8_000  # a total over the most lines that a file may hold, with the longest names
MAX_NODES = 400

Operator: TypeAlias = Literal["+", "-", "*", "/", "over"]
_OPERATORS: dict[type[ast.operator], Operator] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


class FormulaNumber(Struct, frozen=True):
    value: float


class FormulaName(Struct, frozen=True):
    name: str


class Operation(Struct, frozen=True):
    operator: Operator
    left: Expression
    right: Expression


Expression: TypeAlias = FormulaNumber | FormulaName | Operation
V = TypeVar("V")


class Algebra(Protocol[V]):
    """What a formula can be worked out in."""

    def number(self, value: float) -> V: ...

    def apply(self, operator: Operator, left: V, right: V) -> V: ...


def parse_formula(text: str) -> Expression:
    """The tree of ``text``; nothing is ever executed. Raises DataError naming what it cannot read."""
    if len(text) > MAX_CHARACTERS:
        message = f"A formula has {len(text):,} characters, over the limit of {MAX_CHARACTERS:,}."
        raise DataError(message, hint="split it into several figures.")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        message = f"'{text[:80]}' is not a formula."
        raise DataError(message, hint="use names, numbers, + - * /, brackets and over(a, b).") from None
    nodes = sum(1 for node in ast.walk(body) if isinstance(node, ast.expr))
    if nodes > MAX_NODES:
        message = f"A formula has {nodes:,} parts, over the limit of {MAX_NODES}."
        raise DataError(message, hint="split it into several figures.")
    return _tree(body, text)


def _tree(node: ast.expr, text: str) -> Expression:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and abs(value) < 1e308:
            return FormulaNumber(float(value))
        case ast.Name(id=name):
            return FormulaName(name)
        case ast.Attribute(value=ast.Name(id=line), attr=part):
            return FormulaName(f"{line}.{part}")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return Operation(_OPERATORS[type(op)], _tree(left, text), _tree(right, text))
        case ast.Call(func=ast.Name(id="over"), args=[left, right], keywords=[]):
            return Operation("over", _tree(left, text), _tree(right, text))
        case _:
            message = f"'{text[:80]}' contains something other than names, numbers, + - * /, brackets and over(a, b)."
            raise DataError(message, hint="remove that part. Formulas only calculate.")


def names_in(expression: Expression) -> tuple[str, ...]:
    """The names of a formula, each once, in the order in which they stand."""
    match expression:
        case FormulaNumber():
            return ()
        case FormulaName(name):
            return (name,)
        case Operation(left=left, right=right):
            return tuple(dict.fromkeys((*names_in(left), *names_in(right))))


def fold(expression: Expression, algebra: Algebra[V], value_of: Callable[[str], V]) -> V:
    """Work ``expression`` out in ``algebra``; ``value_of`` gives what a name stands for."""
    match expression:
        case FormulaNumber(value):
            return algebra.number(value)
        case FormulaName(name):
            return value_of(name)
        case Operation(operator, left, right):
            return algebra.apply(operator, fold(left, algebra, value_of), fold(right, algebra, value_of))


def none_if_infinite(value: float) -> float | None:
    """None in place of an infinite value, as records and JSON write "no value"."""
    return value if math.isfinite(value) else None

"""A script that computes a score from the answer's length alone in, the lengths that pass out; no script is run.

``Math.max(0, 1 - (output.length - 100) / 900)`` passes where it is above 0: up to 999 characters.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_MOST_CHARACTERS: Final = 400
_MOST_DEPTH: Final = 12
_LENGTH: Final = re.compile(r"output(?:\.(?:trim|strip)\(\))?\.length\b|len\(output(?:\.strip\(\))?\)")
_FUNCTIONS: Final[Mapping[str, Callable[..., float]]] = {"max": max, "min": min, "abs": abs, "round": round}
_OPERATORS: Final[Mapping[type[ast.AST], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
# Lengths that are tried: each up to 20,000, then a few that no answer of a model has.
_TRIED: Final = (*range(20_001), 50_000, 200_000, 1_000_000)


def length_limits(script: str, threshold: float | None) -> dict[str, Any] | None:
    """``{"kind": "characters", "least": …, "most": …}``; None for a script that reads anything else.

    A score passes where it reaches ``threshold``, or without one where it is above 0.
    """
    text = re.sub(r"^\s*return\b", "", script).strip().rstrip(";").strip()
    if len(text) > _MOST_CHARACTERS or not _LENGTH.search(text):
        return None
    written = _as_python(re.sub(r"\bMath\.", "", _LENGTH.sub("n", text)).replace("===", "=="), 0)
    try:
        tree = ast.parse(written or "", mode="eval").body
        passing = [length for length in _TRIED if _passes(_value(tree, length), threshold)]
    except (SyntaxError, ValueError, TypeError, ZeroDivisionError, OverflowError, RecursionError):
        return None
    if not passing or len(passing) == len(_TRIED):
        return None
    first, last = _TRIED.index(passing[0]), _TRIED.index(passing[-1])
    if last - first + 1 != len(passing) or 20_000 < passing[-1] < _TRIED[-1]:
        return None  # more than one stretch of lengths
    limits: dict[str, Any] = {"kind": "characters"}
    if passing[0] > 0:
        limits["least"] = passing[0]
    if passing[-1] < _TRIED[-1]:
        limits["most"] = passing[-1]
    return limits


def _passes(score: float | bool, threshold: float | None) -> bool:
    if isinstance(score, bool):
        return score
    return score > 0 if threshold is None else score >= threshold


def _as_python(text: str, depth: int) -> str | None:
    """``a ? b : c`` as Python has it; everything else as it is."""
    if depth > _MOST_DEPTH:
        return None
    level, asked, waiting = 0, -1, 0
    for at, mark in enumerate(text):
        level += (mark == "(") - (mark == ")")
        if level == 0 and mark == "?":
            asked, waiting = (at, waiting) if asked < 0 else (asked, waiting + 1)
        elif level == 0 and mark == ":" and asked >= 0:
            if waiting == 0:
                parts = [_as_python(part, depth + 1) for part in (text[asked + 1 : at], text[at + 1 :])]
                return f"(({parts[0]}) if ({text[:asked]}) else ({parts[1]}))"
            waiting -= 1
    return text.strip()


def _value(tree: ast.expr, length: int) -> Any:
    """The value of an expression of numbers. Raises ValueError for anything else."""
    match tree:
        case ast.Constant(value=int() | float() as number) if math.isfinite(number):
            return number
        case ast.Name(id="n"):
            return length
        case ast.Name(id="true" | "false" as word):
            return word == "true"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, length)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _OPERATORS[type(sign)](_value(left, length), _value(right, length))
        case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _OPERATORS:
            return bool(_OPERATORS[type(sign)](_value(left, length), _value(right, length)))
        case ast.IfExp(test=test, body=body, orelse=other):
            return _value(body if _value(test, length) else other, length)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(one, length) for one in args))
    raise ValueError("not an expression of numbers")

"""A promptfoo assertion in JavaScript in, the same demand as milo-bench's own checks out; the script is never run.

Only a conjunction of plain comparisons is understood, such as ``output.includes('x') && output.length < 200``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_MOST_CHARACTERS: Final = 3_000  # a longer bound is too large a pattern
_TEXT = r"""(?:'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)")"""
_LENGTH = re.compile(r"output\.length\s*(?P<sign><=|>=|<|>|===?)\s*(?P<number>\d{1,6})")
_METHOD = re.compile(
    rf"(?P<no>!)?\s*output(?P<fold>\.toLowerCase\(\))?(?:\.trim\(\))?\.(?P<name>includes|startsWith|endsWith)\({_TEXT}\)"
)
_WHOLE = re.compile(rf"output(?P<fold>\.toLowerCase\(\))?(?:\.trim\(\))?\s*===?\s*{_TEXT}")
_FIELD = re.compile(
    r"(?:JSON\.parse\(output\)|output)(?P<path>(?:\.[A-Za-z_]\w*|\['[^']+'\])+)\s*===?\s*"
    rf"(?:{_TEXT}|context\.vars\.(?P<variable>\w+)|(?P<literal>-?\d+(?:\.\d+)?|true|false|null))"
)
_LITERALS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}


@dataclass
class ScriptDemand:
    """What the script asks of an answer. ``pattern`` is a regular expression that must match the whole answer."""

    contains: list[str]
    contains_ignoring_case: list[str]
    not_contains: list[str]
    fields: dict[str, Any]
    equals: str | None = None
    pattern: str = ""


def read_script(source: str, variables: Mapping[str, Any]) -> ScriptDemand | None:
    """The demand; None for a script that does more than compare."""
    text = re.sub(r"//[^\n]*", "", source).strip().rstrip(";").strip()
    text = re.sub(r"^return\b", "", text).strip()
    demand = ScriptDemand([], [], [], {})
    low, high = 0, None
    for part in (one.strip() for one in text.split("&&")):
        while part.startswith("(") and part.endswith(")") and part.count("(") == part.count(")"):
            part = part[1:-1].strip()
        if match := _LENGTH.fullmatch(part):
            number, sign = int(match["number"]), match["sign"]
            low = max(low, number + (sign == ">")) if sign[0] in ">=" else low
            if sign[0] in "<=":
                high = min(high if high is not None else number, number - (sign == "<"))
        elif match := _METHOD.fullmatch(part):
            if not _method(match, demand):
                return None
        elif match := _WHOLE.fullmatch(part):
            if match["fold"]:
                return None
            demand.equals = _text(match)
        elif match := _FIELD.fullmatch(part):
            path = re.sub(r"\['([^']+)'\]", r".\1", match["path"]).lstrip(".")
            if path in ("length", "text"):
                return None
            if match["variable"] and match["variable"] not in variables:
                return None
            demand.fields[path] = _value(match, variables)
        else:
            return None
    if low or high is not None:
        if max(low, high or 0) > _MOST_CHARACTERS or demand.pattern:
            return None
        demand.pattern = "(?s)" + _length_pattern(low, high)
    return demand


def _method(match: re.Match[str], demand: ScriptDemand) -> bool:
    said = _text(match)
    if match["name"] == "includes":
        if match["no"]:
            demand.not_contains.append(said)
            return not match["fold"]
        (demand.contains_ignoring_case if match["fold"] else demand.contains).append(said)
        return True
    if match["no"] or match["fold"] or demand.pattern:
        return False
    demand.pattern = f"(?s){re.escape(said)}.*" if match["name"] == "startsWith" else f"(?s).*{re.escape(said)}"
    return True


def _text(match: re.Match[str]) -> str:
    written = match["single"] if match["single"] is not None else match["double"]
    plain = {"n": "\n", "t": "\t"}
    return re.sub(r"\\(.)", lambda escaped: plain.get(escaped[1], escaped[1]), written or "", flags=re.DOTALL)


def _value(match: re.Match[str], variables: Mapping[str, Any]) -> Any:
    if match["variable"]:
        return variables[match["variable"]]
    if match["literal"]:
        literal = match["literal"]
        return _LITERALS[literal] if literal in _LITERALS else float(literal) if "." in literal else int(literal)
    return _text(match)


def _length_pattern(low: int, high: int | None) -> str:
    """Between ``low`` and ``high`` characters; one repetition of RE2 goes up to 1,000."""
    if high is None:
        return _times(low) + ".*"
    return _times(low) + "".join(f".{{0,{part}}}" for part in _parts(high - low))


def _times(count: int) -> str:
    return "".join(f".{{{part}}}" for part in _parts(count))


def _parts(count: int) -> list[int]:
    return [*([1_000] * (count // 1_000)), *([count % 1_000] if count % 1_000 else [])]

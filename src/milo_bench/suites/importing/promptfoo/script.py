"""A promptfoo assertion in JavaScript or Python in, the same demands as assertions of ours out; no script is ever run.

Only comparisons are understood, joined by "and" and "or": ``output.includes('x') && output.length < 200``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_MOST_CHARACTERS: Final = 5_000  # of a script
_MOST_OF_A_PART: Final = 500
_MOST_DEPTH: Final = 8
_TEXT = r"""(?:'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)")"""
_OUTPUT = (
    r"output(?P<trim>\.(?:trim|strip)\(\))?(?P<fold>\.(?:toLowerCase|lower|casefold)\(\))?(?:\.(?:trim|strip)\(\))?"
)
_LENGTH = re.compile(
    r"(?:output(?:\.trim\(\))?\.length|len\(output(?:\.strip\(\))?\))\s*"
    r"(?P<sign><=|>=|<|>|={2,3})\s*(?P<number>\d{1,9})"
)
_METHOD = re.compile(
    rf"{_OUTPUT}\.(?P<name>includes|startsWith|endsWith|startswith|endswith)"
    rf"\((?:{_TEXT}|context\.vars\.(?P<variable>\w+))\)"
)
_IN = re.compile(
    rf"(?:{_TEXT}|context\[['\"]vars['\"]\]\[['\"](?P<variable>\w+)['\"]\])\s+(?P<no>not\s+)?in\s+{_OUTPUT}"
)
_WHOLE = re.compile(rf"{_OUTPUT}\s*(?P<sign>[=!]=)=?\s*(?:{_TEXT}|context\.vars\.(?P<variable>\w+))")
_PATTERN = re.compile(r"/(?P<pattern>(?:[^/\\\n]|\\.)+)/(?P<flags>[ims]{0,3})\.test\(output\)")
_STEPS = r"(?:\.[A-Za-z_]\w*|\['[^'\]]+'\]|\[\"[^\"\]]+\"\]|\[\d{1,4}\])"
_FIELD = re.compile(
    rf"(?P<place>[\w.()\[\]'\"]+?{_STEPS}+)\s*(?P<sign>[=!]=)=?\s*"
    rf"(?:{_TEXT}|context\.vars\.(?P<variable>\w+)|(?P<literal>-?\d+(?:\.\d+)?|[Tt]rue|[Ff]alse|null|None))"
)
_HOLDS = re.compile(rf"(?P<place>[\w.()\[\]'\"]+?{_STEPS}+)\.includes\({_TEXT}\)")
_PARSED = re.compile(r"(?:const|let|var)\s+(?P<name>\w+)\s*=\s*JSON\.parse\(output\)\s*;?\s*")
_NAMED = re.compile(r"(?:const|let|var)\s+(?P<name>\w+)\s*=\s*(?P<value>[^;]+);\s*return\s+(?P=name)")
_CHOICE = re.compile(
    r"(?P<if>.+?)\s*\?\s*(?:true|1|'pass'|\"pass\")\s*:\s*(?:false|0|'fail[^']*'|\"fail[^\"]*\")", re.DOTALL
)
_LITERALS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None, "none": None}
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}


def read_script(source: str, variables: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    """Assertions that all have to hold; none for a script that does more than compare."""
    if len(source) > _MOST_CHARACTERS:
        return []
    comment = r"(?m)^\s*#[^\n]*" if language == "python" else r"(?m)(?:^|\s)//[^\n]*|/\*.*?\*/"
    text = re.sub(comment, " ", source).strip().rstrip(";").strip()
    if parsed := _PARSED.match(text):
        text = re.sub(rf"\b{parsed['name']}\b(?=[.\[])", "JSON.parse(output)", text[parsed.end() :])
    if named := _NAMED.fullmatch(text):
        text = named["value"]
    text = re.sub(r"^return\b", "", text).strip()
    words = (" or ", " and ") if language == "python" else ("||", "&&")
    found = _demands(text, variables, words, 0)
    return found if found is not None else []


def value_path(script: str) -> str | None:
    """The path that ``output.items[0].name`` takes into a JSON answer, "" for the whole; None for any other script."""
    text = script.strip().rstrip(";")
    text = re.sub(r"^return\s+", "", text)
    if text in ("output", "output.trim()", "JSON.parse(output)"):
        return ""
    path = _path(text)
    return path if path and not re.search(r"(?:^|\.)length$", path) else None


def _demands(
    text: str, variables: Mapping[str, Any], words: tuple[str, str], depth: int
) -> list[dict[str, Any]] | None:
    if depth > _MOST_DEPTH:
        return None
    text = _bare(text)
    if choice := _CHOICE.fullmatch(text):
        text = _bare(choice["if"])
    either = _split(text, words[0])
    if len(either) > 1:
        parts = [_demands(part, variables, words, depth + 1) for part in either]
        if any(part is None or (len(part) > 1 and depth) for part in parts):
            return None
        listed = [part[0] if len(part) == 1 else {"kind": "set", "assertions": part} for part in parts if part]
        if any(one["kind"] == "set" and "threshold" not in one for one in listed):
            return None  # the mean of a set's parts is not 0 or 1
        return [{"kind": "set", "threshold": round(1 / len(listed) - 1e-4, 4), "assertions": listed}]
    made = []
    for part in _split(text, words[1]):
        if len(_split(_bare(part), words[0])) > 1 or len(_split(_bare(part), words[1])) > 1:
            inner = _demands(part, variables, words, depth + 1)
            if inner is None:
                return None
            made.extend(inner)
            continue
        one = _one(_bare(part), variables)
        if one is None:
            return None
        made.append(one)
    return made


def _one(part: str, variables: Mapping[str, Any]) -> dict[str, Any] | None:
    if len(part) > _MOST_OF_A_PART:
        return None
    negated = bool(re.match(r"!(?!=)|not\s", part))
    if negated:
        part = _bare(re.sub(r"^(?:!|not\s)\s*", "", part))
    one = _comparison(part, variables)
    if one is None:
        return None
    if one.pop("unequal", False):
        negated = not negated
    return {**one, "negated": True} if negated else one


def _comparison(part: str, variables: Mapping[str, Any]) -> dict[str, Any] | None:
    if match := _LENGTH.fullmatch(part):
        number, sign = int(match["number"]), match["sign"]
        low = number + (sign == ">") if sign[0] in ">=" else None
        high = number - (sign == "<") if sign[0] in "<=" else None
        return {"kind": "characters", "least": low, "most": high} if high is None or high >= 0 else None
    if match := _METHOD.fullmatch(part):
        kind = {"i": "contains", "s": "starts_with", "e": "ends_with"}[match["name"][0]]
        return _texted(kind, match, variables)
    if match := _IN.fullmatch(part):
        one = _texted("contains", match, variables)
        return one if one is None or not match["no"] else {**one, "unequal": True}
    if match := _WHOLE.fullmatch(part):
        one = _texted("equals", match, variables)
        return one if one is None or match["sign"] == "==" else {**one, "unequal": True}
    if match := _PATTERN.fullmatch(part):
        if re.search(r"\(\?(?:[=!]|<[=!])|\\[1-9]", match["pattern"]):
            return None
        flags = f"(?{''.join(sorted(set(match['flags'])))})" if match["flags"] else ""
        return {"kind": "regex", "value": flags + match["pattern"].replace("\\/", "/")}
    if match := _FIELD.fullmatch(part):
        return _field(match, variables)
    if (match := _HOLDS.fullmatch(part)) and (path := _path(match["place"])):
        return {"kind": "json_contains", "path": path, "value": _text(match)}
    return None


def _field(match: re.Match[str], variables: Mapping[str, Any]) -> dict[str, Any] | None:
    path = _path(match["place"])
    if not path or path.rpartition(".")[2] in ("length", "text"):
        return None
    if match["variable"]:
        if match["variable"] not in variables:
            return None
        value = variables[match["variable"]]
    elif match["literal"]:
        literal = match["literal"].lower()
        value = _LITERALS[literal] if literal in _LITERALS else float(literal) if "." in literal else int(literal)
    else:
        value = _text(match)
    one = {"kind": "json_value", "path": path, "value": value}
    return {**one, "unequal": True} if match["sign"] == "!=" else one


def _path(written: str) -> str:
    """``JSON.parse(output[0].arguments).city`` as ``[0].arguments.city``; "" for anything else."""
    for _ in range(_MOST_DEPTH):
        opened = re.sub(rf"JSON\.parse\((output{_STEPS}*)\)", r"\1", written)
        if opened == written:
            break
        written = opened
    whole = re.fullmatch(rf"output({_STEPS}+)", written)
    if whole is None or re.search(r"\.\w+\(", written):
        return ""
    steps = re.sub(r"""\[['"]([^'"\]]+)['"]\]""", r".\1", whole[1])
    return steps.removeprefix(".")


def _texted(kind: str, match: re.Match[str], variables: Mapping[str, Any]) -> dict[str, Any] | None:
    if match["variable"]:
        said = variables.get(match["variable"])
        if not isinstance(said, str):
            return None
    else:
        said = _text(match)
    if not said or (match["fold"] and said != said.lower()):
        return None  # lower case never contains an upper-case letter
    return {"kind": kind, "value": said, **({"casefold": True} if match["fold"] else {})}


def _text(match: re.Match[str]) -> str:
    written = match["single"] if match["single"] is not None else match["double"]
    plain = {"n": "\n", "t": "\t"}
    return re.sub(r"\\(.)", lambda escaped: plain.get(escaped[1], escaped[1]), written or "", flags=re.DOTALL)


def _bare(text: str) -> str:
    """``text`` without brackets around the whole of it."""
    text = text.strip()
    while text.startswith("(") and _closing(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    if text.startswith("Boolean(") and _closing(text, 7) == len(text) - 1:
        return _bare(text[8:-1])
    return text


def _closing(text: str, start: int) -> int:
    for at, depth in _depths(text, start):
        if depth == 0 and text[at] in ")]}":
            return at
    return -1


def _split(text: str, word: str) -> list[str]:
    """``text`` cut at ``word`` where it is in no bracket and no text."""
    parts, begun = [], 0
    for at, depth in _depths(text, 0):
        if depth == 0 and at >= begun and text.startswith(word, at):
            parts.append(text[begun:at].strip())
            begun = at + len(word)
    return [*parts, text[begun:].strip()]


def _depths(text: str, start: int) -> list[tuple[int, int]]:
    """Places outside of quoted texts, each with the number of brackets that are open after it."""
    places, depth, quote, escaped = [], 0, "", False
    for at in range(start, len(text)):
        character = text[at]
        if quote:
            escaped, closes = (not escaped and character == "\\"), not escaped and character == quote
            quote = "" if closes else quote
            continue
        if character in "'\"`":
            quote = character
            continue
        depth += (character in _OPENING) - (character in _OPENING.values())
        places.append((at, depth))
    return places

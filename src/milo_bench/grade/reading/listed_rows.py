"""An answer that lists records without being one JSON list in: JSON line by line, or a Markdown table; records out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_MOST_CHARS: Final = 200_000
_FENCE: Final = re.compile(r"^\s*(?:```|~~~)[\w+-]*\s*$")
_RULE: Final = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?")


def json_lines(text: str) -> list[Mapping[str, Any]]:
    """The objects of a text that has one in each line, a code fence around them or none; [] for any other text."""
    lines = [line for line in text[:_MOST_CHARS].splitlines() if line.strip() and not _FENCE.match(line)]
    found: list[Mapping[str, Any]] = []
    for line in lines:
        try:
            value = json.loads(line.strip().rstrip(","))
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        found.append(value)
    return found if len(found) > 1 else []


def markdown_table(text: str, names: Iterable[str]) -> list[Mapping[str, Any]]:
    """The rows of the one table in a text, by those of ``names`` that head its columns; [] where there is none."""
    lines = [line.strip() for line in text[:_MOST_CHARS].splitlines()]
    rules = [at for at, line in enumerate(lines) if at and "|" in lines[at - 1] and _RULE.fullmatch(line)]
    if len(rules) != 1:
        return []
    known = {_folded(name): name for name in names}
    header = [known.get(_folded(cell), cell) for cell in _cells(lines[rules[0] - 1])]
    rows: list[Mapping[str, Any]] = []
    for line in lines[rules[0] + 1 :]:
        cells = _cells(line)
        if "|" not in line or len(cells) != len(header):
            break
        rows.append({name: cell or None for name, cell in zip(header, cells, strict=True)})
    return rows if set(header) & set(known.values()) else []


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().strip("*`").strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()

"""A fixture whose text was read by OCR in, a sentence on how surely and by what out."""

from __future__ import annotations

from typing import Any, Final

from milo_bench.core import units
from milo_bench.core.records import Fixture
from milo_bench.core.text import shorten

_DOCUMENT: Final = "document"
_QUOTED: Final = 3  # lines in doubt
_MOST_LETTERS: Final = 80


def read_by_ocr(fixture: Fixture, *, quote: bool) -> str:
    """The program, its lines and their confidence; "" for a text that was not read from a picture.

    ``quote``: the lines in doubt are quoted.
    """
    kept = fixture.provenance.get("ocr")
    if not isinstance(kept, dict):
        return ""
    lines, lowest, mean = (_number(kept.get(name)) for name in ("lines", "lowest_confidence", "mean_confidence"))
    said = [f"OCR ({shorten(str(kept.get('by') or 'an unnamed program'), _MOST_LETTERS)})"]
    if lines is not None:
        said.append(f"{units.number(lines)} {'line' if lines == 1 else 'lines'}")
    if mean is not None and lowest is not None:
        said.append(f"confidence {units.number(mean)} on average, {units.number(lowest)} at the lowest")
    doubted = _in_doubt(fixture, kept.get("low_lines")) if quote else []
    return ", ".join(said) + (f". In doubt: {', '.join(doubted)}" if doubted else "")


def _in_doubt(fixture: Fixture, low_lines: Any) -> list[str]:
    """Some of the lines of low confidence, each with it."""
    text = fixture.input.get(_DOCUMENT)
    if not isinstance(text, str) or not isinstance(low_lines, list):
        return []
    found = []
    for one in low_lines:
        if isinstance(one, list) and len(one) == 3 and None not in map(_number, one):
            line = text[max(0, int(one[0])) : max(0, int(one[1]))]
            if line.strip():
                found.append((float(one[2]), f"'{shorten(line.strip(), _MOST_LETTERS)}' ({units.number(one[2])})"))
    shown = [said for _, said in sorted(found)[:_QUOTED]]
    return [*shown, f"{len(found) - _QUOTED} more"] if len(found) > _QUOTED else shown


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None

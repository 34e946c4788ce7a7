"""A fixture whose text was read by OCR in, how surely and by what out, with the lines in doubt."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from milo_bench.core import units
from milo_bench.core.records import Fixture
from milo_bench.core.text import shorten
from milo_bench.suites.documents.read_text import read_positions, where_in

_DOCUMENT: Final = "document"
_QUOTED: Final = 3  # lines in doubt
_MOST_LETTERS: Final = 80


class LineInDoubt(NamedTuple):
    """A line of a picture's text: ``confidence`` is the reader's, 0 to 1; ``where`` its page and paragraph."""

    text: str
    confidence: float
    where: str


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
    doubted = _in_doubt(fixture) if quote else []
    return ", ".join(said) + (f". In doubt: {', '.join(doubted)}" if doubted else "")


def lines_in_doubt(fixture: Fixture) -> list[LineInDoubt]:
    """The lines that were read with low confidence, in the order of the document."""
    kept = fixture.provenance.get("ocr")
    low_lines = kept.get("low_lines") if isinstance(kept, dict) else None
    text = fixture.input.get(_DOCUMENT)
    if not isinstance(text, str) or not isinstance(low_lines, list):
        return []
    positions = read_positions(fixture.provenance)
    found = []
    for one in low_lines:
        if isinstance(one, list) and len(one) == 3 and None not in map(_number, one):
            start = max(0, int(one[0]))
            line = text[start : max(0, int(one[1]))].strip()
            if line:
                found.append(LineInDoubt(line, float(one[2]), where_in(text, positions, start)))
    return found


def _in_doubt(fixture: Fixture) -> list[str]:
    """Some of the lines of low confidence, the least sure first, each with its confidence."""
    found = sorted(lines_in_doubt(fixture), key=lambda one: (one.confidence, one.text))
    shown = [f"'{shorten(one.text, _MOST_LETTERS)}' ({units.number(one.confidence)})" for one in found[:_QUOTED]]
    return [*shown, f"{len(found) - _QUOTED} more"] if len(found) > _QUOTED else shown


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None

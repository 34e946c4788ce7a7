"""A fixture's input in, what a page shows of it out: fields and lines, those with marks open, long stretches folded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from milo_bench.board.views.marks import pieces, spans_in
from milo_bench.core.records import Verdict
from milo_bench.core.text import visible

_FEW: Final = 8  # lines that are shown whether they are marked or not
_LONG_TEXT: Final = 12_000  # characters of one text that are shown unasked
_AROUND: Final = 1_500
_SHORT: Final = 60  # characters of a value that is shown in a row of its own
_ID_KEYS: Final = ("id", "event_id", "ref", "key")
_CODE_KEYS: Final = frozenset({"code", "diff", "patch", "source"})
_DIFF: Final = re.compile(r"(?:diff --git |--- \S+\n\+\+\+ |@@ -\d)")
_TEXT_KEYS: Final = ("text", "body", "content", "message", "description", "note")


def input_parts(
    data: Mapping[str, Any], verdicts: Sequence[tuple[int, Verdict]], cited: frozenset[str], *, whole: bool
) -> list[dict[str, Any]]:
    """The parts of an input, records within records opened up: ``{"name", "fields"}`` for short values,
    ``{"name", "lines"}`` for a list of records, ``{"name", "pieces"}`` for a text. ``is_code``: it needs columns.

    ``cited`` are ids that the answer names. Without ``whole``, lines that nothing speaks of are folded.
    """
    parts: list[dict[str, Any]] = []
    short: list[dict[str, str]] = []
    flat = list(_flat("input", data))
    for name, where, value in flat:
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            wheres = (where, f"input.{name}")
            lines = [_line(wheres, one, number, verdicts, cited) for number, one in enumerate(value)]
            parts.append({"name": name, "lines": lines if whole else _folded(lines), "count": len(lines)})
            continue
        text = value if isinstance(value, str) else _as_text(value)
        spans = spans_in(where, verdicts)
        if len(flat) > 1 and len(text) <= _SHORT and "\n" not in text and not spans:
            short.append({"name": name, "text": visible(text)})
            continue
        shown, cut = (text, 0) if whole else _around(text, [span.start for _, span in spans])
        parts.append(
            {"name": name, "pieces": pieces(shown, spans if not cut else []), "cut": len(text) - len(shown),
             "is_code": name in _CODE_KEYS or _DIFF.match(text) is not None}
        )  # fmt: skip
    return ([{"name": "", "fields": short}] if short else []) + parts


def _flat(where: str, value: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Name, place and value of everything in ``value`` that is not a record itself; empty values are left out."""
    for key, one in value.items():
        if isinstance(one, Mapping) and one:
            yield from _flat(f"{where}.{key}", one)
        elif one not in (None, "", [], {}):
            yield key, f"{where}.{key}", one


def _line(
    wheres: Sequence[str],
    record: Mapping[str, Any],
    number: int,
    verdicts: Sequence[tuple[int, Verdict]],
    cited: frozenset[str],
) -> dict[str, Any]:
    id = str(next((record[key] for key in _ID_KEYS if record.get(key)), number + 1))
    text_key = next((key for key in _TEXT_KEYS if isinstance(record.get(key), str)), "")
    text = str(record.get(text_key, "")) if text_key else _opened(record)
    rest = [
        _as_text(value) for key, value in record.items()
        if text_key and key != text_key and key not in _ID_KEYS and value not in (None, "", [], {})
    ]  # fmt: skip
    spans = [span for where in dict.fromkeys(wheres) for span in spans_in(f"{where}[{id}]", verdicts)]
    return {
        "id": id,
        "about": " · ".join(rest),
        "pieces": pieces(text, spans),
        "marks": sorted({number for number, _ in spans}),
        "cited": id in cited,
        "is_code": not _CODE_KEYS.isdisjoint(record),
        "folded": 0,
    }


def _opened(record: Mapping[str, Any]) -> str:
    """A record without a text of its own: a line for each field, longer texts as they are."""
    told = []
    for key, value in record.items():
        text = _as_text(value)
        told.append(f"{key.replace('_', ' ')}:{chr(10) if chr(10) in text else ' '}{text}")
    return "\n".join(told)


def _folded(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Runs of two or more lines that are neither marked nor cited become one line that counts them."""
    if len(lines) <= _FEW:
        return lines
    shown: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []

    def close() -> None:
        if len(waiting) > 1:
            shown.append({"folded": len(waiting), "first": waiting[0]["id"], "last": waiting[-1]["id"]})
        else:
            shown.extend(waiting)
        waiting.clear()

    for line in lines:
        if line["marks"] or line["cited"]:
            close()
            shown.append(line)
        else:
            waiting.append(line)
    close()
    return shown


def _around(text: str, places: Sequence[int]) -> tuple[str, int]:
    """``text`` where it is short, else its beginning or what is around its first mark; how much was cut in front."""
    if len(text) <= _LONG_TEXT:
        return text, 0
    start = max(0, min(places, default=0) - _AROUND)
    return text[start : start + _LONG_TEXT], start


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()

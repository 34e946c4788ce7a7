"""A fixture's input and marked spans in, one text of bounded length with the spans in their right places out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from milo_bench.core.records import Span

CUT_MARK = "\n[… left out …]\n"
_AROUND = 240  # characters kept at each side of a span
_HEAD_SHARE = 0.35  # of the room, for the beginning of a text that is cut


class LaidOut(Struct, frozen=True):
    """A text with the places of its named parts: ``input.document`` stands at ``parts["input.document"]``."""

    text: str
    parts: Mapping[str, tuple[int, int]]

    def placed(self, spans: Iterable[Span]) -> tuple[Span, ...]:
        """``spans`` of parts as spans of the whole text, ``where`` being ``input``; those of unknown parts are left
        out, and ends past a part are pulled back to it.
        """
        found = []
        for span in spans:
            part = self.parts.get(span.where)
            if part is None:
                continue
            start, end = (min(max(part[0] + at, part[0]), part[1]) for at in (span.start, span.end))
            if start < end:
                found.append(Span("input", start, end, span.label))
        return tuple(found)


class _Writer:
    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self.parts: dict[str, tuple[int, int]] = {}

    def put(self, text: str, part: str = "") -> None:
        start = self._length
        self._pieces.append(text)
        self._length += len(text)
        if part:
            self.parts[part] = (start, self._length)

    def done(self) -> LaidOut:
        return LaidOut("".join(self._pieces), self.parts)


def lay_out(data: Mapping[str, Any]) -> LaidOut:
    """An input as text a person reads: a lone long text as it is, else each part under its name.

    Case records become one line for each event, ``input.case.events[ID]`` being the place of its text.
    """
    writer = _Writer()
    texts = [name for name, value in data.items() if isinstance(value, str) and len(value) > 60]
    if len(texts) == 1 and all(isinstance(value, str) for value in data.values()):
        # "kind" or "claim_id" beside a document would only push it down.
        writer.put(data[texts[0]], f"input.{texts[0]}")
        return writer.done()
    for name, value in data.items():
        writer.put(f"{name}: ")
        if isinstance(value, str):
            writer.put(value, f"input.{name}")
        elif isinstance(value, dict) and isinstance(value.get("events"), list | tuple):
            _case(writer, value, f"input.{name}")
        else:
            writer.put(_plain(value), f"input.{name}")
        writer.put("\n")
    return writer.done()


def _case(writer: _Writer, case: Mapping[str, Any], place: str) -> None:
    writer.put(", ".join(f"{key} {value}" for key, value in case.items() if isinstance(value, str)))
    for event in case["events"]:
        if not isinstance(event, dict):
            writer.put(f"\n{_plain(event)}")
            continue
        status = f" [{event['status']}]" if event.get("status") else ""
        corrects = f" (corrects {event['corrects']})" if event.get("corrects") else ""
        writer.put(f"\n{event.get('id')} {event.get('at')} {event.get('source')}{status}{corrects}: ")
        writer.put(str(event.get("text", "")), f"{place}.events[{event.get('id')}]")
    for request in case.get("requests") or ():
        if isinstance(request, dict):
            writer.put(f"\nrequested {request.get('requested_at')}: {request.get('document')} ({request.get('state')})")


def _plain(value: Any) -> str:
    return msgspec.json.encode(value).decode("utf-8", "replace")


def cut(text: str, spans: Sequence[Span], *, most: int) -> tuple[str, tuple[Span, ...]]:
    """``text`` in at most ``most`` characters (marks of cutting apart): its beginning and what surrounds the spans.

    The spans that come back are those that could be kept, moved to where their characters now
    stand; ends that lie outside of the text are pulled in, and spans over nothing are dropped.
    """
    inside = sorted(
        (
            Span(span.where, max(0, span.start), min(len(text), span.end), span.label)
            for span in spans
            if max(0, span.start) < min(len(text), span.end)
        ),
        key=lambda span: (span.start, span.end, span.label),
    )
    if len(text) <= most:
        return text, tuple(inside)
    pieces, place, moved = [], 0, {}
    windows = _windows(len(text), inside, most)
    for number, (start, end) in enumerate(windows):
        if start > (windows[number - 1][1] if number else 0):
            pieces.append(CUT_MARK)
            place += len(CUT_MARK)
        moved[(start, end)] = place - start
        pieces.append(text[start:end])
        place += end - start
    if windows[-1][1] < len(text):
        pieces.append(CUT_MARK)
    kept = []
    for span in inside:
        for (start, end), by in moved.items():
            # A span longer than the room is marked as far as it is shown.
            first, last = max(span.start, start), min(span.end, end)
            if first < last:
                kept.append(Span(span.where, first + by, last + by, span.label))
                break
    return "".join(pieces), tuple(kept)


def _windows(length: int, spans: Sequence[Span], most: int) -> list[tuple[int, int]]:
    """What of a text of ``length`` is kept: parts in order that do not touch, together at most ``most`` long."""
    head = int(most * _HEAD_SHARE) if spans else most
    windows, left = [(0, head)], most - head
    for span in spans:
        if left <= 0:
            break
        around = min(_AROUND, left // 2)
        start = max(span.start - around, windows[-1][1])
        end = min(length, max(span.end + around, start), start + left)
        if end <= start:
            continue
        left -= end - start
        if start <= windows[-1][1] + len(CUT_MARK) and start - windows[-1][1] <= left:
            left -= start - windows[-1][1]
            windows[-1] = (windows[-1][0], end)
        else:
            windows.append((start, end))
    return windows

"""The data of a stream's events in, whether a key is in one of them or in what several say together out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from milo_bench.core.hiding import KeySearch

_TAIL_FORMS: Final = 4  # an escaped character takes several
_MOST_TEXTS: Final = 256  # of one stream: its choices, their fields, their calls
_MOST_DEPTH: Final = 8
_Place: TypeAlias = tuple[object, ...]


class _Said(msgspec.Struct):
    """What a chunk adds to the texts of its choices."""

    choices: list[dict[str, Any]] = []


_SAID: Final = msgspec.json.Decoder(_Said)


class SplitKeys:
    """Follows each text of a stream. ``open``: one of them ends with the beginning of a key."""

    def __init__(self, keys: KeySearch) -> None:
        self._search = keys
        self._kept = _TAIL_FORMS * keys.longest
        self._tails: dict[_Place, str] = {}
        self._begun: set[_Place] = set()

    @property
    def open(self) -> bool:
        return bool(self._begun)

    def within(self, data: bytes) -> bool:
        """Whether a key is in ``data`` alone."""
        return self._search.within(data)

    def add(self, data: bytes) -> bool:
        """Whether a key is in the event with ``data``, or in a text that it goes on with."""
        if self._search.within(data):
            return True
        try:
            choices = _SAID.decode(data).choices
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False  # no chunk of a completion, or it breaks the stream: that is judged elsewhere
        return any(
            self._goes_on(place, text)
            for number, choice in enumerate(choices)
            for place, text in _texts(choice, (_index(choice, number),))
        )

    def _goes_on(self, place: _Place, text: str) -> bool:
        if place not in self._tails and len(self._tails) >= _MOST_TEXTS:
            place = ()  # who writes so many texts gets one for the rest
        tail = self._tails.get(place, "") + text
        if self._search.within(tail):
            return True
        self._tails[place] = tail[-self._kept :]
        if self._search.begins_at_end(tail):
            self._begun.add(place)
        else:
            self._begun.discard(place)
        return False


def said_in_pieces(document: object, keys: KeySearch) -> bool:
    """Whether a key is in what the parts of one text of a whole answer say together: a list of content parts."""
    if not keys:
        return False
    tails: dict[_Place, list[str]] = {}
    for place, text in _texts(document, ()):
        tails.setdefault(place, []).append(text)
    return any(len(texts) > 1 and keys.within("".join(texts)) for texts in tails.values())


def _texts(value: object, place: _Place) -> Iterator[tuple[_Place, str]]:
    """Each text with its place. Parts of one content have one place: a model's words may be cut anywhere."""
    if isinstance(value, str):
        if value:
            yield place, value
    elif len(place) < _MOST_DEPTH and isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, (*place, name))
    elif len(place) < _MOST_DEPTH and isinstance(value, list):
        is_content = bool(place) and place[-1] in ("content", "summary", "reasoning_details")
        for number, inner in enumerate(value):
            if is_content and isinstance(inner, Mapping) and isinstance(inner.get("text"), str):
                yield place, inner["text"]
                inner = {name: part for name, part in inner.items() if name != "text"}
            yield from _texts(inner, (*place, _index(inner, number)))


def _index(value: object, number: int) -> int:
    """The place that a choice or a call says that it has, else its place in the list."""
    said = value.get("index") if isinstance(value, Mapping) else None
    return said if isinstance(said, int) else number

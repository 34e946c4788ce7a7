"""The texts of one message's parts in, each of them redacted out, what begins in one and ends in another as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, Protocol

_TYPES: Final = frozenset(("text", "input_text", "output_text", "refusal"))


class MovedText(Protocol):
    """A redacted text that knows where each character of the original went."""

    @property
    def text(self) -> str: ...

    def move(self, start: int, end: int) -> tuple[int, int]: ...


def text_parts(value: Any) -> list[str] | None:
    """The texts of a list of content parts, [{"type": "text", "text": "…"}, …]; None for any other value, such as the
    events of a case, which have texts as well.
    """
    if not isinstance(value, list | tuple) or len(value) < 2:
        return None
    if not all(isinstance(part, Mapping) and isinstance(part.get("text"), str) for part in value):
        return None
    if not all(part.get("type") in _TYPES if "type" in part else len(part) == 1 for part in value):
        return None
    return [part["text"] for part in value]


def with_texts(parts: Sequence[Any], texts: Sequence[str]) -> list[Any]:
    """``parts``, each with its text of ``texts``."""
    return [{**part, "text": text} for part, text in zip(parts, texts, strict=True)]


def redacted_parts(texts: Sequence[str], redact: Callable[[str], MovedText]) -> list[str]:
    """Each of ``texts`` redacted: first as the one text that a model reads, so that a key in two pieces is found, then
    alone, so that nothing hides behind the seam. What crosses a seam goes whole from the part before it.
    """
    moved = redact("".join(texts))
    seams, at = [0], 0
    for text in texts[:-1]:
        at += len(text)
        # To the end of what is there: a placeholder over the seam belongs to the part that it begins in.
        seams.append(moved.move(at, at)[1])
    seams.append(len(moved.text))
    return [redact(moved.text[start:end]).text for start, end in pairwise(seams)]

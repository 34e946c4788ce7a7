"""Pieces of a document in, one text out that knows on which page, slide or attachment each of its characters was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

LOW_CONFIDENCE: Final = 0.9  # an OCR line below this is listed for review


class Position(Struct, frozen=True):
    """From the character ``start`` on, the text is that of a ``kind`` (page, slide, attachment …) called ``name``."""

    start: int
    kind: str
    name: str


class OcrLine(Struct, frozen=True):
    """A line that was read from a picture: its place in the text and the reader's confidence, 0 to 1."""

    start: int
    end: int
    confidence: float


class DocumentText(Struct, frozen=True):
    """The text of a document. ``ocr_by`` names the program that read the ``ocr`` lines, where there are any."""

    text: str
    positions: tuple[Position, ...] = ()
    ocr: tuple[OcrLine, ...] = ()
    ocr_by: str = ""

    def where(self, start: int) -> str:
        """``page 2, paragraph 3`` for the character at ``start``."""
        return where_in(self.text, [(one.start, one.kind, one.name) for one in self.positions], start)

    def low_confidence(self) -> list[OcrLine]:
        return [line for line in self.ocr if line.confidence < LOW_CONFIDENCE]

    def provenance(self) -> dict[str, Any]:
        """What a fixture keeps of how its text was read."""
        kept: dict[str, Any] = {}
        if self.positions:
            kept["positions"] = [[one.start, one.kind, one.name] for one in self.positions]
        if self.ocr:
            sure = [line.confidence for line in self.ocr]
            kept["ocr"] = {
                "by": self.ocr_by,
                "lines": len(sure),
                "mean_confidence": round(sum(sure) / len(sure), 3),
                "lowest_confidence": round(min(sure), 3),
                "low_lines": [[line.start, line.end, round(line.confidence, 3)] for line in self.low_confidence()],
            }
        return kept


class TextBuilder(Struct):
    """Grows a DocumentText piece by piece."""

    pieces: list[str] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    ocr: list[OcrLine] = field(default_factory=list)
    ocr_by: str = ""
    length: int = 0

    def add(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)

    def begin(self, kind: str, name: str) -> None:
        """What is added from here on is on that page, or in that attachment."""
        self.positions.append(Position(self.length, kind, name))

    def add_line(self, text: str) -> None:
        """A paragraph of its own; nothing for one without text."""
        if text.strip():
            self.add(text.rstrip() + "\n")

    def include(self, read: DocumentText) -> None:
        """A text that was read before, with its positions."""
        at = self.length
        self.positions.extend(replace(one, start=one.start + at) for one in read.positions)
        self.ocr.extend(replace(one, start=one.start + at, end=one.end + at) for one in read.ocr)
        self.ocr_by = self.ocr_by or read.ocr_by
        self.add(read.text)

    def read(self) -> DocumentText:
        return DocumentText("".join(self.pieces), tuple(self.positions), tuple(self.ocr), self.ocr_by)


def read_positions(provenance: Mapping[str, Any]) -> list[tuple[int, str, str]]:
    """The positions that a fixture's provenance keeps; those of another shape are left out."""
    kept = provenance.get("positions")
    return [
        (one[0], str(one[1]), str(one[2]))
        for one in (kept if isinstance(kept, list) else ())
        if isinstance(one, list) and len(one) == 3 and isinstance(one[0], int)
    ]


def where_in(text: str, positions: Sequence[tuple[int, str, str]], start: int) -> str:
    """``attachment scan.pdf, page 2, paragraph 3``: where the character at ``start`` was in its document.

    A paragraph is a line that is not blank, counted from the start of its page, slide or attachment.
    """
    held: dict[str, tuple[str, int]] = {}
    for at, kind, name in positions:
        if at <= start:
            if kind in ("attachment", "section", "picture"):
                held.clear()  # it has pages of its own, or none
            held[kind] = (name, at)
    begin = max((at for _, at in held.values()), default=0)
    before = text[begin : start + 1]
    paragraph = sum(1 for line in before.split("\n") if line.strip())
    parts = [f"{kind} {name}" for kind, (name, _) in held.items()]
    return ", ".join([*parts, f"paragraph {max(paragraph, 1)}"])

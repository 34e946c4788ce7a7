"""A stream in; from then on it takes every text: characters that it cannot show, and on standard error what it cannot
write."""

from __future__ import annotations

import codecs
import io
import sys
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_SAME: Final = {
    "–": "-", "—": "-", "−": "-", "…": "...", "·": "-", "•": "*", "×": "x", "≥": ">=", "≤": "<=", "≠": "!=", "→": "->",
    "✓": "+", "✔": "+", "✗": "x", "✘": "x", "’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "\u202f": " ",
    "─": "-", "━": "-", "│": "|", "┃": "|", "█": "#", "▏": "|", "░": ".", "▒": ":", "▓": "#", "µ": "u",
}  # fmt: skip


def say_the_same(error: UnicodeError) -> tuple[str, int]:
    """For characters that an encoding lacks: the nearest of ASCII, else ``\\u0161``, as JSON and Python write it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_SAME.get(one) or _escaped(one) for one in error.object[error.start : error.end]), error.end


def escape(error: UnicodeError) -> tuple[str, int]:
    """As ``say_the_same``, and nothing is changed: what is escaped reads back as what it was, in JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_escaped, error.object[error.start : error.end])), error.end


def _escaped(character: str) -> str:
    return "".join(f"\\u{unit:04x}" for unit in memoryview(character.encode("utf-16-le", "surrogatepass")).cast("H"))


def accept_every_character(stream: TextIO, *, exactly: bool) -> None:
    """Let ``stream`` take any text; ``exactly`` where a program reads what comes out of it."""
    if isinstance(stream, io.TextIOWrapper) and not stream.encoding.lower().startswith("utf"):
        stream.reconfigure(errors="milo-bench-escape" if exactly else "milo-bench-say-the-same")


class _Lossy(io.FileIO):
    """What cannot be written, since a disk is full or the reader has gone, is lost. The stream before it stays open."""

    def __init__(self, before: TextIO) -> None:
        super().__init__(before.fileno(), "wb", closefd=False)
        self.before = before

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data) or memoryview(data).nbytes  # of a pipe that is full and does not wait, nothing
        except OSError:
            return memoryview(data).nbytes


def outlive_standard_error() -> None:
    """Notes on standard error that cannot be written stop no command: an address is served on, a run goes on."""
    stream = sys.stderr
    if isinstance(stream, io.TextIOWrapper) and isinstance(getattr(stream.buffer, "raw", stream.buffer), io.FileIO):
        raw = io.BufferedWriter(_Lossy(stream))
        sys.stderr = io.TextIOWrapper(raw, encoding=stream.encoding, errors=stream.errors, line_buffering=True)


codecs.register_error("milo-bench-escape", escape)
codecs.register_error("milo-bench-say-the-same", say_the_same)

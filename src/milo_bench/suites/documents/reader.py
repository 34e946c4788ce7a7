"""A document's path in, the text that a model will see out; what was not read is named, nothing in it is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from milo_bench.config.written import FILE_LIMIT_BYTES, Problem
from milo_bench.core.registry import Registry


class DocumentBroken(Exception):
    """One document cannot be read; the message says why."""


@dataclass(frozen=True)
class Document:
    """The bytes of one file. Readers add to ``left_out`` what they saw and did not read, such as attachments."""

    path: Path
    raw: bytes
    left_out: list[Problem] = field(default_factory=list)

    def leave_out(self, what: str, hint: str) -> None:
        self.left_out.append(Problem(str(self.path), what, hint))


@dataclass(frozen=True)
class DocumentReader:
    """``read`` gives the text or raises DocumentBroken. ``recognises`` looks at the first bytes of a file;
    ``endings`` (lower case, with the dot) decide where no reader recognises them.
    """

    read: Callable[[Document], str]
    endings: tuple[str, ...]
    recognises: Callable[[bytes], bool] = lambda _: False


DOCUMENTS: Registry[DocumentReader] = Registry("document format", "milo_bench.suites.documents.formats")


def read_document(path: Path, left_out: list[Problem]) -> str:
    """The text of the document at ``path``; what was not read is added to ``left_out``.

    The format is told by content, then by the name. Raises DocumentBroken, also for a file that
    holds no text, is larger than 64 MiB or is a link out of its folder.
    """
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
            raise DocumentBroken("a link that leads out of the folder")
        if path.stat().st_size > FILE_LIMIT_BYTES:
            raise DocumentBroken(f"larger than {FILE_LIMIT_BYTES >> 20} MiB")
        document = Document(path, path.read_bytes(), left_out)
    except OSError as error:
        raise DocumentBroken(f"cannot be read: {error.strerror}") from None
    reader = _reader(document)
    try:
        text = reader.read(document)
    except DocumentBroken:
        raise
    except RecursionError:
        raise DocumentBroken("its parts are nested too deep") from None
    if not text.strip():
        raise DocumentBroken("contains no text")
    return text


def _reader(document: Document) -> DocumentReader:
    start = document.raw[:4096]
    for _, reader in DOCUMENTS:
        if reader.recognises(start):
            return reader
    ending = document.path.suffix.lower()
    for _, reader in DOCUMENTS:
        if ending in reader.endings:
            return reader
    known = sorted({one for _, reader in DOCUMENTS for one in reader.endings})
    raise DocumentBroken(f"'{ending or document.path.name}' files are not supported, only {', '.join(known)}")

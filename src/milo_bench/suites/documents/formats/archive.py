"""A zip of documents in, the text of each of them out, one after the other."""

from __future__ import annotations

from typing import Final

from milo_bench.suites.bounded.archive import Archive, is_zip, parts_of
from milo_bench.suites.bounded.broken import PartBroken
from milo_bench.suites.documents.formats.mail import add_attachment
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentReader
from milo_bench.suites.documents.walk import is_left_by_system

_OFFICE_PARTS: Final = frozenset(
    (
        "word/document.xml",
        "ppt/presentation.xml",
        "xl/workbook.xml",
        "xl/workbook.bin",
        "content.xml",
        "META-INF/container.xml",
        "[Content_Types].xml",
    )
)


def read_archive(document: Document) -> DocumentText:
    """The texts under the names of their files. What is no document, locked or damaged is named as left out."""
    archive = Archive(document.raw)
    built = TextBuilder()
    unread: PartBroken | None = None
    for name in sorted(archive.names):
        if is_left_by_system(name):
            continue
        if archive.is_link(name):
            document.leave_out(f"'{name}' inside it is a link", "put the file itself into the archive.")
            continue
        try:
            part = archive.read(name)
        except PartBroken as broken:
            unread = unread or broken
            document.leave_out(f"'{name}' inside it: {broken}", broken.hint)
            continue
        add_attachment(document, built, name, part)
    if unread and not built.length:
        raise unread
    return built.read()


def _is_archive(raw: bytes) -> bool:
    """A zip that is no office file and no book."""
    return is_zip(raw) and not parts_of(raw) & _OFFICE_PARTS


DOCUMENTS.add("archive", DocumentReader(read_archive, endings=(".zip",), recognises=_is_archive, whole=True))

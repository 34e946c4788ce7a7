"""Pictures that are in a document in, their text by OCR at its end out; those that are not read are named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from milo_bench.core.hashing import sha256_bytes
from milo_bench.suites.bounded.archive import Archive
from milo_bench.suites.bounded.broken import DocumentBroken
from milo_bench.suites.documents.ocr import MOST_PAGES, is_too_small, ocr_is_installed, read_pictures
from milo_bench.suites.documents.read_text import TextBuilder
from milo_bench.suites.documents.reader import Document

_MOST_PICTURES: Final = 50  # of one document; a page of print takes seconds


def add_pictures_of(document: Document, built: TextBuilder, archive: Archive, names: Iterable[str]) -> None:
    """As ``add_pictures``, of these parts of an archive; one that is damaged is named as left out."""
    pictures = []
    for name in names:
        try:
            pictures.append((name, archive.read(name)))
        except DocumentBroken as broken:
            document.leave_out(f"a picture in it: {broken}", broken.hint)
    add_pictures(document, built, pictures)


def add_pictures(document: Document, built: TextBuilder, pictures: Iterable[tuple[str, bytes]]) -> None:
    """Add the text of ``pictures``, each with its name; one that is there twice is read once.

    Without milo-bench[ocr] they are named as left out. Logos and lines, too small for print, are left out silently.
    """
    distinct = {sha256_bytes(raw): (name, raw) for name, raw in pictures}
    if not ocr_is_installed():
        document.leave_out_pictures(len(distinct))
        return
    without_text = 0
    for number, (name, raw) in enumerate(distinct.values()):
        shown = " ".join(name.replace("\\", "/").rpartition("/")[2].split())[:200] or "picture"
        if number >= min(_MOST_PICTURES, MOST_PAGES):
            left = len(distinct) - number
            document.leave_out(f"{left} more pictures in it, after the first {number}", "import them as documents.")
            break
        try:
            if is_too_small(raw):
                continue
            read = [one for one in read_pictures(raw) if one.text.strip()]
        except DocumentBroken as broken:
            document.leave_out(f"the picture '{shown}' in it: {broken}", "import it as a separate document.")
            continue
        document.alive()
        if not read:
            without_text += 1
            continue
        built.add(f"\n----- Picture: {shown} -----\n")
        built.begin("picture", shown)
        for one in read:
            built.include(one)
    if without_text:
        said = "a picture in it" if without_text == 1 else f"{without_text} pictures in it"
        document.leave_out(f"{said}: OCR found no text", "no action needed unless the picture itself matters.")

"""Word documents of 1997 to 2003: the text of every piece in its order, or the reason why there is none."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from benchmarks.office.compound_file import compound_file
from benchmarks.office.documents import Page
from benchmarks.office.word_97 import doc
from milo_bench.config.written import Problem
from milo_bench.suites.documents.read_text import DocumentText
from milo_bench.suites.documents.reader import Document, DocumentBroken, read_bytes

PAGE = Page(
    "Schadenmeldung – Köln",
    ("Frau Keller meldete am 3. März 2025 einen Schaden.", "Höhe: 1.250,00 €"),
    (("Menge", "Betrag"), ("2", "45,00 €")),
)


def read(raw: bytes, name: str = "a.doc") -> tuple[DocumentText, list[Problem]]:
    left_out: list[Problem] = []
    return read_bytes(Document(Path(name), raw, left_out)), left_out


def test_pieces_in_both_encodings_are_read_in_order_and_cells_stay_apart() -> None:
    found, left_out = read(doc(PAGE))
    assert found.text.splitlines() == [PAGE.title, *PAGE.lines, "Menge\tBetrag", "2\t45,00 €"]
    assert not left_out


def test_it_is_told_by_its_content_and_not_by_its_name() -> None:
    assert read(doc(PAGE), "letter.bin")[0].text.startswith(PAGE.title)


def test_a_field_is_read_as_what_it_shows_and_notes_stand_behind_the_text() -> None:
    page = Page("Brief", ("Am \x13 DATE \\@ \x143. März\x15 kam \x13 HYPERLINK \x14die \x13 REF \x14Akte\x15\x15.",))
    found, _ = read(doc(page, notes="\x02 Siehe Anlage.\r"))
    assert found.text == "Brief\nAm 3. März kam die Akte.\n\nNotes:\nSiehe Anlage.\n"
    assert found.where(found.text.index("Siehe")).startswith("section notes")


def test_pictures_in_it_are_named_as_left_out() -> None:
    found, left_out = read(doc(Page("Foto", ("\x01 der Küche",))))
    assert found.text == "Foto\n der Küche\n" and left_out[0].what == "pictures in it"


def streams(**changed: bytes) -> bytes:
    return compound_file({"WordDocument": b"\0" * 4096, "1Table": b"\0" * 64, **changed})


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (doc(PAGE, flags=0x0100), "password"),
        (streams(), "Word 95 or older"),
        (streams(WordDocument=b"\xec\xa5\xc1\0" + b"\0" * 100), "cut off"),
        (streams(WordDocument=b"\xec\xa5\xc1\0" + b"\0" * 4092), "without its part '0Table'"),
        (streams(WordDocument=b"\xec\xa5\xc1\0" + b"\0" * 6 + b"\0\2" + b"\0" * 4084), "table of pieces"),
        (doc(PAGE)[:512] + b"\xff" * 512 + "WordDocument".encode("utf-16-le"), "not a readable Word document"),
    ],
)
def test_a_document_that_cannot_be_read_is_named_with_its_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(DocumentBroken, match=reason) as caught:
        read(raw)
    assert caught.value.hint


@pytest.mark.parametrize("place", [0x1A2, 0x1A6, 0x4C, 0x50])
@pytest.mark.parametrize("value", [0xFFFFFFFF, 0x7FFFFFFF, 1])
def test_a_header_that_lies_about_places_and_counts_breaks_nothing_else(place: int, value: int) -> None:
    raw = bytearray(doc(PAGE))
    at = bytes(raw).index(struct.pack("<HH", 0xA5EC, 193))
    struct.pack_into("<I", raw, at + place, value)
    try:
        found, _ = read(bytes(raw))
    except DocumentBroken:
        return
    assert len(found.text) < 1000

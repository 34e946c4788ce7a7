"""Scans and pictures through the OCR that milo-bench[ocr] brings, on pages with German words, amounts and dates."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.office.documents import PICTURE_FORMATS, Page
from milo_bench.config.written import Problem
from milo_bench.suites import load_suite
from milo_bench.suites.documents.reader import Document, read_bytes
from milo_bench.suites.importing.importer import ImportRequest
from milo_bench.suites.importing.suite_folder import import_suite

PAGE = Page(
    "Schadenmeldung Nr. 4711/2025",
    ("Eingang: 28.12.2025", "Frau Jörg Müller-Lüdenscheidt", "Größe: über 15 m²", "Policy number: 00123-AB"),
    (("Betrag", "1.234,50 €"),),
)


@pytest.mark.parametrize("ending", PICTURE_FORMATS)
def test_a_page_that_is_a_picture_is_read_with_a_confidence_for_each_line(ending: str) -> None:
    left_out: list[Problem] = []
    read = read_bytes(Document(Path(f"page.{ending}"), PICTURE_FORMATS[ending](PAGE), left_out))
    plain = "".join(read.text.split())
    assert all("".join(words.split()) in plain for words in PAGE.words)
    kept = read.provenance()["ocr"]
    assert kept["by"].startswith("rapidocr") and kept["lines"] == len(read.ocr) >= 6
    assert all(0 < line.confidence <= 1 and read.text[line.start : line.end].strip() for line in read.ocr)
    assert read.where(0) == "page 1, paragraph 1"


def test_lines_of_low_confidence_are_listed_for_a_person(tmp_path: Path) -> None:
    from io import BytesIO

    from PIL import Image

    folder = tmp_path / "folder"
    folder.mkdir()
    with Image.open(BytesIO(PICTURE_FORMATS["png"](PAGE))) as picture:
        picture.convert("RGB").resize((300, 424)).save(folder / "a.jpg", quality=20)
    (folder / "labels.csv").write_text("file,label\na.jpg,claim\n")
    report = import_suite(ImportRequest(folder), out=tmp_path / "own")
    assert report.for_review and all("confidence" in problem.what for problem in report.for_review)
    (fixture,) = load_suite(str(tmp_path / "own")).fixtures
    assert len(fixture.provenance["ocr"]["low_lines"]) == len(report.for_review)

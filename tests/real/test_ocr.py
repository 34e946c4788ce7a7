"""Scans and pictures through the OCR that milo-bench[ocr] brings, on pages with German words, amounts and dates."""

from __future__ import annotations

from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from benchmarks.office.documents import PICTURE_FORMATS, Page, docx, odt, pptx
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


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_the_lines_of_a_page_that_was_scanned_askew_are_in_their_order(turned: int) -> None:
    from PIL import Image

    with Image.open(BytesIO(PICTURE_FORMATS["png"](PAGE))) as picture:
        made = BytesIO()
        picture.convert("RGB").rotate(turned, expand=True).save(made, "PNG")
    read = read_bytes(Document(Path("page.png"), made.getvalue(), []))
    plain = "".join(read.text.split())
    places = [plain.find("".join(words.split())) for words in PAGE.all_lines]
    assert places == sorted(places) and places[0] == 0


def test_lines_of_low_confidence_are_listed_for_a_person(tmp_path: Path) -> None:
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


def _with_picture(ending: str) -> bytes:
    """A Word, PowerPoint or OpenDocument file, or a mail, with the page as a picture in it."""
    picture = PICTURE_FORMATS["png"](PAGE)
    if ending == "eml":
        message = EmailMessage()
        message["From"], message["Subject"] = "a@x.example", "claim"
        message.set_content("See the picture.")
        message.add_alternative('<p>See <img src="cid:one"></p>', subtype="html")
        html = message.get_body(("html",))
        assert html is not None
        html.add_related(picture, "image", "png", cid="<one>", filename="inline.png")
        message.add_attachment(PICTURE_FORMATS["jpg"](PAGE), maintype="image", subtype="jpeg", filename="scan.jpg")
        return message.as_bytes()
    made = BytesIO({"docx": docx, "pptx": pptx, "odt": odt}[ending](Page("Letter", ("See the picture.",))))
    folder = {"docx": "word/media/", "pptx": "ppt/media/", "odt": "Pictures/"}[ending]
    with ZipFile(made, "a") as archive:
        archive.writestr(f"{folder}image1.png", picture)
        archive.writestr(f"{folder}image2.png", picture)
        archive.writestr(f"{folder}image3.emf", b"no picture that is known")
    return made.getvalue()


@pytest.mark.parametrize("ending", ["docx", "pptx", "odt", "eml"])
def test_pictures_in_a_document_are_read_once_each_and_what_is_no_picture_is_named(ending: str) -> None:
    left_out: list[Problem] = []
    read = read_bytes(Document(Path(f"letter.{ending}"), _with_picture(ending), left_out))
    plain = "".join(read.text.split())
    assert plain.count("Schadenmeldung") == (2 if ending == "eml" else 1)
    at = read.text.index("Schadenmeldung")
    assert "picture" in read.where(at) or "attachment" in read.where(at)
    assert read.ocr and (ending == "eml" or "'image3.emf'" in left_out[0].what)

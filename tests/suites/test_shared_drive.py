"""What is on a shared drive: each file is read, or named with a reason that helps."""

from __future__ import annotations

import os
import unicodedata
import zipfile
from pathlib import Path

import pytest

from milo_bench.core.errors import UsageError
from milo_bench.suites import load_suite
from milo_bench.suites.importing.importer import IMPORTERS, Imported, ImportRequest
from milo_bench.suites.importing.suite_folder import import_suite


def share(tmp_path: Path, **files: bytes) -> Path:
    folder = tmp_path / "share"
    folder.mkdir(parents=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    return folder


def imported(folder: Path, names: list[str], tmp_path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Texts by document, and reasons by the place of what was not read."""
    rows = "".join(f'"{name}",{"ab"[number % 2]}\n' for number, name in enumerate(["good.txt", *names]))
    (folder / "good.txt").write_text("Good.")
    (folder / "labels.csv").write_text(f"file,label\n{rows}", encoding="utf-8")
    report = import_suite(ImportRequest(folder), out=tmp_path / "own")
    texts = {
        str(one.provenance["document"]): one.input["document"] for one in load_suite(str(tmp_path / "own")).fixtures
    }
    assert texts.pop("good.txt") == "Good."
    return texts, {Path(problem.where).name: problem.what for problem in report.broken}


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("back\\slash.txt", "back\\slash.txt"),
        (" blank .txt", "blank .txt"),
        (unicodedata.normalize("NFD", "Schäden.txt"), unicodedata.normalize("NFC", "Schäden.txt")),
        ("UPPER.TXT", "upper.txt"),
        ("new\nline.txt", "new\nline.txt"),
        ("smile \U0001f600.txt", "smile \U0001f600"),
    ],
)
def test_a_document_is_found_by_a_name_that_people_would_call_the_same(
    tmp_path: Path, stored: str, written: str
) -> None:
    texts, broken = imported(share(tmp_path, **{stored: b"Text."}), [written], tmp_path)
    assert texts == {stored: "Text."} and not broken


def test_text_is_read_whatever_it_was_saved_in(tmp_path: Path) -> None:
    files = {
        "mark.txt": "Grüße".encode("utf-16"),
        "little.txt": "Grüße aus Köln".encode("utf-16-le"),
        "big.txt": "Grüße aus Köln".encode("utf-16-be"),
        "windows.txt": "Grüße".encode("cp1252"),
        "noending": b"Plain.",
    }
    texts, broken = imported(share(tmp_path, **files), list(files), tmp_path)
    assert not broken
    assert texts == {
        "mark.txt": "Grüße",
        "little.txt": "Grüße aus Köln",
        "big.txt": "Grüße aus Köln",
        "windows.txt": "Grüße",
        "noending": "Plain.",
    }


def test_what_is_no_document_is_named_with_its_reason(tmp_path: Path) -> None:
    folder = share(tmp_path, **{"empty.docx": b"", "nul.txt": b"a\0b\0cd", "tool": b"\x7fELF\0\1", "film.mp4": b"\0\0"})
    with zipfile.ZipFile(folder / "letter.pages", "w") as archive:
        archive.writestr("Index/Document.iwa", b"\1\2")
    (folder / "gone.txt").symlink_to("missing")
    os.mkfifo(folder / "pipe.txt")
    with (folder / "large.pdf").open("wb") as file:
        file.truncate(10 * 1024**3)  # sparse: it takes no room
    names = ["empty.docx", "nul.txt", "tool", "film.mp4", "letter.pages", "gone.txt", "pipe.txt", "large.pdf"]
    texts, broken = imported(folder, names, tmp_path)
    assert not texts
    reasons = {
        "empty.docx": "empty: it has 0 bytes",
        "nul.txt": "not text (byte 1 is 0)",
        "tool": "files of an unknown kind are not supported",
        "film.mp4": "'.mp4' files are not supported",
        "letter.pages": "'.pages' files of Apple iWork are not supported",
        "gone.txt": "a link to a file that is not there",
        "pipe.txt": "a folder, a pipe or a device",
        "large.pdf": "larger than 64 MiB",
    }
    assert broken.keys() == reasons.keys()
    assert all(broken[name].startswith(reason) for name, reason in reasons.items())


def read_labels(tmp_path: Path, name: str, raw: bytes) -> Imported:
    folder = share(tmp_path, **{"a.txt": b"A.", "b.txt": b"B.", "c.txt": b"C."})
    (tmp_path / name).write_bytes(raw)
    return IMPORTERS.get("folder").read(ImportRequest(folder, labels=tmp_path / name))


def labelled(result: Imported) -> dict[str, object]:
    return {str(case.provenance["document"]): case.expect.get("label") for case in result.cases}


def test_names_of_another_machine_and_with_another_ending_are_found_and_said(tmp_path: Path) -> None:
    table = b"file,label\nC:\\share\\a.txt,x\nb.docx,y\n/mnt/c.txt,z\nother/a.txt,w\n"
    result = read_labels(tmp_path, "labels.csv", table)
    assert labelled(result) == {"a.txt": "x", "b.txt": "y", "c.txt": "z"}
    assert "'C:\\share\\a.txt' is a.txt, and 2 more like this" in result.guesses
    assert [problem.what for problem in result.broken] == ["there is no document 'other/a.txt'"]


def test_the_column_of_documents_is_told_by_its_values(tmp_path: Path) -> None:
    result = read_labels(tmp_path, "labels.csv", b"Beleg,Sparte\na.txt,x\nb,y\n")
    assert labelled(result) == {"a.txt": "x", "b.txt": "y"} and "--id Beleg" in result.guesses
    with pytest.raises(UsageError, match="no column with the document names"):
        read_labels(tmp_path / "again", "labels.csv", b"Beleg,Sparte\nx.txt,x\ny,y\n")


@pytest.mark.parametrize("numbers", [("1", "2", "3"), ("001", "002", "003"), ("1.", "2.", "3."), ("0", "1", "2")])
def test_a_column_that_only_numbers_the_rows_is_not_expected_of_an_answer(
    tmp_path: Path, numbers: tuple[str, str, str]
) -> None:
    rows = "\n".join(f"{n},{name}.txt,{label}" for n, name, label in zip(numbers, "abc", "xyx", strict=True))
    result = read_labels(tmp_path, "labels.csv", f"No,file,queue\n{rows}\n".encode())
    assert labelled(result) == {"a.txt": "x", "b.txt": "y", "c.txt": "x"}
    assert "'No' only numbers the rows, so no answer has it" in result.guesses


@pytest.mark.parametrize("numbers", [("2", "1", "3"), ("7", "8", "9"), ("1", "1", "2"), ("a", "b", "c")])
def test_a_column_of_other_numbers_is_expected_of_an_answer(tmp_path: Path, numbers: tuple[str, str, str]) -> None:
    rows = "\n".join(f"{n},{name}.txt,{label}" for n, name, label in zip(numbers, "abc", "xyx", strict=True))
    result = read_labels(tmp_path, "labels.csv", f"No,file,queue\n{rows}\n".encode())
    assert [case.expect["fields"]["No"] for case in result.cases] == list(numbers)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("label", ["gr\u00f6\u00dfer", "plain"])
def test_a_table_is_read_in_the_encodings_of_office_programs(tmp_path: Path, encoding: str, label: str) -> None:
    result = read_labels(tmp_path, "labels.csv", f"file;label\r\na.txt;{label}\r\nb.txt;x\r\n".encode(encoding))
    assert labelled(result) == {"a.txt": label, "b.txt": "x"}


def test_nul_characters_in_a_table_are_left_out_and_said(tmp_path: Path) -> None:
    result = read_labels(tmp_path, "labels.csv", b"file,label\na.txt,x\0y\n")
    assert labelled(result) == {"a.txt": "xy"} and "labels.csv contains NUL characters" in result.guesses[0]


CHAPTER = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{}</p></body></html>'
PACKAGE = (
    '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="b" href="text/b%20two.xhtml"/>'
    '<item id="a" href="text/a.xhtml#start"/><item id="c" href="../../../etc/passwd"/></manifest>'
    '<spine><itemref idref="b"/><itemref idref="a"/><itemref idref="c"/><itemref idref="none"/></spine></package>'
)


def epub(tmp_path: Path, **more: str) -> bytes:
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>',
        "OPS/book.opf": PACKAGE,
        "OPS/text/a.xhtml": CHAPTER.format("Second, as the book says."),
        "OPS/text/b two.xhtml": CHAPTER.format("First, 1,250.00 EUR."),
        **more,
    }
    with zipfile.ZipFile(tmp_path / "book", "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return (tmp_path / "book").read_bytes()


def test_a_book_is_read_in_the_order_of_its_chapters(tmp_path: Path) -> None:
    texts, broken = imported(share(tmp_path, **{"a.epub": epub(tmp_path)}), ["a.epub"], tmp_path)
    assert not broken
    assert texts["a.epub"].split("\n\n\n") == ["First, 1,250.00 EUR.", "Second, as the book says.\n"]


def test_a_protected_book_is_named_with_its_reason(tmp_path: Path) -> None:
    locked = epub(tmp_path, **{"META-INF/rights.xml": "<rights/>"})
    texts, broken = imported(share(tmp_path, **{"a.epub": locked}), ["a.epub"], tmp_path)
    assert not texts and broken == {"a.epub": "protected against copying"}


def test_a_text_that_is_saved_as_one_xml_file_is_read(tmp_path: Path) -> None:
    names = " ".join(f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"' for one in ("office", "text"))
    flat = (
        f'<?xml version="1.0"?><office:document {names} office:mimetype="application/vnd.oasis.opendocument.text">'
        "<office:body><office:text><text:p>Total<text:tab/>1,250.00</text:p></office:text></office:body></office:document>"
    )
    texts, broken = imported(
        share(tmp_path, **{"a.fodt": flat.encode(), "b.xml": flat.encode()}), ["a.fodt", "b.xml"], tmp_path
    )
    assert not broken and set(texts.values()) == {"Total\t1,250.00\n"}


MBOX = b"From a@example.com Mon Mar  3 10:00:00 2025\nFrom: a@example.com\nSubject: x\n\nCase 4711\n"


def test_a_mailbox_among_documents_makes_no_folder_of_mails(tmp_path: Path) -> None:
    folder = share(tmp_path, **{"old.mbox": MBOX, "a.txt": b"A.", "b.txt": b"B."})
    (folder / "labels.csv").write_text("file,label\na.txt,x\nb.txt,y\n")
    report = import_suite(ImportRequest(folder), out=tmp_path / "own")
    assert (report.format, report.fixtures) == ("folder", 2)
    assert [Path(problem.where).name for problem in report.not_carried] == ["old.mbox"]


def test_what_is_beside_mailboxes_is_named(tmp_path: Path) -> None:
    folder = share(tmp_path, **{"in.mbox": MBOX, "in.msf": b"index", "labels.csv": b"id,label\n1,a\n"})
    report = import_suite(ImportRequest(folder), out=tmp_path / "own")
    assert (report.format, report.fixtures) == ("mailbox", 1)
    assert [(Path(one.where).name, one.what) for one in report.not_carried] == [("labels.csv", "not a mailbox")]


def test_a_package_of_another_program_is_not_read_as_a_zip_of_documents(tmp_path: Path) -> None:
    folder = share(tmp_path)
    with zipfile.ZipFile(folder / "plan.vsdx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("visio/document.xml", "<a/>")
    (folder / "letter.xml").write_text('<?xml version="1.0"?><?mso-application progid="Word.Document"?><w/>')
    texts, broken = imported(folder, ["plan.vsdx", "letter.xml"], tmp_path)
    assert not texts
    assert broken == {
        "plan.vsdx": "'.vsdx' files are not supported",
        "letter.xml": "an XML document of Office 2003",
    }

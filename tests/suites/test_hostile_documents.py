"""Documents that would take for ever or all of the memory: each is ended at a limit, named, and the rest is read."""

from __future__ import annotations

import io
import os
import signal
import threading
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.office.documents import Page, docx
from benchmarks.office.sheets import Labels, xlsx
from milo_bench.config.written import Problem
from milo_bench.core.errors import DataError
from milo_bench.suites.documents.reader import Document, DocumentBroken, read_bytes
from milo_bench.suites.importing.apart import ReadApart
from milo_bench.suites.importing.importer import IMPORTERS, ImportRequest
from milo_bench.suites.importing.suite_folder import import_suite

_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
LETTER = docx(Page("Letter", ("We pay.",)))


def zipped(name: str, data: str | bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return made.getvalue()


def pdf(*objects: bytes) -> bytes:
    made, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n" % number + one + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(made))
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end


_CATALOG, _PAGE = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 1 1]>>"


def bomb() -> bytes:
    return zipped("word/document.xml", f"<w:document {_WORD}>".encode() + b" " * (1 << 28) + b"</w:document>")


def billion_laughs() -> bytes:
    entities = "".join(f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 10}">' for level in range(12))
    text = f'<!DOCTYPE x [<!ENTITY a "ha">{entities}]><w:document {_WORD}>&m;</w:document>'
    return zipped("word/document.xml", text)


def pages_in_a_circle() -> bytes:
    pages = b"<</Type/Pages/Count 100000/Kids[3 0 R]>>"
    return pdf(_CATALOG, pages, b"<</Type/Pages/Parent 2 0 R/Count 100000/Kids[2 0 R]>>")


def one_page_100_000_times() -> bytes:
    return pdf(_CATALOG, b"<</Type/Pages/Count 100000/Kids[" + b"3 0 R " * 100_000 + b"]>>", _PAGE)


def zips_in_one_another() -> bytes:
    made = b"hello"
    for depth in range(40):
        made = zipped("inner.zip" if depth else "a.txt", made)
    return made


def groups_in_one_another() -> bytes:
    return b"{\\rtf1 " + b"{" * 1_000_000 + b"x"


HOSTILE: dict[Callable[[], bytes], str] = {
    bomb: "unpacks to more than 256 MiB",
    billion_laughs: "XML with a document type",
    pages_in_a_circle: "not a readable PDF",
    one_page_100_000_times: "more than 5,000 pages",
    zips_in_one_another: "contains no text",
    groups_in_one_another: "nested too deep",
}


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_what_is_built_to_grow_without_end_is_refused_with_its_reason(make: Callable[[], bytes]) -> None:
    with ReadApart() as apart, pytest.raises(DocumentBroken, match=HOSTILE[make]):
        apart.read(Document(Path("letter.bin"), make()), "text")


def test_a_page_that_cannot_be_unpacked_is_named_and_not_taken_for_blank() -> None:
    large = zlib.compress(b"BT ET " * 40_000_000)
    content = b"<</Length %d/Filter/FlateDecode>>stream\n" % len(large) + large + b"\nendstream"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 1 1]/Contents 4 0 R>>"
    left_out: list[Problem] = []
    with pytest.raises(DocumentBroken):
        read_bytes(
            Document(Path("a.pdf"), pdf(_CATALOG, b"<</Type/Pages/Count 1/Kids[3 0 R]>>", page, content), left_out)
        )
    assert left_out[0].what.startswith("page 1: Limit reached while decompressing")


def test_a_document_past_the_time_limit_is_ended_and_the_next_one_is_read() -> None:
    with ReadApart() as apart:
        apart.read(Document(Path("a.docx"), LETTER), "text")
        assert apart._process is not None
        stopped = apart._process
        os.kill(stopped.pid, signal.SIGSTOP)  # it will never answer
        apart._limit_s = 0.2
        with pytest.raises(DocumentBroken, match="took longer than 200 ms to read") as caught:
            apart.read(Document(Path("b.docx"), LETTER), "text")
        assert "--time-limit" in caught.value.hint and stopped.poll() is not None
        apart._limit_s = 60
        assert "We pay." in apart.read(Document(Path("c.docx"), LETTER), "text").read.text


def test_a_reader_that_gets_no_processor_time_is_waited_for() -> None:
    with ReadApart() as apart:
        apart.read(Document(Path("a.docx"), LETTER), "text")
        assert apart._process is not None
        os.kill(apart._process.pid, signal.SIGSTOP)  # as on a machine with other work
        apart._limit_s = 2
        threading.Timer(2.5, os.kill, (apart._process.pid, signal.SIGCONT)).start()
        assert "We pay." in apart.read(Document(Path("b.docx"), LETTER), "text").read.text


def test_an_import_lists_a_hostile_document_and_reads_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / "bomb.docx").write_bytes(bomb())
    (folder / "good.docx").write_bytes(LETTER)
    (folder / "labels.csv").write_text("file,label\nbomb.docx,a\ngood.docx,b\n")
    report = import_suite(ImportRequest(folder), out=tmp_path / "own")
    assert report.fixtures == 1
    assert [problem.what for problem in report.broken] == ["unpacks to more than 256 MiB"]


def test_a_document_whose_reader_is_ended_by_the_system_is_named_and_the_next_one_is_read() -> None:
    with ReadApart() as apart:
        assert "We pay." in apart.read(Document(Path("a.docx"), LETTER), "text").read.text
        assert apart._process is not None
        apart._process.kill()
        with pytest.raises(DocumentBroken, match="ended by signal 9"):
            apart.read(Document(Path("b.docx"), LETTER), "text")
        assert "We pay." in apart.read(Document(Path("c.docx"), LETTER), "text").read.text


def test_plain_text_needs_no_other_process() -> None:
    with ReadApart() as apart:
        assert apart.read(Document(Path("a.txt"), b"We pay."), "text").value == "We pay."
        assert apart._process is None
        apart.read(Document(Path("mail.txt"), b"From: a@x.example\nSubject: b\n\nc"), "text")
        assert apart._process is not None


def test_a_table_is_read_by_a_process_with_limits_like_any_document(tmp_path: Path) -> None:
    labels = Labels(("id", "text", "queue"), ("text", "text", "text"), (("a", "one", "motor"), ("b", "two", "roof")))
    (tmp_path / "t.xlsx").write_bytes(xlsx(labels))
    request = ImportRequest(tmp_path / "t.xlsx")
    assert len(IMPORTERS.get("spreadsheet").read(request).cases) == 2
    with pytest.raises(DataError, match="took longer than 1 ms to read") as caught:
        IMPORTERS.get("spreadsheet").read(replace(request, time_limit_s=0.001))
    assert "--time-limit" in caught.value.hint
    with pytest.raises(DataError, match="took longer than 1 ms to read"):
        IMPORTERS.get("folder").read(ImportRequest(tmp_path, labels=tmp_path / "t.xlsx", time_limit_s=0.001))


def locked(kind: str) -> bytes:
    """An office file that needs a password, as far as a reader without it can see."""
    if kind == "ole":
        return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(504)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr("META-INF/manifest.xml", "<m:manifest><m:encryption-data/></m:manifest>")
        archive.writestr("content.xml", b"\x01\x02")
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "kind"), [("t.xlsx", "ole"), ("t.ods", "spreadsheet"), ("t.docx", "ole"), ("t.odt", "text")]
)
def test_a_file_with_a_password_is_named_as_one_whatever_it_is_for(tmp_path: Path, name: str, kind: str) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / name).write_bytes(locked(kind))
    (folder / "a.txt").write_text("We pay.")
    (folder / "labels.csv").write_text(f"file,label\na.txt,x\n{name},y\n")
    result = IMPORTERS.get("folder").read(ImportRequest(folder))
    assert [(problem.what, problem.hint) for problem in result.broken] == [
        ("locked with a password", "save it without a password.")
    ]
    if name in ("t.xlsx", "t.ods"):
        for request in (ImportRequest(folder / name), ImportRequest(folder, labels=folder / name)):
            with pytest.raises(DataError, match="locked with a password"):
                IMPORTERS.get("spreadsheet" if request.labels is None else "folder").read(request)

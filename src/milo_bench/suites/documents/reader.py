"""A document's path or bytes in, the text that a model will see out; what was not read is named, nothing is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from milo_bench.config.written import FILE_LIMIT_BYTES, Problem
from milo_bench.core.registry import Registry
from milo_bench.suites.bounded.archive import parts_of
from milo_bench.suites.bounded.broken import DocumentBroken, PackageMissing
from milo_bench.suites.bounded.locked import refuse_locked
from milo_bench.suites.documents.read_text import DocumentText

__all__ = ["DOCUMENTS", "Document", "DocumentBroken", "DocumentReader", "PackageMissing", "read_bytes", "read_document"]

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IWORK: Final = (".pages", ".numbers", ".key")  # zips of parts in a form of Apple's own
_IWORK_HINT: Final = "export it as Word or PDF."
_INSTEAD: Final = {
    ".heic .heif .avif .svg .psd .ai .eps .raw .cr2": "save it as .png or .jpg.",
    ".rar .7z .gz .tgz .tar .bz2 .xz .cab .iso": "unpack it, or pack its files as .zip.",
    ".mp3 .wav .m4a .ogg .flac .mp4 .mov .avi .mkv .webm": "import what is said in it as text.",
    ".pst .ost .mbx": "export the mails as .eml or .msg.",
    ".gdoc .gsheet .gslides .webloc": "download what it links to as .docx, .xlsx or .pdf.",
    ".parquet .feather .avro .orc .sav .dta .sas7bdat .mdb .accdb": "export it as .csv or .xlsx.",
    ".asc .gpg .pgp": "decrypt it first.",
    ".exe .dll .msi .bat .lnk .url .com .bin .iso .db": "remove it: it is not a document.",
    ".xlsb .numbers .wk4": "save it as .xlsx.",
    ".dwg .dxf .vsd .vsdx .one .pub .mpp .xps .djvu .ps": "export it as PDF.",
}
# What tells a file that no reader is for, whatever its name: where it stands, the bytes, the usual ending.
_FOREIGN: Final = (
    (4, b"ftyphei", ".heic"), (4, b"ftyphev", ".heic"), (4, b"ftypmif1", ".heic"), (4, b"ftypavi", ".avif"),
    (4, b"ftypM4A", ".m4a"), (4, b"ftypqt", ".mov"), (4, b"ftypisom", ".mp4"), (4, b"ftypmp4", ".mp4"),
    (0, b"7z\xbc\xaf\x27\x1c", ".7z"), (0, b"Rar!\x1a\x07", ".rar"), (0, b"\x1f\x8b", ".gz"),
    (0, b"\xfd7zXZ\0", ".xz"), (0, b"BZh9", ".bz2"), (0, b"8BPS", ".psd"), (0, b"!BDN", ".pst"), (0, b"%!PS", ".ps"),
    (0, b"SQLite format 3\0", ".db"), (0, b"PAR1", ".parquet"), (0, b"AT&TFORM", ".djvu"), (257, b"ustar", ".tar"),
)  # fmt: skip
MOST_NESTED: Final = 5  # documents in one another
MOST_INSIDE: Final = 2_000  # documents in one document, on every level together
MOST_CHARACTERS: Final = 8_000_000  # what one message of a prompt can hold


@dataclass
class _Inside:
    count: int = 0


@dataclass(frozen=True)
class Document:
    """The bytes of one file. Readers add to ``left_out`` what they saw and did not read, such as attachments.

    A reader calls ``alive`` after each page, so that a long document is not taken for one that never ends.
    """

    path: Path
    raw: bytes
    left_out: list[Problem] = field(default_factory=list)
    depth: int = 0
    alive: Callable[[], None] = field(default=lambda: None, compare=False, repr=False)
    _inside: _Inside = field(default_factory=_Inside)

    def leave_out(self, what: str, hint: str) -> None:
        self.left_out.append(Problem(str(self.path), what, hint))

    def leave_out_pictures(self, count: int) -> None:
        """Say that pictures in it were not read, if there are any."""
        if count:
            said = "a picture in it" if count == 1 else f"{count} pictures in it"
            self.leave_out(said, "pip install 'milo-bench[ocr]' reads their text.")

    def read_inside(self, name: str, raw: bytes) -> DocumentText | None:
        """The text of a document in this one, such as an attachment; None if it is left out, and then said."""
        shown = name.replace("\\", "/").rpartition("/")[2].strip()[:200] or "without a name"
        self._inside.count += 1
        if self.depth >= MOST_NESTED or self._inside.count > MOST_INSIDE:
            self.leave_out(f"'{shown}' inside it: nested too deep or one of too many", "import it as a document.")
            return None
        inner = Document(self.path / shown, raw, self.left_out, self.depth + 1, self.alive, self._inside)
        try:
            return read_bytes(inner)
        except DocumentBroken as broken:
            self.leave_out(f"'{shown}' inside it: {broken}", broken.hint)
            return None


@dataclass(frozen=True)
class DocumentReader:
    """``read`` gives the text or raises DocumentBroken. ``recognises`` looks at the first bytes of a file, or at all
    of them where ``whole`` is set; ``endings`` (lower case, with the dot) decide where no reader recognises them.
    """

    read: Callable[[Document], DocumentText]
    endings: tuple[str, ...]
    recognises: Callable[[bytes], bool] = lambda _: False
    whole: bool = False


DOCUMENTS: Registry[DocumentReader] = Registry("document format", "milo_bench.suites.documents.formats")


def read_document(path: Path, left_out: list[Problem]) -> DocumentText:
    """The text of the document at ``path``; what was not read is added to ``left_out``.

    The format is told by content, then by the name. Raises DocumentBroken, also for a file that
    holds no text, is larger than 64 MiB or is a link out of its folder.
    """
    return read_bytes(Document(path, file_bytes(path), left_out))


def file_bytes(path: Path) -> bytes:
    """The file's bytes. Raises DocumentBroken for one that is too large, unreadable or a link out of its folder."""
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
            raise DocumentBroken("a link that leads out of the folder")
        if path.is_symlink() and not path.exists():
            raise DocumentBroken("a link to a file that is not there")
        if not path.is_file():
            raise DocumentBroken("a folder, a pipe or a device")
        if path.stat().st_size > FILE_LIMIT_BYTES:
            raise DocumentBroken(f"larger than {FILE_LIMIT_BYTES >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise DocumentBroken(f"cannot be read: {error.strerror}") from None


def read_bytes(document: Document) -> DocumentText:
    """The text of ``document``. Raises DocumentBroken, also where there is no text in it."""
    if not document.raw:
        raise DocumentBroken("empty: it has 0 bytes")
    reader = _reader(document)
    try:
        read = reader.read(document)
    except RecursionError:
        raise DocumentBroken("its parts are nested too deep") from None
    if not read.text.strip():
        raise DocumentBroken("contains no text")
    if len(read.text) > MOST_CHARACTERS:
        raise DocumentBroken(f"its text is longer than {MOST_CHARACTERS:,} characters")
    return read


def is_plain(document: Document) -> bool:
    """Whether a document is text that is decoded and nothing more, as its name and its first bytes say."""
    start = document.raw[:4096]
    if document.path.suffix.lower() not in DOCUMENTS.get("plain_text").endings or start.startswith((b"PK", _OLE)):
        return False
    return not any(reader.recognises(start) for _, reader in DOCUMENTS if not reader.whole)


def _reader(document: Document) -> DocumentReader:
    start = document.raw[:4096]
    ending = document.path.suffix.lower()
    refuse_locked(document.raw)
    for name, reader in DOCUMENTS:
        if reader.recognises(document.raw if reader.whole else start):
            if name == "archive" and (
                ending in _IWORK or any(part.endswith(".iwa") for part in parts_of(document.raw))
            ):
                shown = ending if ending in _IWORK else ".pages"
                raise DocumentBroken(f"'{shown}' files of Apple iWork are not supported", hint=_IWORK_HINT)
            return reader
    if document.raw.startswith(_OLE):
        raise DocumentBroken(
            f"'{ending}' files of Office 97 to 2003 are not supported", hint="save it as .docx, .pptx or .xlsx."
        )
    kind = next((kind for at, mark, kind in _FOREIGN if start.startswith(mark, at)), "")
    if kind and kind != ending:
        raise DocumentBroken(f"content of a '{kind}' file, which is not supported", hint=_instead(kind))
    for _, reader in DOCUMENTS:
        if ending in reader.endings:
            return reader
    if ending in _IWORK:
        raise DocumentBroken(f"'{ending}' files of Apple iWork are not supported", hint=_IWORK_HINT)
    if not ending and _is_text(start):
        return DOCUMENTS.get("plain_text")
    said = f"'{ending}' files" if ending else "files of an unknown kind"
    raise DocumentBroken(f"{said} are not supported", hint=_instead(ending))


def _instead(ending: str) -> str:
    """What to do with a file that no reader is for."""
    return next((hint for endings, hint in _INSTEAD.items() if ending in endings.split()), "save it as PDF or Word.")


def _is_text(start: bytes) -> bool:
    """Whether the first bytes are UTF-8 without control characters; the last letter may be cut."""
    try:
        text = start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:
            return False
        text = start[: error.start].decode("utf-8-sig")
    return not any(ord(one) < 32 and one not in "\t\n\r\f" for one in text)

"""A folder of .txt, .eml and .pdf files with a label file in, one case a document out; nothing in them is run."""

from __future__ import annotations

import email
import email.policy
import io
import re
from dataclasses import replace
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

from milo_bench.config.written import Problem, read_text
from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import closest
from milo_bench.suites.importing.columns import ImportRow, import_rows
from milo_bench.suites.importing.importer import IMPORTERS, Imported, Importer, ImportRequest
from milo_bench.suites.importing.tables import table_rows

_FILE_NAMES = ("file", "filename", "file_name", "path", "document", "name", "id")
_LABEL_FILES = ("labels.csv", "labels.jsonl", "labels.tsv")
_HEADERS = ("From", "To", "Cc", "Date", "Subject")


class DocumentBroken(Exception):
    """One document cannot be read; the message says why."""


def import_folder(request: ImportRequest) -> Imported:
    """Every document of ``request.source`` with its row of the label file. Raises UsageError without labels."""
    result = Imported()
    labels = request.labels or next((f for name in _LABEL_FILES if (f := request.source / name).is_file()), None)
    if labels is None:
        message = f"There is no label file for {request.source}."
        raise UsageError(
            message, hint="add labels.csv with the columns file,label beside the documents, or pass --labels FILE."
        )
    if request.labels is None:
        result.guesses.append(f"--labels {labels}")
    table = table_rows(labels, result)
    columns = list(dict.fromkeys(column for row in table for column in row.values))
    file_column = next((name for name in _FILE_NAMES if name in columns), None)
    if file_column is None:
        message = f"{labels} has no column with the document names."
        raise UsageError(message, hint=f"name it 'file'. The columns are: {', '.join(columns) or 'none'}.")
    documents = {path.name: path for path in sorted(request.source.iterdir()) if path.is_file() and path != labels}
    rows = []
    for row in table:
        name = str(row.values[file_column])
        path = documents.pop(name, None) or documents.pop(_with_ending(name, documents), None)
        if path is None:
            near = closest(name, documents)
            hint = f"did you mean '{near}'?" if near else "add it to the folder, or remove the row."
            result.broken.append(Problem(row.place, f"there is no document '{name}'", hint, kind="data"))
            continue
        try:
            text = read_document(path, result)
        except DocumentBroken as error:
            result.broken.append(
                Problem(str(path), str(error), "correct or remove it. The rest is imported.", kind="data")
            )
            continue
        values = {key: value for key, value in row.values.items() if key != file_column}
        rows.append(ImportRow({"id": path.stem, **values, "document": text}, row.place))
    for path in documents.values():
        result.not_carried.append(Problem(str(path), "the label file has no row for it", "add a row for it."))
    label, expects = request.label, request.expects
    others = tuple(column for column in columns if column != file_column)
    if not label and not expects and len(others) == 1:
        label = others[0]
        result.guesses.append(f"--label {label}")
    elif not label and not expects:
        expects = others
        result.guesses.append(" ".join(f"--expect {column}" for column in expects))
    changed = replace(request, inputs=("document",), id_column="id", label=label, expects=expects)
    return import_rows(rows, changed, result)


def _with_ending(name: str, documents: dict[str, Path]) -> str:
    return next((known for known in documents if Path(known).stem == name), name)


def read_document(path: Path, result: Imported) -> str:
    """The text of a document. Raises DocumentBroken."""
    match path.suffix.lower():
        case ".txt" | ".md" | ".text":
            text = read_text(path)
            if isinstance(text, Problem):
                raise DocumentBroken(text.what)
        case ".eml":
            text = _mail_text(path, result)
        case ".pdf":
            text = _pdf_text(path)
        case other:
            raise DocumentBroken(f"'{other}' files are not supported, only .txt, .eml and .pdf")
    if not text.strip():
        raise DocumentBroken(
            "contains no text" + (" (if it is a scan, run OCR first)" if path.suffix.lower() == ".pdf" else "")
        )
    return text


def _mail_text(path: Path, result: Imported) -> str:
    try:
        # The policy makes the parser give an EmailMessage; its stub promises only a Message.
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        if not message.keys():
            raise DocumentBroken("not an e-mail: it has no headers")
        head = [f"{name}: {message[name]}" for name in _HEADERS if message[name]]
        body = message.get_body(preferencelist=("plain", "html"))
        content = str(body.get_content()) if body is not None else ""
        if body is not None and body.get_content_type() == "text/html":
            content = _plain(content)
        for part in message.iter_attachments():
            name = part.get_filename() or part.get_content_type()
            result.not_carried.append(Problem(str(path), f"attachment '{name}'", "import it as a separate document."))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DocumentBroken(f"not a readable e-mail: {error}") from None
    return "\n".join(head) + "\n\n" + content.replace("\r\n", "\n").strip() + "\n"


class _TextOnly(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        if tag in ("p", "br", "div", "tr", "li", "h1", "h2", "h3"):
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def _plain(html: str) -> str:
    parser = _TextOnly()
    parser.feed(html)
    parser.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(parser.pieces))


def _pdf_text(path: Path) -> str:
    import logging

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it would warn of is reported by us, once
    try:
        reader = PdfReader(io.BytesIO(path.read_bytes()))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentBroken("protected with a password")
        return "\n\n".join(page.extract_text() for page in reader.pages)
    except DocumentBroken:
        raise
    except (PyPdfError, OSError, RecursionError) as error:
        raise DocumentBroken(f"not a readable PDF: {error}") from None
    except Exception as error:
        # A damaged file can make the parser fail anywhere in it, with any error; one file must not stop the rest.
        raise DocumentBroken(f"not a readable PDF: {type(error).__name__}: {error}") from None


IMPORTERS.add("folder", Importer(import_folder, folders=True))

"""An mbox file, a folder of them or a Maildir in, one case a mail out."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from milo_bench.config.written import Problem
from milo_bench.suites.documents.reader import Document, DocumentBroken
from milo_bench.suites.importing.apart import ReadApart
from milo_bench.suites.importing.columns import ImportRow, import_rows
from milo_bench.suites.importing.importer import IMPORTERS, Imported, Importer, ImportRequest
from milo_bench.suites.importing.labels.table import label_rows
from milo_bench.suites.importing.mailbox import files_beside_mailboxes, is_mail_folder, is_mbox, read_mailbox

_HEADERS: Final = ("From", "To", "Date", "Subject", "X-Label", "X-Gmail-Labels", "Keywords", "X-Folder")


def import_mailbox(request: ImportRequest) -> Imported:
    """A case for each mail. Its label is in a header or the mailbox's name (``--label``), or in the label file.

    The label file names a mail by its Message-ID. Raises UsageError for a column that is not there.
    """
    result = Imported()
    rows = []
    with ReadApart(request.time_limit_s) as apart:
        for name, where, raw in read_mailbox(request.source, result.broken):
            try:
                mail = Document(Path(f"{where.replace(' ', '-')}.eml"), raw, result.not_carried)
                read = apart.read(mail, "text").read
            except DocumentBroken as broken:
                result.broken.append(Problem(where, str(broken), broken.hint, kind="data"))
                continue
            values = {"mailbox": name, **_headers(raw), "document": read.text}
            rows.append(ImportRow(values, where, read.provenance()))
    for path in files_beside_mailboxes(request.source) if request.source.is_dir() else ():
        if request.labels is None or path.resolve() != request.labels.resolve():
            result.not_carried.append(Problem(str(path), "not a mailbox", "import it by itself, or give --labels."))
    changed = replace(request, inputs=request.inputs or ("document",), id_column=request.id_column or "id")
    if request.labels is not None:
        rows, changed = _with_labels(rows, request.labels, changed, result)
    elif not request.label and not request.expects and len({row.values["mailbox"] for row in rows}) > 1:
        result.guesses.append("--label mailbox")
        changed = replace(changed, label="mailbox")
    named = {changed.id_column, changed.label, *changed.inputs, *changed.expects, *changed.tags}
    kept = [replace(row, values={key: row.values.get(key) for key in row.values if key in named}) for row in rows]
    return import_rows(kept, changed, result)


def _headers(raw: bytes) -> dict[str, Any]:
    message = email.message_from_bytes(raw[:65_536], policy=email.policy.compat32)
    name = str(message.get("Message-ID", "")).strip().strip("<>")
    found: dict[str, Any] = {"id": re.sub(r"[^\w.:-]+", "-", name).strip("-"), "Message-ID": name}
    for header in _HEADERS:
        if message.get(header):
            found[header] = " ".join(str(message[header]).split())[:1_000]
    return found


def _with_labels(
    rows: list[ImportRow], labels: Path, request: ImportRequest, result: Imported
) -> tuple[list[ImportRow], ImportRequest]:
    """The mails that the label file names, with its columns."""
    table, column = label_rows(labels, replace(request, id_column=""), result)
    by_id = {row.values["Message-ID"]: row for row in rows}
    labelled = []
    for row in table:
        mail = by_id.pop(str(row.values.get(column) or "").strip().strip("<>"), None)
        if mail is None:
            said = f"there is no mail '{row.values.get(column)}'"
            result.broken.append(Problem(row.place, said, "give its Message-ID.", kind="data"))
            continue
        gold = {key: value for key, value in row.values.items() if key != column}
        labelled.append(replace(mail, values={**mail.values, **gold}, unread=row.unread, numbers=row.numbers))
    for mail in by_id.values():
        result.not_carried.append(Problem(mail.place, "the label file has no row for it", "add a row for it."))
    others = tuple(dict.fromkeys(name for row in table for name in row.values if name != column))
    if not request.label and not request.expects:
        request = replace(request, label=others[0]) if len(others) == 1 else replace(request, expects=others)
    return labelled, request


IMPORTERS.add(
    "mailbox",
    Importer(import_mailbox, endings=(".mbox", ".mbx"), recognises=is_mbox, recognises_folder=is_mail_folder),
)

"""A folder or zip of documents with a label file in, one case a document out; nothing in them is run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from milo_bench.config.written import Problem
from milo_bench.core.errors import DataError
from milo_bench.core.suggest import closest
from milo_bench.suites.documents.read_text import DocumentText
from milo_bench.suites.documents.reader import DocumentBroken
from milo_bench.suites.importing.columns import ImportRow, import_rows
from milo_bench.suites.importing.documents import Documents
from milo_bench.suites.importing.importer import IMPORTERS, Imported, Importer, ImportRequest
from milo_bench.suites.importing.label_table import find_label_file, label_rows


def import_folder(request: ImportRequest) -> Imported:
    """Every document of ``request.source`` with its row of the label file. Raises UsageError without labels."""
    result = Imported()
    labels = find_label_file(request, result)
    table, file_column = label_rows(labels, request, result)
    try:
        documents = Documents(request.source, result.not_carried, without=labels)
    except DocumentBroken as broken:
        raise DataError(f"{request.source}: {broken}.", hint=broken.hint) from None
    rows = []
    used: dict[str, str] = {}
    for row in table:
        found = _document_row(row, file_column, documents, used, result)
        if found is not None:
            rows.append(found)
    for name in documents.names:
        if name not in used:
            where = documents.place(name)
            result.not_carried.append(Problem(where, "the label file has no row for it", "add a row for it."))
    columns = list(dict.fromkeys(column for row in table for column in row.values))
    others = tuple(column for column in columns if column != file_column and column not in request.tags)
    label, expects = request.label, request.expects
    if not label and not expects and len(others) == 1:
        label = others[0]
        result.guesses.append(f"--label {label}")
    elif not label and not expects:
        expects = others
        result.guesses.append(" ".join(f"--expect {column}" for column in expects))
    changed = replace(request, inputs=("document",), id_column="id", label=label, expects=expects)
    return import_rows(rows, changed, result)


def _document_row(
    row: ImportRow, file_column: str, documents: Documents, used: dict[str, str], result: Imported
) -> ImportRow | None:
    """The row with the text of its document, None where there is none: then it is in ``result.broken``."""
    written = str(row.values.get(file_column) or "").strip()
    if not written:
        result.broken.append(Problem(row.place, "names no document", f"fill '{file_column}'.", kind="data"))
        return None
    name = documents.find(written)
    if name is None or name in used:
        said = f"there is no document '{written}'" if name is None else f"'{written}' is also in {used[name]}"
        near = closest(written, [one for one in documents.names if one not in used]) if name is None else None
        hint = f"did you mean '{near}'?" if near else "add it to the folder, or remove the row."
        result.broken.append(Problem(row.place, said, hint, kind="data"))
        return None
    used[name] = row.place
    try:
        read, digest = documents.read(name)
    except DocumentBroken as broken:
        result.broken.append(Problem(documents.place(name), str(broken), broken.hint, kind="data"))
        return None
    _list_low_confidence(documents.place(name), read, result)
    values = {key: value for key, value in row.values.items() if key != file_column}
    origin = {"document": name, "document_sha256": digest, **read.provenance()}
    return ImportRow({"id": Path(name).stem, **values, "document": read.text}, row.place, origin)


def _list_low_confidence(place: str, read: DocumentText, result: Imported) -> None:
    for line in read.low_confidence():
        said = f"{read.where(line.start)}: '{read.text[line.start : line.end]}' (confidence {line.confidence:.2f})"
        result.for_review.append(Problem(place, said, "compare it with the picture.", "warning", "data"))


IMPORTERS.add("folder", Importer(import_folder, endings=(".zip",), folders=True))

"""A folder of documents with a label file in, one case a document out; nothing in them is run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from milo_bench.config.written import Problem
from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import closest
from milo_bench.suites.documents.reader import DocumentBroken, read_document
from milo_bench.suites.importing.columns import ImportRow, import_rows
from milo_bench.suites.importing.importer import IMPORTERS, Imported, Importer, ImportRequest
from milo_bench.suites.importing.tables import table_rows

_FILE_NAMES = ("file", "filename", "file_name", "path", "document", "name", "id")
_LABEL_FILES = ("labels.csv", "labels.jsonl", "labels.tsv")


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
    if request.id_column and request.id_column not in columns:
        message = f"{labels} has no column '{request.id_column}'."
        raise UsageError(message, hint=f"name one of its columns with --id: {', '.join(columns) or 'none'}.")
    file_column = request.id_column or next((name for name in _FILE_NAMES if name in columns), None)
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
            text = read_document(path, result.not_carried)
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


IMPORTERS.add("folder", Importer(import_folder, folders=True))

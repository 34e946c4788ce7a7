"""A folder or zip of documents with a label file in, one case a document out; nothing in them is run."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from milo_bench.config.written import Problem
from milo_bench.core import units
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.hashing import sha256_bytes
from milo_bench.core.suggest import closest, hint_for
from milo_bench.suites.bounded.broken import NoSuchForm, PackageMissing
from milo_bench.suites.documents.read_text import DocumentText
from milo_bench.suites.documents.reader import DocumentBroken
from milo_bench.suites.importing.apart import ReadApart
from milo_bench.suites.importing.columns import ImportRow, import_rows
from milo_bench.suites.importing.documents import Documents
from milo_bench.suites.importing.forms import FORMS, INPUTS, DocumentForm
from milo_bench.suites.importing.heading import is_totals
from milo_bench.suites.importing.importer import IMPORTERS, Imported, Importer, ImportRequest
from milo_bench.suites.importing.labels.table import find_label_file, label_rows

_FEWEST_NUMBERED: Final = 3


def import_folder(request: ImportRequest) -> Imported:
    """Every document of ``request.source`` with its row of the label file, once in each form that is asked for.

    Raises UsageError without labels and for a form that does not exist.
    """
    forms = _forms(request)
    result = Imported()
    labels = find_label_file(request, result)
    try:
        documents = Documents(request.source, result.not_carried, without=labels)
    except DocumentBroken as broken:
        raise DataError(f"{request.source}: {broken}.", hint=broken.hint) from None
    listed, file_column = label_rows(labels, request, result, documents.find)
    table = [row for row in listed if documents.find(_named(row, file_column)) or not is_totals(row.values.values())]
    if len(table) < len(listed):
        result.guesses.append(f"rows of totals are left out ({len(listed) - len(table)})")
    used: dict[str, str] = {}
    alike: list[str] = []
    rows: dict[DocumentForm, list[ImportRow]] = {form: [] for form in forms}
    with ReadApart(request.time_limit_s) as apart:
        for number, row in enumerate(table):
            request.progress(number, len(table))
            name = _document_name(row, file_column, documents, used, alike, result)
            if name is None:
                continue
            used[name] = row.place
            for form in forms:
                found = _row_in_form(row, file_column, documents, name, form, apart, result)
                if found is not None:
                    rows[form].append(found if len(forms) == 1 else _one_of_several(found, form))
    if alike:
        more = f", and {len(alike) - 1} more like this" if len(alike) > 1 else ""
        result.guesses.append(f"{alike[0]}{more}")
    for name in documents.names:
        if name not in used:
            where = documents.place(name)
            result.not_carried.append(Problem(where, "the label file has no row for it", "add a row for it."))
    columns = list(dict.fromkeys(column for row in table for column in row.values))
    changed = _mapped(request, table, [column for column in columns if column != file_column], result)
    if len(forms) == 1:
        return import_rows(rows[forms[0]], replace(changed, inputs=(INPUTS[forms[0]],)), result)
    return _merged(result, rows, changed)


def _forms(request: ImportRequest) -> tuple[DocumentForm, ...]:
    chosen = tuple(form for form in FORMS if form in request.forms)
    for written in request.forms:
        if written not in FORMS:
            message = f"Unknown form '{written}'."
            raise UsageError(message, hint=hint_for(written, FORMS, noun="forms"))
    return chosen or ("text",)


def _mapped(request: ImportRequest, table: Sequence[ImportRow], others: list[str], result: Imported) -> ImportRequest:
    """The request with the columns of the label file that are gold. One that only numbers the rows is not guessed."""
    free = tuple(column for column in others if column not in (*request.tags, request.group))
    label, expects = request.label, request.expects
    if not label and not expects:
        numbering = [column for column in free if _numbers_rows([row.values.get(column) for row in table])]
        if len(numbering) < len(free):
            free = tuple(column for column in free if column not in numbering)
            result.guesses.extend(f"'{column}' only numbers the rows, so no answer has it" for column in numbering)
    if not label and not expects and len(free) == 1:
        label = free[0]
        result.guesses.append(f"--label {label}")
    elif not label and not expects:
        expects = free
        result.guesses.append(" ".join(f"--expect {column}" for column in expects))
    return replace(request, id_column="id", label=label, expects=expects)


def _numbers_rows(values: Sequence[object]) -> bool:
    """Whether ``values`` are 1, 2, 3 and so on, or begin at 0."""
    said = [str(value).strip().removesuffix(".0").rstrip(".") for value in values if value not in (None, "")]
    first = said[0].lstrip("0") if said else ""
    start = 1 if first == "1" else 0
    return len(said) >= _FEWEST_NUMBERED and [one.lstrip("0") or "0" for one in said] == [
        str(number) for number in range(start, start + len(said))
    ]


def _one_of_several(row: ImportRow, form: DocumentForm) -> ImportRow:
    """The row of one form: its own id, and the document as the group that it shares with the other forms."""
    values = {**row.values, "id": f"{row.values['id']}.{form}", "form": f"form:{form}", "document id": row.values["id"]}
    return replace(row, values=values)


def _merged(result: Imported, rows: dict[DocumentForm, list[ImportRow]], request: ImportRequest) -> Imported:
    """A workload for each form, of the same documents: a team learns which form serves."""
    for form, of_form in rows.items():
        if not of_form:
            continue
        base = request.workload or ("classify" if request.label else "extract")
        own = replace(
            request,
            workload=base if form == "text" else f"{base}_{form}",
            inputs=(INPUTS[form],),
            tags=(*request.tags, "form"),
            group=request.group or "document id",
        )
        part = import_rows(of_form, own, Imported())
        result.cases.extend(replace(case, workload=own.workload) for case in part.cases)
        result.workloads.extend(part.workloads)
        result.guesses.extend(guess for guess in part.guesses if guess not in result.guesses)
        result.not_carried.extend(problem for problem in part.not_carried if problem not in result.not_carried)
        result.broken.extend(part.broken)
    return result


def _document_name(
    row: ImportRow, file_column: str, documents: Documents, used: dict[str, str], alike: list[str], result: Imported
) -> str | None:
    """The document that a row names; None where there is none, and then ``result.broken`` says so.

    One that is called otherwise is added to ``alike``.
    """
    written = _named(row, file_column)
    if not written.strip():
        result.broken.append(Problem(row.place, "names no document", f"fill '{file_column}'.", kind="data"))
        return None
    name = documents.find(written)
    if name is None and (near_name := documents.find_alike(written)) is not None and near_name not in used:
        name = near_name
        alike.append(f"'{written.strip()}' is {name}")
    if name is None or name in used:
        said = f"there is no document '{written}'" if name is None else f"'{written}' is also in {used[name]}"
        near = closest(written, [one for one in documents.names if one not in used]) if name is None else None
        hint = f"did you mean '{near}'?" if near else "add it to the folder, or remove the row."
        result.broken.append(Problem(row.place, said, hint, kind="data"))
        return None
    return name


def _named(row: ImportRow, file_column: str) -> str:
    return str(row.values.get(file_column) or "")


def _row_in_form(
    row: ImportRow,
    file_column: str,
    documents: Documents,
    name: str,
    form: DocumentForm,
    apart: ReadApart,
    result: Imported,
) -> ImportRow | None:
    """The row with its document in ``form``, None where it has none: then it is in ``result.broken``."""
    try:
        document = documents.open(name)
        given = apart.read(document, form)
    except NoSuchForm as missing:
        problem = Problem(documents.place(name), str(missing), "import its text, with --forms text.")
        if problem not in result.not_carried:
            result.not_carried.append(problem)
        return None
    except PackageMissing as missing:
        result.unread.append(Problem(documents.place(name), str(missing), missing.hint, kind="data"))
        return None
    except DocumentBroken as broken:
        result.broken.append(Problem(documents.place(name), str(broken), broken.hint, kind="data"))
        return None
    _list_low_confidence(documents.place(name), given.read, result)
    result.files.update(given.files)
    values = {key: value for key, value in row.values.items() if key != file_column}
    origin = {"document": name, "document_sha256": sha256_bytes(document.raw), **given.read.provenance()}
    return ImportRow(
        {"id": _plain_id(name), **values, INPUTS[form]: given.value}, row.place, origin, row.unread, row.numbers
    )


def _plain_id(name: str) -> str:
    """A document's name without folder and ending, as a fixture id."""
    stem = unicodedata.normalize("NFC", Path(name).stem)
    return re.sub(r"[^\w.:-]+", "-", stem).strip("-") or "document"


def _list_low_confidence(place: str, read: DocumentText, result: Imported) -> None:
    for line in read.low_confidence():
        sure = units.number(line.confidence)
        said = f"{read.where(line.start)}: '{read.text[line.start : line.end]}' (confidence {sure})"
        result.for_review.append(Problem(place, said, "compare it with the picture.", "warning", "data"))


IMPORTERS.add("folder", Importer(import_folder, endings=(".zip",), folders=True))

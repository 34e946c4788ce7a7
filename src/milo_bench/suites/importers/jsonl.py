"""A JSON Lines file in, one case a line out."""

from __future__ import annotations

from milo_bench.suites.importing.columns import import_rows
from milo_bench.suites.importing.conversations import with_conversations
from milo_bench.suites.importing.importer import IMPORTERS, Imported, Importer, ImportRequest
from milo_bench.suites.importing.tables import jsonl_rows
from milo_bench.suites.importing.tickets import flat_tickets


def import_jsonl(request: ImportRequest) -> Imported:
    """A case for each object of a JSON Lines file.

    Raises UsageError for a column that is not there or cannot be guessed.
    """
    result = Imported()
    rows, wished = flat_tickets(jsonl_rows(request.source, result), request)
    rows, wished = with_conversations(rows, wished, result)
    return import_rows(rows, wished, result)


IMPORTERS.add("jsonl", Importer(import_jsonl, endings=(".jsonl", ".ndjson")))

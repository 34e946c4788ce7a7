"""A JSON Lines file in, one answer for each object (or several, from a list or a map of them) out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from milo_bench.recorded.answer import FORMATS, Account, ReadRequest, RecordedAnswer, RecordedFormat
from milo_bench.recorded.columns import TableRow, answers_of
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.json_records import json_objects


def read_jsonl(files: Sequence[RecordFile], request: ReadRequest, account: Account) -> Iterator[RecordedAnswer]:
    """The answers of JSON Lines with a column map; a column may be a dotted path into an object."""
    for file in files:
        yield from answers_of(_rows(file, account), file, request, account, tool="jsonl", nested=True)


def _rows(file: RecordFile, account: Account) -> Iterator[TableRow]:
    return (TableRow(data, number) for number, data in json_objects(file, account))


FORMATS.add(
    "jsonl",
    RecordedFormat(
        read_jsonl, "one JSON object per line, or an array of them", (".jsonl", ".ndjson"), mapped=True, same_input=True
    ),
)

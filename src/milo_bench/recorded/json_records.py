"""A file of JSON objects, in lines, an array or one after another, in; each with its number out."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from milo_bench.config.written import Problem
from milo_bench.core.errors import DataError
from milo_bench.recorded.answer import Account
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.values import decode_object

_LISTS: Final = ("data", "results", "items", "records", "spans", "observations", "logs", "rows")


def json_objects(file: RecordFile, account: Account) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object with its line, or its place from 1 in an array. A broken line is named in ``account``.

    Raises DataError where the file holds no objects.
    """
    lines = file.lines()
    first = next(lines, None)
    if first is None:
        raise DataError(f"{file.path} is empty.", hint="export it again.")
    second = next(lines, None)
    whole = [one for one in (first, second) if one is not None]
    # A broken first line does not make the rest a document.
    if any(_is_object(line) for _, line in whole):
        lines = itertools.chain(whole, lines)
        for number, line in lines:
            data = decode_object(line, file.where(number))
            if isinstance(data, Problem):
                account.broke(data.where, data.what, data.hint)
            else:
                yield number, data
        return
    yield from enumerate(_in_document(file), start=1)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _in_document(file: RecordFile) -> Iterator[dict[str, Any]]:
    """The objects of an array, of an object that holds one, or of several values written one after another."""
    text, _ = file.text()
    decoder, place, found = json.JSONDecoder(), 0, 0
    while place < len(text):
        if text[place].isspace() or text[place] == ",":
            place += 1
            continue
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            if found:
                line = text.count("\n", 0, place) + 1
                raise _not_json(file, f"line {line}: {str(error)[:80]}") from None
            raise _not_json(file, str(error)[:80]) from None
        for one in _objects_of(value):
            found += 1
            yield one
    if not found:
        raise _not_json(file, "it contains no objects")


def _objects_of(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))
    elif isinstance(value, Mapping):
        inner = next((value[key] for key in _LISTS if isinstance(value.get(key), list) and value[key]), None)
        if inner is not None and len(value) <= 6 and all(isinstance(one, dict) for one in inner):
            yield from inner
        else:
            yield dict(value)


def _not_json(file: RecordFile, said: str) -> DataError:
    message = f"{file.path} is not a file of JSON objects: {said}."
    return DataError(message, hint="check --format, and that the file was written to its end.")

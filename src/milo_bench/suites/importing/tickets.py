"""Objects as ticket systems export them in, flat rows out: ``fields.summary``, ``fields.priority`` and their like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from milo_bench.suites.importing.columns import ImportRow
from milo_bench.suites.importing.importer import ImportRequest

DEEPEST: Final = 4
_HOLDERS: Final = ("fields", "ticket", "issue", "attributes")
_TEXTS: Final = ("summary", "description", "subject", "title", "body")
_NAMED: Final = ("name", "value", "displayName", "display_value", "label")  # what stands for an object, first come


def flat_tickets(rows: Sequence[ImportRow], request: ImportRequest) -> tuple[Sequence[ImportRow], ImportRequest]:
    """The rows with nested objects as dotted columns, where they are tickets or the request names such a column.

    Without ``inputs`` in the request, the texts of a ticket are its summary and its description.
    """
    asked = (request.id_column, *request.inputs, request.label, *request.expects, *request.tags, request.group)
    dotted = any("." in name and not any(name in row.values for row in rows[:100]) for name in asked)
    if not (dotted or any(_is_ticket(row.values) for row in rows[:100])):
        return rows, request
    flat = [replace(row, values=dict(_flat(row.values, "", 0))) for row in rows]
    columns = list(dict.fromkeys(name for row in flat for name in row.values))
    inputs = request.inputs or tuple(
        name for text in _TEXTS for name in columns if name.rpartition(".")[2] == text and name.count(".") <= 1
    )
    id_column = request.id_column or next((name for name in ("key", "id", "number", "sys_id") if name in columns), "")
    return flat, replace(request, inputs=inputs, id_column=id_column)


def _is_ticket(values: dict[str, Any]) -> bool:
    return any(isinstance(values.get(name), dict) and values[name].keys() & set(_TEXTS) for name in _HOLDERS)


def _flat(value: dict[str, Any], at: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        place = f"{at}{name}"
        if isinstance(item, dict) and item.get("type") == "doc":
            yield place, "".join(_document(item)).strip()
        elif isinstance(item, dict) and depth < DEEPEST:
            shown = next((item[key] for key in _NAMED if isinstance(item.get(key), str | int)), None)
            if shown is not None:
                yield place, shown
            else:
                yield from _flat(item, f"{place}.", depth + 1)
        elif isinstance(item, list):
            yield place, "\n".join(filter(None, (_said(one) for one in item)))
        else:
            yield place, item


def _said(item: Any) -> str:
    """A list's item as text: a comment's body, an object's name, or the item itself."""
    if isinstance(item, dict):
        body = next((item[key] for key in ("body", "text", "content", *_NAMED) if key in item), "")
        if isinstance(body, dict) and body.get("type") == "doc":
            return "".join(_document(body)).strip()
        return body if isinstance(body, str) else ""
    return "" if item is None else str(item)


def _document(node: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """The text of a document as Jira keeps it: nested nodes of paragraphs, lists and words."""
    if isinstance(node.get("text"), str):
        yield node["text"]
    for child in node.get("content") or () if depth < 50 else ():
        if isinstance(child, dict):
            yield from _document(child, depth + 1)
    if node.get("type") in ("paragraph", "heading", "listItem", "tableRow", "hardBreak", "codeBlock"):
        yield "\n"

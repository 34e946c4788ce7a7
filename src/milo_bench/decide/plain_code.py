"""Contracts of workloads in, what in them is better done by plain code than by a model out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from milo_bench.config.routing.use_names import workload_of
from milo_bench.core.records import Workload
from milo_bench.decide.records import LinkedText
from milo_bench.decide.wording import join_words


def plain_code(workloads: Mapping[tuple[str, str], Workload]) -> tuple[LinkedText, ...]:
    """Sentences: dates, ids, labels of a list, choices by rule. No model is needed for these."""
    found: dict[str, dict[str, None]] = {}
    for (name, variant), contract in sorted(workloads.items()):
        if variant:
            continue
        for what in _of(contract):
            found.setdefault(what, {})[workload_of(name).replace("_", " ")] = None
    return tuple((f"{what} ({join_words(list(names))}).",) for what, names in found.items())


def _of(contract: Workload) -> Iterator[str]:
    params = {check.name: check.params for check in contract.checks}
    kinds = params.get("exact_fields", {}).get("kinds", {})
    if "date" in kinds.values():
        yield "Dates: parse what the model copied, with a stated order of day and month"
    fields = [str(field) for field in params.get("exact_fields", {}).get("fields", ())]
    if any(field.endswith("_id") or field == "id" for field in fields):
        yield "Case numbers: check their format"
    if any(_enums(contract.json_schema or {})) or "label" in params:
        yield "Labels: accept only those of the list"
    if "select_events" in contract.prepare:
        yield "Which events count, and the current status: by rule"
    if "template_current" in params:
        yield "Which reply template is valid: by its dates"
    if "missing_documents" in params:
        yield "Lists of required documents: kept by the office, not remembered by a model"
    if "keyword" in " ".join(params) or "label" in params:
        yield "Words that always go to a person: a keyword rule"


def _enums(schema: Any) -> Iterator[Sequence[Any]]:
    if isinstance(schema, Mapping):
        if "enum" in schema:
            yield schema["enum"]
        for value in schema.values():
            yield from _enums(value)

"""A fixture's input and an attempt's deterministic step in, the case record and the texts a model was shown out."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from milo_bench.core.cases.record import CaseEvent, CaseRecord
from milo_bench.core.errors import DataError
from milo_bench.core.records import Attempt, Fixture

_encode = msgspec.json.Encoder().encode


def case_of(fixture: Fixture) -> CaseRecord | None:
    """The case record under ``input.case``, or None where there is none. DataError where it is broken."""
    data = fixture.input.get("case")
    if data is None:
        return None
    return _case(_encode(data), fixture.id)


@lru_cache(maxsize=256)
def _case(data: bytes, fixture_id: str) -> CaseRecord:
    try:
        return msgspec.json.decode(data, type=CaseRecord)
    except msgspec.ValidationError as error:
        message = f"The case in fixture '{fixture_id}' is not a case record: {error}"
        raise DataError(message, hint="run 'milo-bench suite check' on the suite.") from None


def shown_event_ids(case: CaseRecord, attempt: Attempt) -> frozenset[str]:
    """Events that the model saw: those that the deterministic step chose, or all where none was chosen."""
    known = {event.id for event in case.events}
    chosen = set(_texts(attempt.prepared.get("events", ()))) & known
    return frozenset(chosen or known)


def event_texts(case: CaseRecord, event: CaseEvent) -> tuple[str, ...]:
    """What may be said with ``event`` as evidence: its own words and date, and who and when the case is."""
    words = event.status.replace("_", " ")
    return (event.text, event.at[:10], event.at, event.author, words, event.id, *case_header(case))


def case_header(case: CaseRecord) -> tuple[str, ...]:
    issue = case.issue_type.replace("_", " ")
    return (case.case_id, case.claimant_name, case.opened_at[:10], case.as_of[:10], issue)


def input_texts(fixture: Fixture, attempt: Attempt) -> tuple[str, ...]:
    """Every text of the input and of the deterministic step, in order."""
    return (*_texts(fixture.input), *_texts(attempt.prepared))


def _texts(data: Any) -> list[str]:
    found: list[str] = []
    _add_texts(data, found)
    return found


def _add_texts(data: Any, found: list[str]) -> None:
    if isinstance(data, str):
        found.append(data)
    elif isinstance(data, dict):
        for key, value in data.items():
            found.append(str(key).replace("_", " "))
            _add_texts(value, found)
    elif isinstance(data, list | tuple):
        for value in data:
            _add_texts(value, found)
    elif isinstance(data, int | float) and not isinstance(data, bool):
        found.append(str(data))

"""An extraction fixture in, the text of an ideal answer or of a wrong one of a known kind out; for tests of checks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from milo_bench.core.records import Fixture


def ideal_answer(fixture: Fixture, *, dates_as_written: bool = True) -> str:
    """The gold values with verbatim quotes, as JSON. Dates stand as in the document, or in ISO form."""
    return _as_json(_ideal(fixture, dates_as_written=dates_as_written))


def _ideal(fixture: Fixture, *, dates_as_written: bool = True) -> dict[str, Any]:
    document: str = fixture.input["document"]
    quotes = {name: document[start:end] for name, (start, end) in fixture.expect["spans"].items()}
    fields = dict(fixture.expect["fields"])
    if dates_as_written and fields["received_date"] is not None:
        fields["received_date"] = quotes["received_date"]
    return {**fields, "source_spans": quotes}


def effective_date_for_received(fixture: Fixture) -> str | None:
    """The effective date given as the date of receipt; None where the document has no effective date."""
    return _with_decoy(fixture, "received_date", "effective_date")


def other_name_for_claimant(fixture: Fixture) -> str | None:
    """The first person named beside the claimant given as the claimant; None where there is nobody."""
    name = next((name for name in fixture.expect["decoys"] if name.endswith("_name")), None)
    return _with_decoy(fixture, "claimant_name", name) if name else None


def old_case_number(fixture: Fixture) -> str | None:
    """The replaced case number given as the current one; None where there is none."""
    return _with_decoy(fixture, "case_id", "old_case_id")


def invented_value(fixture: Fixture) -> str | None:
    """A value, with a quote that is not in the document, for the first missing field; None where none is missing."""
    inventions = {
        "claimant_name": "Jordan Placeholder",
        "received_date": "2001-01-01",
        "issue_type": "benefit_delay",
        "urgency": "normal",
    }
    missing = next((name for name in inventions if fixture.expect["fields"][name] is None), None)
    if missing is None:
        return None
    return _changed(fixture, missing, inventions[missing], quote="words that stand nowhere at all")


def without_quotes(fixture: Fixture) -> str:
    """All values right, and no source span for any."""
    return _as_json({**_ideal(fixture), "source_spans": {}})


def cut_short(fixture: Fixture) -> str:
    """The ideal answer as it stands when tokens run out: no JSON."""
    text = ideal_answer(fixture)
    return text[: len(text) * 2 // 3]


def extra_key(fixture: Fixture) -> str:
    """The ideal answer with a key that the contract does not know."""
    return _as_json({**_ideal(fixture), "confidence": 0.93})


# By what is wrong with them; each gives None where the fixture offers no such mistake.
WRONG_ANSWERS: Mapping[str, Callable[[Fixture], str | None]] = {
    "effective_date_for_received": effective_date_for_received,
    "other_name_for_claimant": other_name_for_claimant,
    "old_case_number": old_case_number,
    "invented_value": invented_value,
    "without_quotes": without_quotes,
    "cut_short": cut_short,
    "extra_key": extra_key,
}


def _with_decoy(fixture: Fixture, field: str, decoy: str) -> str | None:
    value = fixture.expect["decoys"].get(decoy)
    return None if value is None else _changed(fixture, field, value, quote=value)


def _changed(fixture: Fixture, field: str, value: str, *, quote: str) -> str:
    answer = _ideal(fixture)
    spans = {**answer["source_spans"], field: quote}
    return _as_json({**answer, field: value, "source_spans": spans})


def _as_json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False)

"""One value written in another way is the same value; another value is not, however near its digits are."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Workload
from milo_bench.grade.engine import grade_attempt


def outcomes(
    check: str, answer: object, expect: dict[str, Any], *, document: str = "", params: dict[str, Any] | None = None
) -> set[str]:
    workload = Workload("w", "", "", "", (CheckSpec(check, params or {}),))
    fixture = Fixture("f", "w", {"document": document}, expect)
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    attempt = Attempt(AttemptKey("f", "t"), "", Timings(0.0, 0.0, 1.0), output=text)
    return {verdict.outcome for verdict in grade_attempt(workload, fixture, attempt).verdicts}


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (1250, "Total 1,250.00"),
        (9.5, "Total 9.50"),
        (45.0, "Total $45"),
        ("1250", "Total 1,250"),
        (1250, "Total 1.250,00"),
        (-9.5, "Credit (9.50)"),
        (9.5, "The fee (9.50) is due"),
        (-50, "Refund -$50.00"),
        ("16655", "dossier 16.655"),
        ("84291", "claim 84 291"),
        ("0071234", "No. 007-1234"),
        ("1250.00", "Total 1250"),
    ],
)
def test_a_span_supports_a_number_however_it_is_written_there(value: object, source: str) -> None:
    document = f"Dear team,\n{source} we write.\nBye\n"
    answer = {"n": value, "source_spans": {"n": source}}
    assert outcomes("source_spans", answer, {}, document=document) == {"pass"}


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (12500, "Total 1,250.00"),
        (125000, "Total 1,250.00"),
        ("125000", "Total 1,250.00"),
        (250, "Total 1,250.00"),
        (-1250, "Total 1250"),
        (1300, "Total 1,250.00"),
        (50, "Item A50"),
        ("4291", "claim 84291"),
        ("12345", "1234 56"),
    ],
)
def test_a_span_supports_no_piece_or_multiple_of_its_number(value: object, source: str) -> None:
    document = f"Dear team,\n{source} we write.\nBye\n"
    answer = {"n": value, "source_spans": {"n": source}}
    assert outcomes("source_spans", answer, {}, document=document) == {"fail"}


@pytest.mark.parametrize("text", ["José Núñez", "réclamé", "Zoë", "Ångström", "ệ"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("gold_form", ["NFC", "NFD"])
def test_an_accent_written_apart_is_the_same_letter(text: str, form: Any, gold_form: Any) -> None:
    said, gold = unicodedata.normalize(form, text), unicodedata.normalize(gold_form, text)
    assert outcomes("exact_fields", {"n": said}, {"fields": {"n": gold}}) == {"pass"}
    assert outcomes("equals", said, {"equals": gold}) == {"pass"}
    assert outcomes("label", said, {"label": gold}, params={"labels": [gold, "other"]}) == {"pass"}
    assert outcomes("contains", f"It is {said}.", {"contains": gold}) == {"pass"}
    assert outcomes("contains_all", f"It is {said}.", {"contains_all": [gold]}) == {"pass"}
    assert outcomes("not_contains", f"It is {said}.", {"not_contains": [gold]}) == {"fail"}


def test_a_letter_without_its_accent_is_another_letter() -> None:
    assert outcomes("exact_fields", {"n": "Jose"}, {"fields": {"n": "José"}}) == {"fail"}
    assert outcomes("not_contains", "Jose", {"not_contains": ["José"]}) == {"pass"}

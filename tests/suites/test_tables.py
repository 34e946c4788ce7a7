"""Tables as offices write them: separators, headers, titles, labels and columns of numbers, dates and percentages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from milo_bench.core.errors import UsageError
from milo_bench.core.records import Attempt, AttemptKey, Timings
from milo_bench.grade.engine import grade_attempt
from milo_bench.suites import load_suite
from milo_bench.suites.importing.importer import IMPORTERS, Imported, ImportRequest
from milo_bench.suites.importing.suite_folder import import_suite


def read(tmp_path: Path, text: str, **wished: Any) -> Imported:
    source = tmp_path / "t.csv"
    source.write_text(text, encoding="utf-8", newline="")
    return IMPORTERS.get("csv").read(ImportRequest(source, **wished))


@pytest.mark.parametrize(
    "text",
    [
        "id|text|label\n1|one, two; three|a\n2|x|b\n",
        '"sep=|"\r\nid|text|label\r\n1|one, two; three|a\r\n2|x|b\r\n',
        '"id";"text";"label"\n1;"one, two; three";a\n2;x;b\n',
        'id, text, label\n1, "one, two; three", a\n2, x, b\n',
        '\n\nid,text,label\n1,"one, two; three",a\n2,x,b\n',
        'Claims of 2025,,\n,,\nid,text,label\n1,"one, two; three",a\n2,x,b\n',
        "Claims of 2025\n\nid\ttext\tlabel\n1\tone, two; three\ta\n2\tx\tb\n",
        'id,text,label\n1,"one, two; three",a\nid,text,label\n2,x,b\nid,text,label\n',
    ],
)
def test_a_table_is_read_whatever_parts_its_columns_and_precedes_or_repeats_its_header(
    tmp_path: Path, text: str
) -> None:
    result = read(tmp_path, text)
    assert [(case.id, case.input["text"], case.expect["label"]) for case in result.cases] == [
        ("1", "one, two; three", "a"),
        ("2", "x", "b"),
    ]
    assert not result.broken


def test_a_header_row_can_be_named_and_must_be_there(tmp_path: Path) -> None:
    text = "Claims, of 2025\nby us, all\nid,text,label\n1,one,a\n"
    assert [case.id for case in read(tmp_path, text, header_row=3).cases] == ["1"]
    with pytest.raises(UsageError, match=r"Line 9 of .* is not a header"):
        read(tmp_path, text, header_row=9)


def test_a_comma_in_a_table_of_one_column_is_a_part_of_the_text(tmp_path: Path) -> None:
    result = read(tmp_path, "text\nhello, you\nplain\n")
    assert [case.input["text"] for case in result.cases] == ["hello, you", "plain"]


def test_spellings_of_one_label_are_one_label_and_a_blank_one_is_none(tmp_path: Path) -> None:
    result = read(tmp_path, "id,text,label\n1,a,Motor\n2,b,motor \n3,c,Motor\n4,d,Scha\u0308den\n5,e,Schäden\n6,f,  \n")
    labels = [case.expect.get("label") for case in result.cases]
    assert labels[:3] == ["Motor"] * 3 and labels[3] == labels[4] and labels[5] is None
    assert "the labels 'Motor', 'motor' are one, 'Motor'" in result.guesses


def fields(tmp_path: Path, *values: str) -> tuple[list[Any], Any]:
    """The expected values of a column and the kind that it was given."""
    rows = "".join(f"{number};x{number};{value}\n" for number, value in enumerate(values))
    result = read(tmp_path, f"id;text;total\n{rows}", expects=("total",))
    exact = next(check["exact_fields"] for check in result.workloads[0].checks if isinstance(check, dict))
    return [case.expect["fields"]["total"] for case in result.cases], exact.get("kinds", {}).get("total", "text")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("USD1,250.00", "EUR 3.50", "£12"), "number"),
        (("(1,250.00)", "-5", "1,250.00-"), "number"),
        (("12.5%", "3 %"), "percent"),
        (("28 December 2025", "December 3, 2025"), "date"),
        (("28. Dezember 2025", "3. März 2025"), "date"),
        (("00123", "04456"), "text"),
        (("+49 30 123", "+49 40 555"), "text"),
        (("red", "NA"), "text"),
        (("12 Oak Street 4", "9 Mill Lane 12"), "text"),
    ],
)
def test_a_column_is_compared_as_what_it_contains(tmp_path: Path, values: tuple[str, ...], kind: str) -> None:
    assert fields(tmp_path, *values) == (list(values), kind)


def test_a_dash_among_numbers_says_that_there_is_none(tmp_path: Path) -> None:
    assert fields(tmp_path, "12.5", "n/a", "-", "") == (["12.5", None, None, None], "number")


@pytest.mark.parametrize(
    ("values", "read_as"),
    [
        (("1.250,00", "3.500", "1,250"), ["1.250,00", "3.500,00", "1,2500"]),
        (("1,250.50", "3,500", "1.500"), ["1,250.50", "3,500.00", "1.5000"]),
        (("1.250", "3.500"), ["1.250", "3.500"]),
        (("1.250,00", "1,250.00", "3.500"), ["1.250,00", "1,250.00", "3.500"]),
    ],
)
def test_a_number_that_could_be_two_is_read_as_the_rest_of_its_column_is_written(
    tmp_path: Path, values: tuple[str, ...], read_as: list[str]
) -> None:
    assert fields(tmp_path, *values) == (read_as, "number")


def test_a_percentage_is_right_with_and_without_its_sign(tmp_path: Path) -> None:
    source = tmp_path / "t.csv"
    source.write_text("id,text,share\n1,a,12.5%\n", encoding="utf-8")
    import_suite(ImportRequest(source, expects=("share",)), out=tmp_path / "own")
    suite = load_suite(str(tmp_path / "own"))
    (fixture,) = suite.fixtures
    key = AttemptKey(fixture=fixture.id, target="written by hand")
    for answer, right in (('"12.5 %"', True), ("12.50", True), ('"12.5"', True), ("0.125", False), ('"13%"', False)):
        attempt = Attempt(key=key, request_hash="", timings=Timings(0, 0, 1), output=f'{{"share": {answer}}}')
        assert grade_attempt(suite.workloads[fixture.workload], fixture, attempt).passed is right, answer

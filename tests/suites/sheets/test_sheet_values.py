"""Numbers and days of a spreadsheet are what its cells contain; sheets and columns are told by what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from milo_bench.core.errors import UsageError
from milo_bench.suites.importing.importer import IMPORTERS, Imported, ImportRequest
from tests.suites.sheets.workbooks import workbook

LETTERS = tuple(f"The tenant of flat {number} writes that the lift does not work again." for number in range(6))


def expected(tmp_path: Path, raw: bytes, **wishes: Any) -> tuple[list[Any], Imported]:
    (tmp_path / "t.xlsx").write_bytes(raw)
    result = IMPORTERS.get("spreadsheet").read(ImportRequest(tmp_path / "t.xlsx", **wishes))
    return [case.expect["fields"]["x"] for case in result.cases], result


@pytest.mark.parametrize(
    ("code", "cells", "read"),
    [
        ("#,##0", (1250, 4000, 17), ["1250", "4000", "17"]),
        ('#,##0 "€"', (1250, "3,50 €", "12,75 €"), ["1250 €", "3,50 €", "12,75 €"]),
        ('#,##0.00 "€"', (7575.91, "3,50 €", "1.100 €"), ["7.575,91 €", "3,50 €", "1.100,00 €"]),
        ('#,##0.00 "€"', (7575.91, "3.50 €", "1,100 €"), ["7,575.91 €", "3.50 €", "1,100.00 €"]),
        ("0.000", (1.25, 2.125), ["1.2500", "2.1250"]),
        ('0.000 "kg"', (-1.25, 3), ["-1.2500 kg", "3.0000 kg"]),
    ],
)
def test_a_number_behind_a_cell_is_that_number_however_the_column_is_written(
    tmp_path: Path, code: str, cells: tuple[object, ...], read: list[object]
) -> None:
    rows: dict[str, object] = {"A1": "text", "B1": "x"}
    for number, cell in enumerate(cells):
        rows |= {f"A{number + 2}": LETTERS[number], f"B{number + 2}": cell}
    found, result = expected(tmp_path, workbook(rows, formats={"B": code}), expects=("x",))
    assert found == read
    assert not result.not_carried and not any("in doubt" in guess for guess in result.guesses)


@pytest.mark.parametrize(
    ("name", "cells", "read"),
    [
        ("Schadentag", (45738, 45800), ["2025-03-22", "2025-05-23"]),
        ("date of loss", (45738, "23.05.2025"), ["2025-03-22", "23.05.2025"]),
        ("fällig am", ("45738", 45800), ["2025-03-22", "2025-05-23"]),
        ("Betrag", (45738, 45800), [45738, 45800]),
        ("candidate", (45738, 45800), [45738, 45800]),
        ("date", (45738, 12), [45738, 12]),
    ],
)
def test_a_day_number_in_a_column_of_days_is_its_date(
    tmp_path: Path, name: str, cells: tuple[object, ...], read: list[object]
) -> None:
    rows: dict[str, object] = {"A1": "text", "B1": name}
    for number, cell in enumerate(cells):
        rows |= {f"A{number + 2}": LETTERS[number], f"B{number + 2}": cell}
    (tmp_path / "t.xlsx").write_bytes(workbook(rows))
    result = IMPORTERS.get("spreadsheet").read(ImportRequest(tmp_path / "t.xlsx", expects=(name,)))
    assert [case.expect["fields"][name] for case in result.cases] == read


def test_a_cover_sheet_is_passed_over_and_columns_are_told_by_what_they_contain(tmp_path: Path) -> None:
    rows: dict[str, object] = {"A1": "Vorgangs-Nr.", "B1": "Zuschrift", "C1": "Ort", "D1": "x"}
    for number, letter in enumerate(LETTERS, start=2):
        rows |= {f"A{number}": f"V{number}", f"B{number}": letter, f"C{number}": "Ulm", f"D{number}": number}
    cover: dict[str, object] = {"A1": "Report", "B1": "of March", "A2": "Letters", "B2": "6"}
    _, result = expected(tmp_path, workbook(rows, cover=cover), expects=("x",))
    assert [case.id for case in result.cases] == ["V2", "V3", "V4", "V5", "V6", "V7"]
    assert [case.input for case in result.cases] == [{"Zuschrift": letter} for letter in LETTERS]
    assert {"--sheet 'S'", "--id 'Vorgangs-Nr.'", "--input 'Zuschrift', which has the longest texts"} <= set(
        result.guesses
    )


def test_two_columns_of_sentences_are_not_guessed_between(tmp_path: Path) -> None:
    rows: dict[str, object] = {"A1": "one", "B1": "two", "C1": "x"}
    for number, letter in enumerate(LETTERS, start=2):
        rows |= {f"A{number}": letter, f"B{number}": letter, f"C{number}": number}
    with pytest.raises(UsageError, match="Cannot guess which column"):
        expected(tmp_path, workbook(rows), expects=("x",))

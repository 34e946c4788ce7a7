"""Tables as offices write them: separators, headers, titles, labels and columns of numbers, dates and percentages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from milo_bench.core.errors import UsageError
from milo_bench.core.records import Attempt, AttemptKey, Timings
from milo_bench.grade.engine import grade_attempt
from milo_bench.guards.dates import is_date
from milo_bench.guards.values.amounts import read_amount
from milo_bench.suites import load_suite
from milo_bench.suites.importing.importer import IMPORTERS, Imported, ImportRequest, ValueReaders
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


UNKNOWN = "no answer is compared with it"


def fields(tmp_path: Path, *values: str) -> tuple[list[Any], Any]:
    """The expected values of a column and the kind that it was given."""
    rows = "".join(f"{number};x{number};{value}\n" for number, value in enumerate(values))
    result = read(tmp_path, f"id;text;total\n{rows}", expects=("total",), readers=ValueReaders(read_amount, is_date))
    exact = next(check["exact_fields"] for check in result.workloads[0].checks if isinstance(check, dict))
    return [case.expect.get("fields", {"total": UNKNOWN})["total"] for case in result.cases], exact.get(
        "kinds", {}
    ).get("total", "text")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("USD1,250.00", "EUR 3.50", "£12"), "number"),
        (("(1,250.00)", "-5", "1,250.00-"), "number"),
        (("12.5%", "3 %"), "percent"),
        (("12.5 percent", "3 Prozent"), "percent"),
        (("12 ‰", "0,5‰"), "permille"),
        (("1k", "€2.5m", "750"), "number"),
        (("1,2 Mio.", "500 Tsd. €", "2 Mrd."), "number"),
        (("minus 5", "plus 3,50", "12"), "number"),
        (("1\u202f250,00", "2\u2009500,00", "1\u00a0000,00"), "number"),
        (("1,23E+11", "1.5E+03"), "number"),
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
        (("1.250,00", "3.500", "1,250"), ["1.250,00", "3.500,00", 1.25]),
        (("1,250.50", "3,500", "1.500"), ["1,250.50", "3,500.00", 1.5]),
        (("1.250", "3.500"), ["1.250", "3.500"]),
        (("1.250,00", "1,250.00", "3.500"), ["1.250,00", "1,250.00", UNKNOWN]),
        (("12.5%", "3%", "0.125"), ["12.5%", "3%", UNKNOWN]),
    ],
)
def test_a_number_that_could_be_two_is_read_as_the_rest_of_its_column_is_written(
    tmp_path: Path, values: tuple[str, ...], read_as: list[Any]
) -> None:
    assert fields(tmp_path, *values) == (read_as, "percent" if "%" in values[0] else "number")


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


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("1.250,00", "1,250"), "'1,250' in 'total' is read as 1.25, because other rows have a comma before decimals"),
        (("1.250", "3.500"), "'total' has values in doubt (2): '1.250' could be 1.25 or 1250, and no row shows which"),
    ],
)
def test_how_a_number_in_doubt_is_read_is_said(tmp_path: Path, values: tuple[str, ...], said: str) -> None:
    rows = "".join(f"{number};x{number};{value}\n" for number, value in enumerate(values))
    result = read(tmp_path, f"id;text;total\n{rows}", expects=("total",), readers=ValueReaders(read_amount, is_date))
    assert any(guess.startswith(said) for guess in result.guesses)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            ("12.50", "3.10", "on request", "by weight", "see list"),
            "'x' is compared as text: 2 of 5 values are numbers, 'on request' is not",
        ),
        (
            ("03.05.2025", "04.05.2025", "05.05.2025", "soon", "when paid"),
            "'x' is compared as text: 3 of 5 values are dates, 'soon' is not",
        ),
        ((*("1.5",) * 19, "none of these"), "'none of these' in 'x' is not a number (1 of 20 values)"),
    ],
)
def test_a_column_with_other_words_among_its_numbers_or_dates_is_named(
    tmp_path: Path, values: tuple[str, ...], said: str
) -> None:
    rows = "".join(f"{number},text,{value}\n" for number, value in enumerate(values))
    result = read(tmp_path, f"id,text,x\n{rows}", expects=("x",))
    assert said in [problem.what for problem in result.not_carried]


def test_a_backslash_before_a_quotation_mark_is_another_way_to_double_it(tmp_path: Path) -> None:
    result = read(tmp_path, 'id,text,label\n1,"He said \\"no, thanks\\" today",a\n2,"C:\\dir",b\n')
    assert [case.input["text"] for case in result.cases] == ['He said "no, thanks" today', "C:\\dir"]
    (kept,) = read(tmp_path, 'id,text,label\n1,"ends in C:\\dir\\",a\n').cases
    assert kept.input["text"] == "ends in C:\\dir\\"


def test_a_header_in_two_rows_is_one_header(tmp_path: Path) -> None:
    rows = "id,text,Amount,\n,,net,gross\n1,one,10,12\n2,two,20,24\n"
    result = read(tmp_path, rows, expects=("Amount net", "Amount gross"))
    assert [case.expect["fields"] for case in result.cases] == [
        {"Amount net": "10", "Amount gross": "12"},
        {"Amount net": "20", "Amount gross": "24"},
    ]
    (first, _) = read(tmp_path, "id,text,\n1,n/a,x\n2,two,y\n").cases
    assert first.input["text"] == "n/a"  # a row with words is no header


@pytest.mark.parametrize("last", ["Total,,30", ",Summe:,30", "Grand total,,30.00"])
def test_a_row_of_totals_is_no_case_and_nothing_is_lost(tmp_path: Path, last: str) -> None:
    result = read(tmp_path, f"id,text,amount\n1,one,10\n2,two,20\n{last}\n", expects=("amount",))
    assert [case.id for case in result.cases] == ["1", "2"] and not result.broken
    assert "rows of totals are left out (1)" in result.guesses


@pytest.mark.parametrize(
    ("encoding", "text", "name"),
    [
        ("cp1252", "Größe 5 €", "Windows-1252"),
        ("mac_roman", "Größe, Ärger über die Tür", "Mac OS Roman"),
        ("cp850", "Größe, Ärger über die Tür", "the DOS code page 850"),
        ("cp1250", "Zażółć gęślą jaźń", "Windows-1250"),
        ("cp1251", "Привет, как дела", "Windows-1251"),
        ("koi8-r", "Привет, как дела", "KOI8-R"),
        ("cp932", "こんにちは世界", "Shift JIS"),
        ("iso8859-15", "Preis 5 €", "ISO 8859-15"),
    ],
)
def test_letters_tell_the_character_set_of_a_table(tmp_path: Path, encoding: str, text: str, name: str) -> None:
    source = tmp_path / "t.csv"
    source.write_bytes(f"id;text;label\n1;{text};a\n2;{text};b\n".encode(encoding))
    result = IMPORTERS.get("csv").read(ImportRequest(source))
    assert result.cases[0].input["text"] == text
    assert f"t.csv is {name}, because it is not UTF-8" in result.guesses


def test_a_column_is_read_as_what_its_cells_mean_and_that_is_said(tmp_path: Path) -> None:
    rows = (
        'id;text;paid;gold;received date;weight (kg)\n1;one;TRUE;"{""a"": 1}";46115;12\n'
        '2;two;FALSCH;"{""a"": null}";46116;3,5\n'
    )
    wished = ("paid", "gold", "received date", "weight (kg)")
    result = read(tmp_path, rows, expects=wished, readers=ValueReaders(read_amount, is_date))
    assert [case.expect["fields"] for case in result.cases] == [
        {"paid": True, "a": 1, "received date": "2026-04-03", "weight (kg)": "12"},
        {"paid": False, "a": None, "received date": "2026-04-04", "weight (kg)": "3,5"},
    ]
    assert {
        "'TRUE', 'FALSCH' in 'paid' are true and false",
        "'gold' is a column of JSON",
        "'received date' has a spreadsheet's day numbers: 46115 is read as 2026-04-03",
    } <= set(result.guesses)
    exact = next(check["exact_fields"] for check in result.workloads[0].checks if isinstance(check, dict))
    assert exact["units"] == {"weight (kg)": "kg"}


def test_numbers_that_a_spreadsheet_shortened_are_named(tmp_path: Path) -> None:
    result = read(tmp_path, 'id,text,label\n"1,23E+11",one,a\n"1,23E+11",two,b\n')
    assert any("'1,23E+11' in 'id' was shortened by a spreadsheet" in problem.what for problem in result.not_carried)


def test_what_stands_around_a_table_is_no_row_of_it(tmp_path: Path) -> None:
    note = "id,text,label\n1,one,a\n2,two,b\n\nSource: our system\n"
    bars = "| id | text | label |\n|----|:-----|-------|\n| 1 | one | a |\n| 2 | two | b |\n"
    for text in (note, bars, 'id,text,label,,\n="1",one,a,,\n="2",two,b,,\n'):
        result = read(tmp_path, text)
        assert [(case.id, case.input["text"]) for case in result.cases] == [("1", "one"), ("2", "two")]
        assert not result.broken


@pytest.mark.parametrize(
    "header",
    [
        ("Nr", "Nachricht", "Kategorie"), ("Numéro", "Texte", "Catégorie"), ("Número", "Texto", "Categoría"),
        ("Numero", "Testo", "Categoria"), ("Nummer", "Tekst", "Categorie"), ("Numer", "Treść", "Kategoria"),
        ("Número", "Mensagem", "Categoria"), ("番号", "本文", "区分"),
    ],
)  # fmt: skip
def test_columns_are_told_by_their_names_in_the_language_of_the_table(tmp_path: Path, header: tuple[str, ...]) -> None:
    source = tmp_path / "a.csv"
    source.write_text(f"{','.join(header)}\n7,eins,x\n8,zwei,y\n", encoding="utf-8")
    cases = IMPORTERS.get("csv").read(ImportRequest(source)).cases
    assert [(case.id, case.input, case.expect) for case in cases] == [
        ("7", {header[1]: "eins"}, {"label": "x"}),
        ("8", {header[1]: "zwei"}, {"label": "y"}),
    ]


@pytest.mark.parametrize(
    "values",
    [
        ("5 de enero de 2026", "17 de marzo de 2026"),
        ("1 de setembro de 2026", "12 de março de 2026"),
        ("1er août 2026", "12 déc. 2026"),
        ("3. März 2026", "Montag, 5. Januar 2026"),
        ("lunes, 5 de enero de 2026", "martes, 6 de enero de 2026"),
        ("3 gennaio 2026", "giovedì 8 ottobre 2026"),
        ("3 stycznia 2026 r.", "8 października 2026 r."),
        ("3 januari 2026", "8 mrt 2026"),
        ("2026年1月5日", "令和8年1月6日"),
        ("2026. január 5.", "2026. március 6."),
    ],
)
def test_a_column_of_dates_is_one_in_any_language_that_the_bench_reads(tmp_path: Path, values: tuple[str, str]) -> None:
    assert fields(tmp_path, *values)[1] == "date"


@pytest.mark.parametrize("values", [("Weg 5 2026", "Tor 6 2026"), ("5 de 2026", "6 de 2026"), ("Mai", "Juni")])
def test_words_with_numbers_are_no_dates(tmp_path: Path, values: tuple[str, str]) -> None:
    assert fields(tmp_path, *values)[1] == "text"


@pytest.mark.parametrize(
    "word", ["néant", "non renseigné", "no consta", "s/d", "n.v.t.", "brak danych", "não consta", "entfällt", "n.d."]
)
def test_a_word_for_nothing_among_amounts_is_an_empty_cell(tmp_path: Path, word: str) -> None:
    assert fields(tmp_path, "12,50", word, "13,75", "8,00") == (["12,50", None, "13,75", "8,00"], "number")


def test_a_label_and_fields_are_not_both_taken_and_neither_is_left_out_unsaid(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a label or fields, not both") as caught:
        read(tmp_path, "id;Text;Betrag;Thema\n1;Anruf;12,50;Heizung\n", label="Thema", expects=("Betrag",))
    assert "--expect 'Thema'" in str(caught.value.hint)

"""Numbers and money as people write them, each with the one value it has."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.core.amounts import find_amounts, parse_amount


@pytest.mark.parametrize(
    "text",
    ["-$50.00", "$-50.00", "($50.00)", "−50", "50-", "– 50,00 €", "EUR -50,00", "(50)", "-50.00 USD", "- 50", "50.00-"],
)
def test_a_sign_counts_wherever_it_is_written(text: str) -> None:
    assert parse_amount(text) == Decimal(-50)


@pytest.mark.parametrize(
    "text",
    [
        "1,250.00",
        "1.250,00 €",
        "CHF 1'250.00",
        "1 250,00 €",
        "1\u202f250,00 €",
        "1’250",
        "$1,250",
        "USD 1250",
        "１２５０",
    ],
)
def test_thousands_are_parted_in_many_ways(text: str) -> None:
    assert parse_amount(text) == Decimal(1250)


def test_the_indian_way_and_long_numbers() -> None:
    assert parse_amount("₹1,25,000") == Decimal(125000)
    assert parse_amount("1,234,567.89") == parse_amount("1.234.567,89") == Decimal("1234567.89")


@pytest.mark.parametrize("text", ["1,2,3", "12.34.56", "2025-01-02", "1 2 3", "(5", "--5", "12%", "", "five", "1" * 65])
def test_what_is_not_one_number_is_none(text: str) -> None:
    assert parse_amount(text) is None


def test_one_mark_before_three_digits_is_read_by_the_stated_decimal_mark() -> None:
    assert (parse_amount("1,250"), parse_amount("1,250", decimal=",")) == (Decimal(1250), Decimal("1.250"))
    assert (parse_amount("1.250"), parse_amount("1.250", decimal=",")) == (Decimal("1.250"), Decimal(1250))
    assert parse_amount("0.125", decimal=",") == parse_amount("0,125") == Decimal("0.125")


def test_amounts_in_running_text_keep_their_place_and_sign() -> None:
    text = "Total 1,250.00 less (9.50) and -5 on 2025-01-02, ref AB-1250."
    found = find_amounts(text)
    assert [text[one.start : one.end] for one in found[:3]] == ["1,250.00", "9.50", "5"]
    assert [one.value for one in found[:3]] == [Decimal("1250.00"), Decimal("-9.50"), Decimal(-5)]
    assert all(one.value > 0 for one in found[3:])


@given(st.text(alphabet="0123456789.,'()-+ €$eE\u2212\u00a0", max_size=70))
def test_no_text_raises(text: str) -> None:
    parse_amount(text)
    parse_amount(text, decimal=",")
    find_amounts(text)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_a_number_written_in_english_or_german_is_read_back(value: Decimal) -> None:
    english = f"{value:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert parse_amount(english) == parse_amount(german) == value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("paid USD1,250 and 12.50CHF", ["1250", "12.50"]),
        ("balance 1.250,00-\nnext", ["-1250.00"]),
        ("see page 12- or 13", ["12", "13"]),
        ("about 2.5m of them", []),
        ("version 1.2.3", []),
        ("USD-5 and €-6", ["-5", "-6"]),
    ],
)
def test_amounts_in_text_are_found_whole_or_not_at_all(text: str, values: list[str]) -> None:
    assert [str(found.value) for found in find_amounts(text)] == values

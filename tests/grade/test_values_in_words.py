"""Numbers with fractions and in words, as fields and in quotations; a part of one is another number."""

from __future__ import annotations

from decimal import Decimal

import pytest

from milo_bench.core.amounts import find_amounts, parse_amount
from milo_bench.guards.values.amounts import numbers_in_words, read_amount
from tests.grade.test_reading_values import outcomes


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("7½", 7.5),
        ("¾", 0.75),
        ("4 1/4", 4.25),
        ("£6½", 6.5),
        ("1½ million", 1_500_000),
        ("three thousand four hundred and twelve", 3412),
        ("one thousand and six pounds", 1006),
        ("a thousand dollars", 1000),
        ("two million, forty thousand", 2_040_000),
        ("six and a half", 6.5),
        ("three dozen", 36),
        ("zero", 0),
        ("18.40.", 18.4),
    ],
)
def test_a_field_reads_fractions_and_words(said: str, number: float) -> None:
    assert outcomes("exact_fields", {"n": said}, {"fields": {"n": number}}) == {"pass"}
    assert outcomes("exact_fields", {"n": said}, {"fields": {"n": number + 1}}) == {"fail"}


@pytest.mark.parametrize("said", ["3/4", "two three", "one million one million", "one", "four two million"])
def test_what_could_be_two_numbers_is_none(said: str) -> None:
    assert read_amount(said) is None


def test_the_halves_of_other_languages() -> None:
    assert read_amount("vier und ein halb", locale="de") == Decimal("4.5")
    assert read_amount("trois et demi", locale="fr") == Decimal("3.5")
    assert read_amount("un million trois cent mille", locale="fr") == 1_300_000


def test_a_mixed_number_in_running_text_is_one() -> None:
    assert [one.value for one in find_amounts("It took 3 1/2 hours on 3 1/2/2025, then ¼ hour.")][:1] == [
        Decimal("3.5")
    ]
    assert [one.value for one in find_amounts("2¼ pages of 12")] == [Decimal("2.25"), Decimal(12)]
    assert parse_amount("5/8") is None


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (4, "four vans were hired"),
        (1, "one van was hired"),
        (6.5, "6½ hours of labour"),
        (2.75, "2 3/4 metres"),
        (1300, "thirteen hundred pounds"),
        (2_300_000, "two million three hundred thousand"),
        (24, "two dozen boxes"),
        (0.15, "a discount of 15%"),
        (15, "a discount of 15%"),
    ],
)
def test_a_span_supports_a_number_in_words_or_with_a_fraction(value: float, source: str) -> None:
    answer = {"n": value, "source_spans": {"n": source}}
    assert outcomes("source_spans", answer, {}, document=f"We note {source} there.\n") == {"pass"}


@pytest.mark.parametrize(
    ("value", "source"),
    [(5, "four vans"), (6, "6½ hours"), (2, "2 3/4 metres"), (300_000, "two million three hundred thousand"),
     (1, "a van was hired"), (1.5, "a discount of 15%"), (2, "a second van")],
)  # fmt: skip
def test_a_span_does_not_support_a_part_of_its_number(value: float, source: str) -> None:
    answer = {"n": value, "source_spans": {"n": source}}
    assert outcomes("source_spans", answer, {}, document=f"We note {source} there.\n") == {"fail"}


def test_sizes_are_those_of_the_language() -> None:
    assert list(numbers_in_words("nine dollars and thirty cents", "en")) == [9, 30]

"""Lines of a scanned page come out in the order in which people read them."""

from __future__ import annotations

import pytest

from milo_bench.suites.documents.reading_order import Box, rows_in_order

LEFT = (
    "The first column begins here", "and tells of the water damage", "in the kitchen of Ms Keller.",
    "It was reported on 3 March",
)  # fmt: skip
RIGHT = (
    "The second column is about", "the payment of 1,250.00 EUR", "to the owner of the house,", "who has not answered.",
)  # fmt: skip
LETTER = 14.0  # pixels


def box(text: str, left: float, row: int) -> Box:
    wide = sum(2 * LETTER if ord(letter) > 0x2E80 else LETTER for letter in text)
    return Box(left, 100 + row * 50, left + wide, 140 + row * 50, text, 0.99)


def read(*boxes: Box) -> list[str]:
    return [" | ".join(one.text for one in row) for row in rows_in_order(boxes)]


def columns(left: tuple[str, ...], right: tuple[str, ...], *, start: int = 0) -> list[Box]:
    return [box(text, at, row) for at, texts in ((50, left), (700, right)) for row, text in enumerate(texts, start)]


def test_two_columns_of_prose_are_read_one_after_the_other() -> None:
    assert read(*columns(LEFT, RIGHT)) == [*LEFT, *RIGHT]


def test_a_heading_and_a_footer_over_both_columns_stay_above_and_below_them() -> None:
    heading = box("A report on the damage in the house at 14 Orchard Close in May", 80, 0)
    footer = box("Both columns were written by the assessor and signed by the owner", 80, 6)
    assert read(footer, *columns(LEFT, RIGHT, start=1), heading) == [heading.text, *LEFT, *RIGHT, footer.text]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("Item", "Chair of oak", "Table of ash", "Total"), ("Amount", "45.00", "1,205.00", "1,250.00")),
        (LEFT, ("45.00", "12.00", "1,205.00", "7.50")),
        (("Name:", "Street:", "Town:", "Born:"), ("Anna Maria Keller of Cologne", "14 Orchard Close in Leeds",
                                                  "Leeds LS6 2AB in England", "3 March 1980 in Bonn")),
    ],
)  # fmt: skip
def test_a_table_keeps_its_rows(left: tuple[str, ...], right: tuple[str, ...]) -> None:
    assert read(*columns(left, right)) == [f"{one} | {other}" for one, other in zip(left, right, strict=True)]


def test_columns_in_a_script_without_spaces_are_columns() -> None:
    left = (
        "申請は三月三日に届いた。書類",
        "は全部そろっていた。保険会社",
        "は写真を求めた。所有者は五月",
        "末まで答えなかった。以上です",
    )
    right = (
        "修理費は千二百五十円だった。",
        "支払いは四月九日に済んでいる",
        "鑑定人は二回訪ねた。写真は全",
        "部で十二枚ある。ここで終わり",
    )
    assert read(*columns(left, right)) == [*left, *right]


@pytest.mark.parametrize("boxes", [[], [box("One line", 50, 0)], [box("Anna", 50, row) for row in range(9)]])
def test_a_page_of_few_lines_or_one_column_is_read_from_the_top_down(boxes: list[Box]) -> None:
    assert read(*boxes) == [one.text for one in boxes]

"""The least number that meets a condition is found exactly, and a condition that nothing meets ends the search."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from milo_bench.stats.least import least_that


@given(st.integers(1, 5_000))
def test_the_least_number_is_found_exactly(least: int) -> None:
    assert least_that(lambda n: n >= least, 10_000) == least


def test_what_no_number_meets_ends_the_search() -> None:
    asked: list[int] = []

    def never(n: int) -> bool:
        asked.append(n)
        return False

    assert least_that(never, 1_000) is None
    assert max(asked) <= 1_000

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.run.load.capacity import RATE_RATIO, CapacityResult, CapacitySearch, LevelOutcome, Try


def search(
    capacity: float, *, whole: bool = True, start: float = 1, highest: float = 1024
) -> tuple[CapacityResult, list[float]]:
    machine = CapacitySearch(whole=whole, start=start, highest=highest)
    tried: list[float] = []
    while isinstance(step := machine.next(), Try):
        tried.append(step.level)
        assert len(tried) < 60
        machine.result("met" if step.level <= capacity else "missed")
    return step, tried


def test_a_true_capacity_of_eight_is_found_in_eight_levels() -> None:
    found, tried = search(8)
    assert found == CapacityResult(8, 9, "service_level")
    assert tried == [1, 2, 4, 8, 16, 12, 10, 9]


@given(st.integers(0, 1023), st.integers(1, 64))
def test_every_whole_capacity_is_found_exactly(capacity: int, start: int) -> None:
    found, tried = search(capacity, start=start)
    assert found.capacity == (capacity or None)
    assert found.missed_at == capacity + 1
    assert len(tried) == len(set(tried))


@given(st.floats(0.05, 900))
def test_a_rate_is_found_within_the_stated_ratio(capacity: float) -> None:
    found, _ = search(capacity, whole=False, start=1.0)
    assert found.capacity is not None and found.missed_at is not None
    assert found.capacity <= capacity < found.missed_at <= found.capacity * RATE_RATIO


def test_a_target_that_meets_every_level_ends_at_the_highest_and_says_so() -> None:
    found, tried = search(10_000, highest=24)
    assert found == CapacityResult(24, None, "highest_level")
    assert tried == [1, 2, 4, 8, 16, 24]


def test_a_target_that_meets_nothing_has_no_capacity() -> None:
    assert search(0)[0] == CapacityResult(None, 1, "service_level")


def test_an_undecided_level_is_tried_once_more_and_then_counts_as_missed() -> None:
    machine = CapacitySearch(whole=True, start=4, highest=64)
    outcomes: list[tuple[float, LevelOutcome]] = []
    while isinstance(step := machine.next(), Try):
        outcome: LevelOutcome = "met" if step.level <= 4 else "undecided" if step.level == 5 else "missed"
        outcomes.append((step.level, outcome))
        machine.result(outcome)
    assert step == CapacityResult(4, 5, "service_level")
    assert outcomes.count((5, "undecided")) == 2


def test_a_search_that_the_client_ended_says_so() -> None:
    machine = CapacitySearch(whole=True, start=1, highest=64)
    while isinstance(step := machine.next(), Try):
        machine.result("met" if step.level <= 3 else "client_bound")
    assert step == CapacityResult(3, 4, "client")


def test_a_level_where_the_client_was_the_limit_is_tried_once_more() -> None:
    machine = CapacitySearch(whole=True, start=1, highest=4)
    tried: list[float] = []
    while isinstance(step := machine.next(), Try):
        tried.append(step.level)
        machine.result("client_bound" if tried == [1, 2] else "met")
    assert tried == [1, 2, 2, 4]
    assert step == CapacityResult(4, None, "highest_level")


def test_a_client_that_is_the_limit_at_every_level_finds_no_capacity() -> None:
    machine = CapacitySearch(whole=True, start=1, highest=64)
    while isinstance(machine.next(), Try):
        machine.result("client_bound")
    assert machine.next() == CapacityResult(None, 1, "client")


def test_a_start_above_the_highest_level_is_refused() -> None:
    with pytest.raises(ValueError, match="start"):
        CapacitySearch(whole=True, start=8, highest=4)

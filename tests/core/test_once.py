"""What takes long is made once, and never by a thread that is in a hurry."""

from __future__ import annotations

import threading

import pytest

from milo_bench.core.once import NotReady, in_a_hurry, once


def test_it_is_made_once_for_each_argument_and_not_in_a_hurry() -> None:
    made: list[int] = []

    @once
    def squared(value: int) -> int:
        made.append(value)
        return value * value

    with in_a_hurry(), pytest.raises(NotReady):
        squared(3)
    assert (squared(3), squared(3)) == (9, 9)
    with in_a_hurry():
        assert squared(3) == 9
        with pytest.raises(NotReady), in_a_hurry():
            squared(4)
        with pytest.raises(NotReady):  # the outer hurry is not over
            squared(4)
    assert squared(4) == 16
    assert made == [3, 4]


def test_the_hurry_of_one_thread_is_not_that_of_another() -> None:
    @once
    def told() -> str:
        return "made"

    found: list[str] = []
    with in_a_hurry():
        thread = threading.Thread(target=lambda: found.append(told()))
        thread.start()
        thread.join()
        assert told() == "made"
    assert found == ["made"]

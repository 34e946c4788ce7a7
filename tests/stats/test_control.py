"""A watch keeps its chance of a false alarm however long it runs, and finds what did change."""

from __future__ import annotations

import math
import random

import pytest

from milo_bench.stats.control import DifferenceWatch, RateWatch, usual_rate


def alarms(rates: list[float], at_most: float, chance: float, runs: int, seed: int) -> list[int]:
    """Where each of ``runs`` watches alarmed, 0 where it did not."""
    draw = random.Random(seed)
    found = []
    for _ in range(runs):
        watch = RateWatch(at_most, chance)
        for rate in rates:
            if watch.add(draw.random() < rate):
                break
        found.append(watch.alarmed_at)
    return found


@pytest.mark.parametrize("at_most", [0.01, 0.1, 0.5])
def test_a_rate_at_its_limit_rings_no_more_often_than_stated(at_most: float) -> None:
    runs, chance = 150, 0.1
    false = sum(1 for at in alarms([at_most] * 1_500, at_most, chance, runs, seed=1) if at)
    assert false <= runs * chance + 3 * math.sqrt(runs * chance * (1 - chance))


def test_a_change_after_a_long_quiet_time_is_found_nearly_as_fast_as_one_at_the_start() -> None:
    early = alarms([0.2] * 600, 0.02, 0.001, 20, seed=2)
    late = alarms([0.005] * 3_000 + [0.2] * 600, 0.02, 0.001, 20, seed=3)
    assert all(0 < at < 150 for at in early)
    assert all(3_000 < at < 3_200 for at in late)


def test_the_wealth_is_fair_at_every_step() -> None:
    # Whatever came before, what is expected after one more request at the limit is what there is.
    for history in ([], [True], [False] * 50 + [True] * 2):
        after = []
        for event in (True, False):
            watch = RateWatch(0.3, 1e-9)
            for one in (*history, event):
                watch.add(one)
            after.append(watch.evidence + math.log(2) / math.log(watch.requests + 2))
        before = RateWatch(0.3, 1e-9)
        for one in history:
            before.add(one)
        whole = before.evidence + math.log(2) / math.log(before.requests + 2)
        assert 0.3 * after[0] + 0.7 * after[1] == pytest.approx(whole)


def test_a_watch_goes_on_where_it_was_saved() -> None:
    draw = random.Random(4)
    events = [draw.random() < 0.15 for _ in range(400)]
    whole, first, second = (RateWatch(0.05, 0.01) for _ in range(3))
    for event in events:
        whole.add(event)
    for event in events[:25]:
        first.add(event)
    second.restore(first.saved())
    for event in events[25:]:
        second.add(event)
    assert whole.alarmed_at > 25
    assert second.saved() == whole.saved()
    with pytest.raises(ValueError, match="not what a watch saved"):
        second.restore([1.0, math.nan])


def test_the_usual_rate_covers_the_truth_as_often_as_stated() -> None:
    draw = random.Random(5)
    for n, rate in ((50, 0.0), (50, 0.04), (200, 0.3)):
        missed = sum(usual_rate(sum(draw.random() < rate for _ in range(n)), n, 0.05) < rate for _ in range(400))
        assert missed <= 400 * 0.05 + 3 * math.sqrt(400 * 0.05 * 0.95)


@pytest.mark.parametrize("wrong", [(0.0, 0.1), (1.0, 0.1), (0.5, 0.0), (0.5, 1.0)])
def test_a_rate_or_chance_that_says_nothing_is_refused(wrong: tuple[float, float]) -> None:
    assert usual_rate(3, 3, 0.01) == 1.0
    with pytest.raises(ValueError, match="a rate of"):
        RateWatch(*wrong)


def differences(mine: float, theirs: float, blocks: int, draw: random.Random) -> list[float]:
    return [(draw.random() < mine) - float(draw.random() < theirs) for _ in range(blocks)]


def test_a_challenger_as_good_as_the_other_is_called_worse_no_more_often_than_stated() -> None:
    draw, runs, chance = random.Random(6), 150, 0.1
    false = 0
    for _ in range(runs):
        watch = DifferenceWatch(chance)
        false += any(map(watch.add, differences(0.8, 0.8, 1_000, draw)))
    assert false <= runs * chance + 3 * math.sqrt(runs * chance * (1 - chance))


def test_a_challenger_that_becomes_worse_after_a_long_time_is_found() -> None:
    draw = random.Random(7)
    for _ in range(10):
        watch = DifferenceWatch(0.025)
        for one in (*differences(0.95, 0.9, 2_000, draw), *differences(0.5, 0.9, 200, draw)):
            watch.add(one)
        assert 2_000 < watch.alarmed_at < 2_200


def test_a_difference_watch_goes_on_where_it_was_saved_and_takes_no_impossible_difference() -> None:
    whole, first, second = (DifferenceWatch(0.01) for _ in range(3))
    for number in range(12):
        whole.add(-0.5)
        (first if number < 5 else second).add(-0.5)
        if number == 4:
            second.restore(first.saved())
    assert second.saved() == whole.saved()
    with pytest.raises(ValueError, match="a difference of"):
        whole.add(-1.5)
    with pytest.raises(ValueError, match="a chance of"):
        DifferenceWatch(1.0)

from __future__ import annotations

import numpy as np
import pytest

from milo_bench.config.policy.judges import JudgeTerms
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.intervals import wilson
from milo_bench.stats.judge_calibration import (
    Confusion,
    Stability,
    confusion,
    corrected_ends,
    corrected_rate,
    grant_licence,
    order_bias,
)

GOOD = Confusion(true_yes=42, false_no=8, true_no=40, false_yes=10)
COIN = Confusion(true_yes=25, false_no=25, true_no=25, false_yes=25)


def test_pairs_are_counted_and_an_unread_verdict_is_a_wrong_one() -> None:
    counted = confusion([(True, True), (True, None), (False, False), (False, True), (False, None)])
    assert (counted.sensitivity, counted.specificity) == (0.5, pytest.approx(1 / 3))
    assert counted.agreement == pytest.approx(2 / 5)


def test_the_point_is_that_of_rogan_and_gladen() -> None:
    found = corrected_rate(60, 200, GOOD)
    assert found.raw == 0.3
    assert found.value == pytest.approx((0.3 + 0.8 - 1) / (0.84 + 0.8 - 1))


@pytest.mark.parametrize("truth", [0.1, 0.5, 0.9])
def test_the_corrected_interval_covers_the_truth_where_the_raw_one_does_not(truth: float) -> None:
    rng, draws, sensitivity, specificity = np.random.default_rng(5), 2_000, 0.85, 0.8
    covered = raw_covered = 0
    for _ in range(draws):
        yes, no = rng.binomial(50, sensitivity), rng.binomial(50, specificity)
        labelled = Confusion(true_yes=yes, false_no=50 - yes, true_no=no, false_yes=50 - no)
        k = rng.binomial(300, truth)
        said = rng.binomial(k, sensitivity) + rng.binomial(300 - k, 1 - specificity)
        found, raw = corrected_rate(said, 300, labelled).interval, wilson(said, 300)
        assert raw is not None
        covered += found.low <= truth <= found.high
        raw_covered += raw.low <= truth <= raw.high
    assert covered / draws >= 0.94  # 95% less three standard errors
    assert truth == 0.5 or raw_covered / draws < 0.5


def test_a_verdict_that_could_not_be_read_is_no_yes_among_the_labels_as_in_the_rate() -> None:
    unread = Confusion(true_yes=42, false_no=4, unread_of_yes=4, true_no=30, false_yes=10, unread_of_no=10)
    assert corrected_rate(60, 200, unread) == corrected_rate(60, 200, GOOD)


def test_more_labels_make_the_interval_narrower() -> None:
    many = Confusion(true_yes=420, false_no=80, true_no=400, false_yes=100)
    few, more = corrected_rate(60, 200, GOOD).interval, corrected_rate(60, 200, many).interval
    assert more.high - more.low < few.high - few.low


def test_a_judge_that_is_a_coin_says_nothing_of_the_rate() -> None:
    found = corrected_rate(60, 200, COIN)
    assert found.value is None
    assert (found.interval.low, found.interval.high) == (0.0, 1.0)


def test_without_labels_of_one_kind_nothing_is_corrected() -> None:
    assert corrected_rate(6, 20, Confusion(true_yes=30)).value is None


def test_a_good_judge_gets_a_licence_and_a_coin_is_told_why_not() -> None:
    assert grant_licence(GOOD, Stability(order=(6, 100))).granted
    refused = grant_licence(COIN)
    assert not refused.granted
    assert any(said.startswith("sensitivity is proven") for said in refused.missing)


def test_a_judge_that_goes_by_the_place_gets_none() -> None:
    refused = grant_licence(GOOD, Stability(order=(40, 100)))
    assert refused.flips_high is not None and refused.flips_high > 0.4
    assert not refused.granted


def test_labels_of_one_kind_alone_give_no_licence() -> None:
    terms = JudgeTerms(least_labels=10)
    refused = grant_licence(Confusion(true_yes=60), terms=terms)
    assert not refused.granted
    assert any("of each are needed" in said for said in refused.missing)


def test_bias_toward_the_first_place_is_seen() -> None:
    bias = order_bias([(1, 1), (2, 2), (1, 2), (1, 2), (2, 1), (None, 1)])
    assert (bias.pairs, bias.same, bias.first, bias.second) == (5, 2, 2, 1)
    assert bias.toward_first == pytest.approx(0.2)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="5 of 3"):
        corrected_rate(5, 3, GOOD)


def test_a_judge_that_an_attack_takes_in_gets_none() -> None:
    refused = grant_licence(GOOD, Stability(attacks={"addresses_judge": (9, 30), "padded": (0, 30)}))
    assert refused.lacks == ("attack addresses_judge",)


def test_a_judge_that_says_something_else_the_second_time_gets_none() -> None:
    assert grant_licence(GOOD, Stability(again=(20, 100))).lacks == ("repeats",)


@pytest.mark.parametrize("truth", [0.3, 0.6, 0.9])
@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.99, 0.7), (0.7, 0.99), (0.85, 0.85)])
def test_neither_end_of_a_gate_is_wrong_more_than_once_in_twenty(
    truth: float, sensitivity: float, specificity: float
) -> None:
    rng, draws = np.random.default_rng(3), 2_000
    too_high = too_low = 0
    for _ in range(draws):
        yes, no = rng.binomial(50, sensitivity), rng.binomial(50, specificity)
        labelled = Confusion(true_yes=yes, false_no=50 - yes, true_no=no, false_yes=50 - no)
        k = rng.binomial(180, truth)
        said = rng.binomial(k, sensitivity) + rng.binomial(180 - k, 1 - specificity)
        low, high = corrected_ends(said, 180, 180, labelled, 0.95)
        too_high += low > truth
        too_low += high < truth
    most = 0.05 + 3 * (0.05 * 0.95 / draws) ** 0.5
    assert too_high / draws <= most and too_low / draws <= most


def test_with_a_faultless_judge_and_endless_labels_the_ends_are_nearly_those_of_the_rate() -> None:
    labelled = Confusion(true_yes=10**7, true_no=10**7)
    low, high = corrected_ends(150, 200, 200, labelled, 0.95)
    exact = exact_ends(150, 200, 0.95)
    assert (low, high) == (pytest.approx(exact[0], abs=0.01), pytest.approx(exact[1], abs=0.01))


def test_what_another_check_failed_cannot_be_made_good_by_the_judge() -> None:
    assert corrected_ends(50, 50, 100, Confusion(true_yes=500, true_no=500), 0.95)[1] <= 0.5


def test_the_ends_of_a_coin_are_everything() -> None:
    assert corrected_ends(60, 200, 200, COIN, 0.95) == (0.0, 1.0)
    assert corrected_ends(6, 20, 20, Confusion(true_yes=30), 0.95) == (0.0, 1.0)

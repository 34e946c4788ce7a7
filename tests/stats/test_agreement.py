"""Agreement is Krippendorff's, and a stratified sample gives back the mean of what it was drawn from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.stats.agreement import alpha_interval, krippendorff_alpha
from milo_bench.stats.stratified import stratified_mean

# The worked example of Krippendorff (2011), four observers and twelve units; "." is no score.
KRIPPENDORFF_2011 = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)


def test_alpha_is_the_published_one_of_the_worked_example() -> None:
    rows = [row.split() for row in KRIPPENDORFF_2011]
    items = [[int(row[unit]) for row in rows if row[unit] != "."] for unit in range(12)]
    assert krippendorff_alpha(items) == pytest.approx(0.815, abs=0.001)


def test_full_agreement_is_one_and_one_score_alone_says_nothing() -> None:
    assert krippendorff_alpha([[1, 1], [5, 5], [3, 3]]) == 1.0
    assert krippendorff_alpha([[4], [2], [1]]) is None
    assert krippendorff_alpha([[4, 4], [4, 4]]) is None  # nothing varies, so nothing can be agreed about
    assert krippendorff_alpha([]) is None


def test_opposite_scores_agree_less_than_chance() -> None:
    alpha = krippendorff_alpha([[1, 5], [5, 1], [1, 5], [5, 1]])
    assert alpha is not None and alpha < 0


@given(st.lists(st.lists(st.integers(1, 5), min_size=2, max_size=4), min_size=2, max_size=15))
def test_alpha_never_passes_one_and_does_not_ask_who_scored(items: list[list[int]]) -> None:
    alpha = krippendorff_alpha(items)
    assert alpha is None or alpha <= 1 + 1e-12
    turned = krippendorff_alpha([item[::-1] for item in items[::-1]])
    assert (alpha is None) == (turned is None)
    assert alpha is None or alpha == pytest.approx(turned)


def test_too_few_items_have_no_interval() -> None:
    assert alpha_interval([[1, 2]] * 5) is None
    interval = alpha_interval([[1, 2], [4, 4], [5, 4], [2, 2], [3, 1], [5, 5], [1, 1], [4, 3]])
    assert interval is not None and interval.low is not None and interval.high is not None
    assert interval.low < 0.8 < interval.high <= 1


def test_a_sample_with_many_failures_does_not_make_the_mean_worse() -> None:
    mean, interval = stratified_mean({"failed": [1, 1, 2, 1], "passed": [5, 4, 5, 5]}, {"failed": 10, "passed": 90})
    assert mean == pytest.approx(0.1 * 1.25 + 0.9 * 4.75)
    assert interval is not None and interval.low is not None and interval.low < mean


def test_a_stratum_that_nobody_scored_leaves_the_mean_unknown() -> None:
    assert stratified_mean({"passed": [5, 5]}, {"failed": 3, "passed": 90}) == (None, None)
    assert stratified_mean({"passed": [5, 5]}, {"failed": 0, "passed": 90})[0] == 5
    mean, interval = stratified_mean({"failed": [1], "passed": [5, 5]}, {"failed": 3, "passed": 90})
    assert mean is not None and interval is None


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        # Work of which a fifth fails; 200 answers of it, of which 20 are scored.
        failed = int(random.binomial(200, 0.2))
        samples = {"failed": random.choice([1, 2, 3], 10).tolist(), "passed": random.choice([3, 4, 5], 10).tolist()}
        _, interval = stratified_mean(samples, {"failed": failed, "passed": 200 - failed})
        assert interval is not None and interval.low is not None and interval.high is not None
        held += interval.low <= 0.2 * 2 + 0.8 * 4 <= interval.high
    assert 0.92 <= held / 400 <= 0.99

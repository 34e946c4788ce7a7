"""Corrected rates beside those of truescore, which was written by others: same points, intervals that agree."""

from __future__ import annotations

import numpy as np
import pytest

truescore = pytest.importorskip("truescore.correct", reason="a development requirement")

from milo_bench.stats.judge_calibration import confusion, corrected_ends, corrected_rate  # noqa: E402


def _drawn(
    truth: float, sensitivity: float, specificity: float, *, n: int = 4_000, labels: int = 1_000
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    good = rng.random(n) < truth
    said = np.where(good, rng.random(n) < sensitivity, rng.random(n) >= specificity)
    index = rng.choice(n, labels, replace=False)
    return said, good[index], index


@pytest.mark.parametrize("truth", [0.3, 0.7, 0.9])
@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.9, 0.9), (0.97, 0.8), (0.8, 0.95)])
def test_the_point_and_interval_agree(truth: float, sensitivity: float, specificity: float) -> None:
    said, gold, index = _drawn(truth, sensitivity, specificity)
    theirs = truescore.rogan_gladen_estimate(said.astype(int), gold.astype(int), index)
    labelled = confusion(zip(gold.tolist(), said[index].tolist(), strict=True))
    ours = corrected_rate(int(said.sum()), len(said), labelled)
    assert ours.value == pytest.approx(theirs.point, abs=1e-9)
    # They count the labelled answers among those judged, too; we take both as samples of their own.
    assert ours.interval.low == pytest.approx(theirs.low, abs=0.015)
    assert ours.interval.high == pytest.approx(theirs.high, abs=0.015)


def test_prediction_powered_inference_finds_the_same_rate_in_another_way() -> None:
    said, gold, index = _drawn(0.7, 0.9, 0.85)
    theirs = truescore.ppi_estimate(said.astype(float), gold.astype(float), index)
    labelled = confusion(zip(gold.tolist(), said[index].tolist(), strict=True))
    low, high = corrected_ends(float(said.sum()), len(said), len(said), labelled, 0.975)
    assert low <= theirs.point <= high
    # It needs labels of these very answers, and is narrower for it: ours stays valid where it is not to be had.
    assert high - low <= 2 * (theirs.high - theirs.low)

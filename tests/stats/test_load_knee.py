import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from milo_bench.core.load_records import LoadFigures
from milo_bench.core.records import LoadWindow
from milo_bench.stats.load.knee import RESAMPLES, degradation, fit_knee, resampled
from milo_bench.stats.load.steady import find_drift

LEVELS = (1, 2, 4, 8, 16, 32)


def windows(
    slots: int, *, service_s: float = 1.0, noise: float = 0.0, levels: tuple[int, ...] = LEVELS
) -> list[LoadWindow]:
    """Closed windows of a server with ``slots`` places, each answer ``service_s``."""
    random = np.random.default_rng(3)
    made = []
    for level in levels:
        rate = min(level, slots) / service_s
        latency_s = service_s * max(1.0, level / slots)
        rates = rate * (1 + noise * random.standard_normal(10))
        values = latency_s * (1 + noise * random.standard_normal(100))
        figures = {
            "answered": 100,
            "requests_per_s": float(rates.mean()),
            "steady": {"requests_per_s": rates.tolist()},
            "distributions": {"latency": {"n": 100, "infinite": 0, "values": sorted(values.tolist())}},
        }
        made.append(LoadWindow("t", "closed", level, 0.0, 10.0, msgspec.convert(figures, LoadFigures)))
    return made


def test_the_knee_of_a_server_with_eight_places_is_eight() -> None:
    fit = fit_knee(LEVELS, [min(level, 8) for level in LEVELS])
    assert fit is not None
    assert fit.knee == pytest.approx(8)


def test_the_knee_has_an_interval_that_holds_the_truth() -> None:
    knee = next(m for m in degradation(windows(8, noise=0.03)) if m.name == "knee_streams")
    assert knee.value == pytest.approx(8, rel=0.1)
    assert knee.interval is not None and knee.interval.low is not None and knee.interval.high is not None
    assert knee.interval.low < 8.3 and knee.interval.high > 7.7


def test_no_knee_is_claimed_where_throughput_still_grows() -> None:
    knee = next(m for m in degradation(windows(1000, noise=0.03)) if m.name == "knee_streams")
    assert knee.value is None
    assert knee.interval is not None and knee.interval.high is None
    assert "no knee up to 32" in knee.note


def test_two_levels_are_too_few_for_a_knee() -> None:
    knee = next(m for m in degradation(windows(1, levels=(1, 2))) if m.name == "knee_streams")
    assert knee.value is None
    assert "of 3 needed" in knee.note


def test_the_slope_of_the_latency_is_that_of_the_queue() -> None:
    slope = next(m for m in degradation(windows(1, noise=0.02)) if m.name == "latency_slope_s")
    assert slope.value == pytest.approx(1.0, rel=0.05)
    assert slope.interval is not None and slope.interval.low is not None
    assert slope.interval.low > 0.8


def test_windows_bound_by_the_client_give_no_verdict() -> None:
    bound = [LoadWindow(w.target, w.mode, w.level, 0, 1, w.figures, client_bound=True) for w in windows(8)]
    assert degradation(bound) == ()


def test_a_flat_series_is_steady_a_rising_one_drifts_and_a_noisy_one_is_undecided() -> None:
    random = np.random.default_rng(5)
    assert find_drift([1.0] * 10).state == "steady"
    assert find_drift((1 + 0.01 * random.standard_normal(10)).tolist()).state == "steady"
    assert find_drift([1 + 0.1 * n for n in range(10)]).state == "drifting"
    assert find_drift((1 + 0.5 * random.standard_normal(10)).tolist()).state == "undecided"
    assert find_drift([1.0, 1.0]).state == "undecided"


def test_the_trend_test_keeps_its_error_rate() -> None:
    random = np.random.default_rng(11)
    called = sum(find_drift((1 + 0.3 * random.standard_normal(10)).tolist()).state == "drifting" for _ in range(1000))
    assert called / 1000 < 0.07


def test_a_handful_of_answers_shows_no_knee() -> None:
    few = windows(2, levels=(1, 2, 4))
    few[0] = replace(few[0], figures=replace(few[0].figures, answered=3))
    knee = next(m for m in degradation(few) if m.name == "knee_streams")
    assert knee.value is None
    assert "answered 3 of 10 requests" in knee.note


@pytest.mark.parametrize("lengths", [(1, 1, 7), (10, 10, 10, 10), (3, 200, 64, 1)])
def test_resamples_drawn_in_one_call_are_those_of_one_call_for_each_level(lengths: tuple[int, ...]) -> None:
    parts = [np.random.default_rng(length).random(length) for length in lengths]
    random, alone = np.random.default_rng(7), np.random.default_rng(7)
    found = list(resampled(parts, random))
    for row in range(RESAMPLES):
        for part, drawn in zip(parts, found, strict=True):
            assert (part[alone.integers(0, len(part), len(part))] == drawn[row]).all()
    assert random.integers(0, 1000) == alone.integers(0, 1000), "what is drawn next is the same as well"

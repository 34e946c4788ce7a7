from itertools import islice, takewhile

import pytest

from milo_bench.core.errors import DataError, UsageError
from milo_bench.run.load.arrivals import Arrival, constant_arrivals, parse_trace, poisson_arrivals, trace_rate


def test_constant_arrivals_do_not_drift() -> None:
    at_s = [arrival.at_s for arrival in islice(constant_arrivals(3.0), 30_000)]
    assert at_s[0] == pytest.approx(1 / 3)
    assert at_s[-1] == 10_000.0


def test_poisson_arrivals_have_the_rate_and_the_spread_of_a_poisson_process() -> None:
    arrivals = [a.at_s for a in takewhile(lambda a: a.at_s < 2000, poisson_arrivals(5.0, seed=1))]
    assert len(arrivals) == pytest.approx(10_000, rel=0.04)
    counts = [sum(1 for at in arrivals if second <= at < second + 1) for second in range(300)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert variance == pytest.approx(mean, rel=0.35)


def test_one_seed_gives_the_same_arrivals_and_another_seed_others() -> None:
    first, again, other = (list(islice(poisson_arrivals(2.0, seed=seed), 50)) for seed in (7, 7, 8))
    assert first == again != other


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_sends_nothing_is_refused(rate: float) -> None:
    with pytest.raises(UsageError):
        next(constant_arrivals(rate))


def test_a_trace_of_numbers_is_sorted_and_begins_at_zero() -> None:
    assert [a.at_s for a in parse_trace("# recorded\n12.5\n10\n\n11\n", where="t")] == [0.0, 1.0, 2.5]


def test_a_trace_may_name_fixtures() -> None:
    text = '{"at_s": 1.0, "fixture": "a"}\n{"at_s": 3.0}\n'
    assert parse_trace(text, where="t") == (Arrival(0.0, "a"), Arrival(2.0, ""))


def test_a_run_log_is_a_trace() -> None:
    log = (
        '{"type":"run","run_id":"x"}\n{"type":"fixture","id":"a"}\n'
        '{"type":"attempt","key":{"fixture":"a","target":"t"},"timings":{"intended_s":2.0}}\n'
        '{"type":"attempt","key":{"fixture":"b","target":"t"},"timings":{"intended_s":2.5}}\n'
        '{"type":"end"}\n'
    )
    arrivals = parse_trace(log, where="t")
    assert arrivals == (Arrival(0.0, "a"), Arrival(0.5, "b"))
    assert trace_rate(arrivals) == 2.0, "one gap of half a second"


def test_the_samples_of_a_run_log_are_no_requests() -> None:
    log = (
        '{"type":"attempt","key":{"fixture":"a","target":"t"},"timings":{"intended_s":2.0}}\n'
        '{"type":"telemetry","at_s":1.0}\n{"type":"telemetry","at_s":9.0}\n'
        '{"type":"attempt","key":{"fixture":"b","target":"t"},"timings":{"intended_s":2.5}}\n'
    )
    assert parse_trace(log, where="t") == (Arrival(0.0, "a"), Arrival(0.5, "b"))


def test_the_requests_of_a_load_log_are_a_trace_of_when_they_were_due() -> None:
    log = (
        '{"type":"telemetry","at_s":0.0}\n'
        '{"type":"load_row","fixture":"a","due_us":1250000,"sent_us":1300000,"end_us":2000000}\n'
        '{"type":"load_row","fixture":"b~77","due_us":750000,"sent_us":750000,"end_us":800000,"failure":"unsent"}\n'
        '{"type":"load","target":"t","mode":"open","level":2.0}\n'
    )
    assert parse_trace(log, where="t") == (Arrival(0.0), Arrival(0.5))


@pytest.mark.parametrize("line", ["soon", "true", '{"at_s": "1"}', '{"at_s": NaN}', "[1]", '{"at_s": 1, "fixture": 2}'])
def test_a_line_without_a_time_is_named(line: str) -> None:
    with pytest.raises(DataError, match="t line 2"):
        parse_trace(f"1.0\n{line}\n", where="t")


def test_an_empty_trace_is_refused() -> None:
    with pytest.raises(DataError, match="no arrival"):
        parse_trace("# nothing\n", where="t")

import json
import math
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from milo_bench.core.load_records import TIME_NAMES, LoadFigures, ServerTiming
from milo_bench.core.records import LoadWindow, Telemetry
from milo_bench.run.load.rows import LoadRow, RowFailure, WindowRows
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.stats.load.distribution import KEPT, describe
from milo_bench.stats.load.figures import load_window, window_figures
from milo_bench.stats.load.rates import tokens_out
from milo_bench.stats.load.token_times import time_per_token_s, tokens_per_chunk, worst_stall_s

NO_LEVEL = ServiceLevel()


def row(
    at_s: float = 0.0,
    *,
    ttft_s: float = 0.05,
    gaps_s: tuple[float, ...] = (0.005,) * 9,
    tokens: int | None = 10,
    chunk_tokens: tuple[int, ...] = (),
    failure: RowFailure | None = None,
    waited_s: float = 0.0,
    lag_s: float = 0.0001,
) -> LoadRow:
    first_s = at_s + waited_s + ttft_s
    return LoadRow(
        fixture="f",
        intended_s=at_s,
        started_s=at_s + waited_s,
        ended_s=first_s + sum(gaps_s),
        first_content_s=None if failure else first_s,
        gaps_s=array("d", () if failure else gaps_s),
        chunk_tokens=array("L", chunk_tokens),
        prompt_tokens=100,
        completion_tokens=tokens,
        failure=failure,
        lag_mean_s=lag_s,
        lag_max_s=lag_s * 2,
        server_timings={"prompt_ms": 40.0},
    )


def window(rows: list[LoadRow], *, to_s: float = 10.0, mode: str = "closed", **more: object) -> WindowRows:
    given = {"level": 1.0, "began_s": 0.0, "from_s": 0.0, "to_s": to_s, "ended_s": to_s, **more}
    return WindowRows(mode=mode, rows=tuple(rows), warmup_rule="none", cooldown_rule="none", **given)  # type: ignore[arg-type]


def back_to_back(count: int, cycle_s: float = 0.1) -> list[LoadRow]:
    return [row(n * cycle_s, ttft_s=cycle_s - 0.045) for n in range(count)]


def test_four_tokens_a_chunk_are_four_tokens_of_time() -> None:
    four = row(gaps_s=(0.02,) * 15, tokens=64)
    assert time_per_token_s(four) == pytest.approx(0.005)
    figures = window_figures(window([four]), level=NO_LEVEL)
    assert figures.token_gap_mean_s == pytest.approx(0.005)
    assert figures.chunk_gap_p50_s == pytest.approx(0.02)


def test_tokens_of_each_chunk_count_where_the_server_tells_them() -> None:
    uneven = row(gaps_s=(0.01, 0.03), tokens=None, chunk_tokens=(5, 1, 3))
    assert tokens_per_chunk(uneven) == pytest.approx([5, 1, 3])
    assert time_per_token_s(uneven) == pytest.approx(0.01)


def test_without_any_token_count_there_is_no_time_per_token_and_it_says_why() -> None:
    figures = window_figures(window([row(tokens=None)]), level=NO_LEVEL)
    assert figures.time_per_token_p50_s is None
    assert figures.output_tokens_per_s is None
    assert figures.chunk_gap_p50_s == pytest.approx(0.005)
    assert "no token counts" in figures.notes[0]


def test_failures_are_infinite_so_that_no_tail_looks_healthy() -> None:
    rows = [row(n * 0.1, failure="server_error" if n % 100 < 37 else None) for n in range(100)]
    figures = window_figures(window(rows), level=NO_LEVEL)
    assert figures.failure_share == 0.37
    assert figures.failures == {"server_error": 37}
    assert figures.latency_p50_s == pytest.approx(0.095)
    assert figures.latency_p95_s is None
    assert figures.latency_mean_s is None
    assert figures.distributions.latency.infinite == 37


def test_latency_counts_from_the_intended_start() -> None:
    figures = window_figures(window([row(waited_s=2.0)]), level=NO_LEVEL)
    assert figures.latency_max_s == pytest.approx(2.095)
    assert figures.ttft_max_s == pytest.approx(2.05)
    assert figures.queue_max_s == pytest.approx(2.0)


def test_a_freeze_in_a_stream_is_the_worst_stall_and_hardly_moves_the_mean() -> None:
    frozen = row(gaps_s=(0.005,) * 400 + (2.0,) + (0.005,) * 400, tokens=802)
    figures = window_figures(window([frozen, *back_to_back(50)]), level=NO_LEVEL)
    assert figures.stall_max_s == pytest.approx(2.0)
    assert figures.token_gap_p50_s == pytest.approx(0.005)


def test_silence_before_a_failure_is_a_stall_too() -> None:
    cut = LoadRow("f", 0.0, 0.0, 30.0, first_content_s=1.0, gaps_s=array("d", (0.1,)), failure="total_timeout")
    assert worst_stall_s(cut) == pytest.approx(28.9)


def test_rates_count_the_part_of_a_request_that_lies_in_the_window() -> None:
    # Four streams, each request 4 s: one a second in truth, but only two ends lie in the two seconds measured.
    rows = [LoadRow("f", at, at, at + 4.0) for at in (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0)]
    figures = window_figures(window(rows, to_s=2.0), level=NO_LEVEL)
    assert figures.requests_per_s == pytest.approx(1.0, abs=0.13)


def test_rows_of_warm_up_and_cool_down_are_counted_as_left_out() -> None:
    figures = window_figures(window([row(at) for at in (0.5, 1.5, 2.5, 11.5)], from_s=1.0, to_s=10.0), level=NO_LEVEL)
    assert figures.requests == 2
    assert figures.left_out.warmup_requests == 1
    assert figures.left_out.cooldown_requests == 1


def test_goodput_counts_only_requests_that_keep_every_limit() -> None:
    rows = [row(n * 0.1, ttft_s=0.055 if n % 2 else 0.5) for n in range(100)]
    figures = window_figures(window(rows), level=ServiceLevel(ttft_s=0.1, latency_s=5.0))
    assert figures.met_share == 0.5
    assert figures.goodput_per_s == pytest.approx(5.0, rel=0.05)
    assert figures.met_share_interval is not None
    low, high = figures.met_share_interval
    assert low < 0.5 < high


def test_a_steady_window_is_found_steady_and_a_growing_queue_drifting() -> None:
    assert window_figures(window(back_to_back(100)), level=NO_LEVEL).steady.state == "steady"
    growing = [row(n * 0.1, waited_s=n * 0.02) for n in range(100)]
    steady = window_figures(window(growing, mode="open"), level=NO_LEVEL).steady
    assert steady.state == "drifting"
    assert steady.latency_change > 0.5


def test_a_window_with_few_requests_is_undecided() -> None:
    steady = window_figures(window(back_to_back(8)), level=NO_LEVEL).steady
    assert steady.state == "undecided"
    assert "8 of 20 requests" in steady.note


def test_an_empty_window_gives_figures_without_values() -> None:
    figures = window_figures(window([]), level=ServiceLevel(ttft_s=1))
    assert figures.requests == 0
    assert figures.latency_p50_s is None
    assert figures.met_share is None


def test_server_timings_stand_beside_ours() -> None:
    figures = window_figures(window(back_to_back(10)), level=NO_LEVEL)
    assert figures.server_timings == {"prompt_ms": ServerTiming(10, 40.0, 40.0)}


def test_a_record_holds_memory_energy_and_the_clients_own_error() -> None:
    samples = [
        sample
        for second in range(11)
        for sample in (
            Telemetry(at_s=second, target="t", memory_bytes=1000 + second, cpu_s=second * 0.5),
            Telemetry(at_s=second, client_cpu_s=second * 0.1, others_cpu_share=0.25, power_w=50.0, gpu_memory_bytes=7),
        )
    ]
    record = load_window("t", window(back_to_back(100)), level=NO_LEVEL, samples=samples)
    figures = record.figures
    assert figures.server_memory_max_bytes == 1010
    assert figures.server_cpu_cores == pytest.approx(0.5)
    assert figures.energy_per_thousand_j == pytest.approx(5000, rel=0.02)
    assert figures.client.cpu_share_of_core == pytest.approx(0.1)
    assert figures.client.others_cpu_share == 0.25
    assert record.client_bound is False


@pytest.mark.parametrize(
    ("rows", "more", "reason"),
    [
        ([row(n * 0.1, ttft_s=0.055, lag_s=0.02) for n in range(100)], {}, "reading"),
        (back_to_back(100), {"loop_lags_s": array("d", (0.03,) * 100)}, "timers"),
        (back_to_back(50, 0.2)[:50], {"level": 2.0}, "streams busy"),
        ([row(n * 0.1) for n in range(60)], {"mode": "open", "scheduled": 100}, "sent 60 of 100"),
    ],
)
def test_a_window_that_the_client_could_not_drive_is_marked_with_the_reason(
    rows: list[LoadRow], more: dict[str, object], reason: str
) -> None:
    record = load_window("t", window(rows, **more), level=NO_LEVEL, samples=[])  # type: ignore[arg-type]
    assert record.client_bound
    assert reason in " ".join(record.figures.client.bound_by)


def test_a_queue_behind_the_cap_is_the_servers_and_not_the_clients() -> None:
    rows = [row(n * 0.1, waited_s=1.0) for n in range(60)]
    record = load_window("t", window(rows, mode="open", scheduled=100, held_back=40), level=NO_LEVEL, samples=[])
    assert not record.client_bound


def test_a_sketch_is_bounded_and_keeps_its_ends() -> None:
    values = np.random.default_rng(1).exponential(1.0, 50_000)
    sketch = describe(values)
    assert len(sketch.values) == KEPT
    assert sketch.values[0] == pytest.approx(values.min(), abs=1e-6)
    assert sketch.values[-1] == pytest.approx(values.max(), abs=1e-6)
    assert sketch.p95 == pytest.approx(np.quantile(values, 0.95), rel=0.01)


def test_quantiles_among_infinite_values_are_none() -> None:
    sketch = describe([1.0, 2.0, 3.0, math.inf])
    assert (sketch.p50, sketch.p90, sketch.max, sketch.infinite) == (2.0, None, None, 1)
    assert describe([]).n == 0


def test_weighted_quantiles_count_each_token() -> None:
    assert describe([1.0, 5.0], np.array([99.0, 1.0])).p95 == 1.0


def test_every_time_is_once_more_under_one_name_for_readers_of_the_json() -> None:
    figures = load_window("t", window(back_to_back(40)), level=NO_LEVEL, samples=()).figures
    written = msgspec.to_builtins(figures)
    for name in TIME_NAMES:
        found = written["distributions"][name]
        for part in ("mean", "p50", "p90", "p95", "p99", "max"):
            assert written[f"{name}_{part}_s"] == found[part]
    assert written["latency_p95_s"] == figures.quantile("latency", "p95") == pytest.approx(0.1)


def test_what_could_not_be_measured_is_null_and_not_left_out() -> None:
    written = msgspec.to_builtins(load_window("t", window([]), level=NO_LEVEL, samples=()).figures)
    assert written["latency_p95_s"] is written["power_mean_w"] is written["client"]["read_lag_p99_s"] is None
    assert set(LoadFigures.__struct_fields__) == set(written)


def test_a_window_is_read_as_it_was_written() -> None:
    made = load_window("t", window(back_to_back(100)), level=ServiceLevel(latency_s=1), samples=())
    assert msgspec.json.decode(msgspec.json.encode(made), type=LoadWindow) == made


def test_windows_of_version_0_1_0_are_read_whole() -> None:
    log = Path(__file__).parents[1] / "data/logs-0.1.0/load.jsonl"
    lines = [line for line in log.read_bytes().splitlines() if line.startswith(b'{"type":"load"')]
    assert lines
    for line in lines:
        read = msgspec.json.decode(line, type=LoadWindow).figures
        again = dict(_flat(msgspec.to_builtins(read)))
        for name, value in _flat(json.loads(line)["figures"]):
            assert again[name] == value, name


def _flat(data: dict[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{place}{name}.")
        else:
            yield f"{place}{name}", list(value) if isinstance(value, (tuple, list)) else value


def test_tokens_of_all_rows_together_are_the_sum_of_those_of_each() -> None:
    rows = [
        LoadRow(
            "f", at, at, at + 1.0, first_content_s=None if at == 3.0 else at + 0.1, gaps_s=array("d", [0.07 * n, 0.3]),
            completion_tokens=None if at == 2.0 else 6, chunk_tokens=array("L", [1, 2, 3] if n == 2 else []),
        )
        for n, at in enumerate((0.0, 0.5, 1.0, 2.0, 3.0, 3.4))
    ]  # fmt: skip
    edges = np.linspace(0.0, 4.0, 9)
    parts = [found for row in rows if (found := tokens_out([row], edges)) is not None]
    found = tokens_out(rows, edges)
    assert found is not None and len(parts) == 4
    assert found == pytest.approx(np.sum(parts, axis=0))
    assert found.sum() == pytest.approx(22.0)  # the last chunk came after the last edge
    assert tokens_out([rows[4]], edges) is None

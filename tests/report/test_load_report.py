import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from milo_bench.core.records import LoadWindow
from milo_bench.report.charts.windows import load_charts, write_load_charts
from milo_bench.report.terminal.load import print_load
from milo_bench.run.load.capacity import CapacityResult
from tests.report.load_windows import KNEE, window


def printed(windows: list[LoadWindow], **more: object) -> str:
    console = Console(file=io.StringIO(), width=200, no_color=True)
    print_load(windows, console, **more)  # type: ignore[arg-type]
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_has_a_column_a_level_and_says_what_was_left_out() -> None:
    text = printed([window(1), window(4)])
    assert "1 stream " in text and "4 streams" in text
    assert "Left out as warm-up: the first 1 s. After it: until all ended." in text
    assert "first token ≤ 150 ms for 95% of requests" in text


def test_a_tail_among_failures_is_printed_as_never() -> None:
    text = printed([window(1, failing=20)])
    assert "server_error 20" in text
    assert re.search(r"answer p50 / p95 +200 ms / never", text)


def test_a_window_that_ended_early_and_one_that_the_client_bound_say_why() -> None:
    text = printed([window(1, ended_early="connect_refused 20 times in a row")])
    assert "1 stream: ended early, connect_refused 20 times in a row." in text


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (CapacityResult(8, 9, "service_level"), "Capacity: 8 streams. At 9 streams the service level was missed"),
        (CapacityResult(None, 1, "service_level"), "Capacity: none, because even 1 stream missed"),
        (CapacityResult(64, None, "highest_level"), "The true capacity may be higher"),
        (CapacityResult(4, 5, "client"), "this client was the limit"),
    ],
)
def test_a_capacity_is_one_sentence_with_what_limits_it(found: CapacityResult, said: str) -> None:
    assert said in printed([window(1)], capacity=found)


def test_a_knee_is_printed_with_its_interval() -> None:
    assert "Knee: 2.1 streams (1.8–2.6 streams)" in printed([window(1), window(4)], degradation=[KNEE])


def test_a_curve_with_failures_never_reaches_one() -> None:
    chart = load_charts([window(1), window(2, failing=10)])["distribution-latency"]
    rows = next(layer["data"]["values"] for layer in chart["layer"] if "window" in str(layer["encoding"]))
    best = {name: max(row["share"] for row in rows if row["window"] == name) for name in {r["window"] for r in rows}}
    assert best == {"1 stream": 1.0, "2 streams (10 of 50 never)": 0.8}


def test_charts_are_static_files_named_by_us_and_load_nothing(tmp_path: Path) -> None:
    hostile = [LoadWindow("../../t", w.mode, w.level, 0, 10, w.figures) for w in (window(1), window(2), window(4))]
    paths = write_load_charts(hostile, tmp_path / "charts", degradation=[KNEE])
    assert {path.name for path in paths} == {
        "01-latency-against-load.svg",
        "01-throughput-against-load.svg",
        "01-distribution-latency.svg",
        "01-distribution-ttft.svg",
    }
    for path in paths:
        assert path.parent == tmp_path / "charts"
        text = path.read_text()
        assert text.startswith("<svg")
        assert "<script" not in text
        assert not re.search(r"(?:href|src)=\"http", text)


def test_one_level_gives_distributions_alone() -> None:
    assert set(load_charts([window(3)])) == {"distribution-latency", "distribution-ttft"}


def test_the_knee_is_marked_in_the_throughput_chart() -> None:
    chart = str(load_charts([window(1), window(2), window(4)], knee=KNEE)["throughput-against-load"])
    assert "knee at 2.1" in chart
    assert "1.8–2.6 streams" in chart

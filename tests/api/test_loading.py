"""``milo-bench load`` from flags to log, against scripted servers and dead ones."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from milo_bench.api.deciding import DecideOptions, decide_logs
from milo_bench.api.loading import load_target
from milo_bench.core.errors import DataError, TargetError, UsageError
from milo_bench.core.load_records import LoadFigures
from milo_bench.core.records import LoadWindow
from milo_bench.run.load.capacity import CapacitySearch, Try
from milo_bench.run.load.options import LoadOptions
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.run.load.session import LoadReport
from milo_bench.stats.load.level import judge_level
from milo_bench.store.log.reader import read_run_log

SCRIPT = {"reply": {"text": "one two three four", "first_token_s": 0.02, "gap_s": 0.005}}
Load = Callable[..., LoadReport]


@pytest.fixture
def config(tmp_path: Path) -> Callable[[dict[str, object]], Path]:
    def write(script: dict[str, object]) -> Path:
        (tmp_path / "script.yaml").write_text(yaml.safe_dump(script))
        file = tmp_path / "bench.yaml"
        target = {"api": "fake", "model": "fake-1", "script": str(tmp_path / "script.yaml")}
        file.write_text(yaml.safe_dump({"targets": {"scripted": target}}))
        return file

    return write


@pytest.fixture
def load(tmp_path: Path, config: Callable[[dict[str, object]], Path]) -> Load:
    def run(*, script: dict[str, object] | None = None, name: str = "l.jsonl", **wanted: object) -> LoadReport:
        given: dict[str, object] = {
            "suite": "case_ops_v1",
            "model": "scripted",
            "duration_s": 0.5,
            "out": tmp_path / name,
            "config": config(script or SCRIPT),
            **wanted,
        }
        return load_target(LoadOptions(**given), {})  # type: ignore[arg-type]

    return run


def test_a_closed_loop_leaves_a_window_a_level_in_a_log_that_can_be_read(load: Load) -> None:
    report = load(concurrency=(1, 3))
    log = read_run_log(report.path)
    assert [(w.mode, w.level) for w in log.load_windows] == [("closed", 1), ("closed", 3)]
    assert log.end is not None and log.end.complete
    assert not log.attempts
    assert len(log.fixtures) == len(log.header.plan.fixtures) > 100
    figures = log.load_windows[1].figures
    # How many, and how much slower than the server's own 0.02 s, is for the machine to say.
    assert figures.answered == figures.requests >= 3
    assert (figures.quantile("ttft", "p50") or 0) >= 0.02
    assert figures.distinct_prompts >= 3
    assert re.search(r'"type":"telemetry",.*"client_cpu_s":', report.path.read_text())


def test_an_open_loop_delivers_the_rate_that_was_asked(load: Load) -> None:
    report = load(rates=(20.0,), arrivals="constant", duration_s=1.0)
    figures = report.windows[0].figures
    assert figures.scheduled == pytest.approx(20, abs=1)
    assert figures.client.delivered_share == 1.0


def test_a_trace_of_another_log_is_replayed(load: Load, tmp_path: Path) -> None:
    trace = tmp_path / "trace.txt"
    trace.write_text("100.0\n100.1\n100.3\n")
    report = load(trace=trace)
    assert report.windows[0].mode == "trace"
    assert report.windows[0].figures.requests == 3


def test_a_trace_with_an_unknown_fixture_is_refused_before_anything_starts(load: Load, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text('{"at_s": 0, "fixture": "nobody"}\n')
    with pytest.raises(DataError, match="nobody"):
        load(trace=trace)
    assert not (tmp_path / "l.jsonl").exists()


def test_a_capacity_search_tells_its_path(load: Load) -> None:
    report = load(find_capacity=True, highest=4.0, duration_s=0.3, service_level=ServiceLevel(latency_s=5.0, share=0.9))
    # On a busy machine the client may be the limit of any window, and then the search goes another way.
    machine = CapacitySearch(whole=True, start=1, highest=4)
    for step, window in zip(report.search, report.windows, strict=True):
        assert machine.next() == Try(step["level"])
        assert step["outcome"] == judge_level(window) == ("client_bound" if window.client_bound else "met")
        machine.result(judge_level(window))
    assert report.capacity == machine.next()


def test_a_server_that_dies_mid_window_leaves_the_window_and_the_reason(load: Load) -> None:
    script = {**SCRIPT, "rules": [{"when": {"requests": [12]}, "fault": "process_death"}]}
    report = load(script=script, concurrency=(2, 4), duration_s=5.0)
    assert not report.end.complete
    assert report.end.reason == "aborted"
    assert len(report.windows) == 1, "no second window on a dead server"
    figures = report.windows[0].figures
    assert figures.ended_early
    log = read_run_log(report.path)
    assert tuple(log.load_windows) == report.windows
    assert log.end is not None and not log.end.complete


def test_a_target_that_nobody_serves_leaves_no_log(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        file = tmp_path / "bench.yaml"
        target = {"api": "openai", "model": "m", "base_url": f"http://127.0.0.1:{port}/v1"}
        file.write_text(yaml.safe_dump({"targets": {"dead": target}}))
        with pytest.raises(TargetError, match="Cannot reach target 'dead'"):
            load_target(
                LoadOptions("case_ops_v1", "dead", 1.0, concurrency=(1,), out=tmp_path / "l.jsonl", config=file), {}
            )
    assert not (tmp_path / "l.jsonl").exists()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, "No load was given"),
        ({"concurrency": (1,), "rates": (1.0,)}, "cannot be combined"),
        ({"find_capacity": True}, "needs a service level"),
        ({"concurrency": (1,), "duration_s": 0.0}, "--duration"),
        ({"concurrency": (1,), "workloads": ("nothing",)}, "Unknown workload"),
    ],
)
def test_a_load_that_makes_no_sense_is_refused(load: Load, wanted: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        load(**wanted)


def test_a_load_log_alone_decides_nothing_and_the_error_says_so(load: Load) -> None:
    report = load(concurrency=(1,), duration_s=0.2)
    with pytest.raises(UsageError, match="No log has an answer") as refused:
        decide_logs(DecideOptions(report.path))
    assert "milo-bench run" in refused.value.hint


def test_a_log_is_never_overwritten(load: Load) -> None:
    load(concurrency=(1,), duration_s=0.2)
    with pytest.raises(DataError, match="already exists") as refused:
        load(concurrency=(1,))
    assert refused.value.hint == "choose another --out.", "load has no --resume"


@pytest.mark.parametrize(
    ("share", "requests", "bound", "outcome"),
    [
        (0.99, 200, False, "met"),
        (1.0, 3, False, "met"),
        (0.96, 15, False, "undecided"),
        (0.5, 200, False, "missed"),
        (0.5, 200, True, "client_bound"),
        (1.0, 200, True, "client_bound"),
        (None, 0, False, "undecided"),
    ],
)
def test_a_level_is_judged_by_the_share_that_kept_all_limits(
    share: float | None, requests: int, bound: bool, outcome: str
) -> None:
    met = 0 if share is None else min(int(share * requests), requests)
    figures = LoadFigures(met_share=share, service_level_share=0.95, requests=requests, met=met)
    assert judge_level(LoadWindow("t", "closed", 1, 0, 1, figures, client_bound=bound)) == outcome


def test_the_command_prints_one_json_document_through_an_unbuffered_pipe(
    tmp_path: Path, config: Callable[[dict[str, object]], Path]
) -> None:
    words = ["load", "--suite", "case_ops_v1", "--model", "scripted", "--config", str(config(SCRIPT)), "--json"]
    words += ["--concurrency", "1,2", "--duration", "400ms", "--slo-ttft", "1s", "--out", str(tmp_path / "c.jsonl")]
    done = subprocess.run(
        [sys.executable, "-u", "-m", "milo_bench.cli.main", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [window["level"] for window in report["windows"]] == [1, 2]
    assert report["windows"][0]["figures"]["met_share"] == 1.0
    assert "next: milo-bench run" in done.stderr


def test_durations_and_lists_that_are_none_are_refused_in_words(tmp_path: Path) -> None:
    for words, said in (
        (["--duration", "soon"], "is not a duration"),
        (["--concurrency", "1,x"], "not a list of whole numbers above 0"),
        (["--rate", "-1"], "above 0"),
    ):
        command = [
            sys.executable,
            "-m",
            "milo_bench.cli.main",
            "load",
            "--suite",
            "case_ops_v1",
            "--model",
            "m",
            *words,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr

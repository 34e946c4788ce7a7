"""The demo's pace, its target, what it takes into the time, and the page that grows beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from milo_bench.api.demo.flow import SUITE, DemoOptions, _Demo, _Judging, demo_target
from milo_bench.api.demo.pace import Pace, pace_of
from milo_bench.api.demo.page import INDEX, GrowingPage
from milo_bench.core.records import Attempt, AttemptKey, Timings
from milo_bench.report.terminal.demo import DemoAnswer
from milo_bench.run.events import RunEvent
from milo_bench.suites.load import load_suite

KEPT = Path(__file__).parents[1] / "data" / "logs-0.1.0"
SUITE_SIZES = {"orders": 40, "topics": 16, "tracking": 60, "languages": 28}


class Silent:
    """Keeps what the demo says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def judged(self, answer: DemoAnswer) -> None: ...

    def ran(self, event: RunEvent) -> None: ...


def took(*durations_s: float) -> list[Attempt]:
    return [
        Attempt(AttemptKey(f"f{n}", "t"), "", Timings(0.0, 0.0, took_s), "x") for n, took_s in enumerate(durations_s)
    ]


def test_the_pace_leaves_out_the_first_answer_of_each_server() -> None:
    pace = pace_of(took(3.0, 4.0, 0.5, 0.5, 0.5), servers=2)
    assert (pace.warm_s, pace.cold_s, pace.per_s) == (0.5, 4.0, 4.0)
    assert pace.time_s(40) == pytest.approx(10 + 3.5)


def test_as_many_answers_as_servers_stand_for_all_and_none_are_refused() -> None:
    assert pace_of(took(2.0, 2.0), servers=2) == Pace(2, 2.0, 2.0)
    with pytest.raises(ValueError, match="no attempt"):
        pace_of([], servers=2)


@pytest.mark.parametrize(
    ("cores", "servers", "threads"), [(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 4, 1), (8, 4, 2), (16, 4, 4)]
)
def test_the_servers_share_all_cores_and_no_more(cores: int, servers: int, threads: int) -> None:
    target = demo_target(cores)
    assert (target.settings["servers"], target.threads) == (servers, threads)


@pytest.mark.parametrize(
    ("left_s", "taken"),
    [
        (1000.0, ("topics", "tracking", "languages")),
        (100.0, ("topics", "tracking")),
        (80.0, ("topics", "languages")),
        (50.0, ("topics",)),
        (15.0, ()),
    ],
)
def test_workloads_are_taken_whole_while_they_fit_the_most_telling_first(
    left_s: float, taken: tuple[str, ...], tmp_path: Path
) -> None:
    suite, view = load_suite(SUITE), Silent()
    assert {name: sum(one.workload == name for one in suite.fixtures) for name in suite.workloads} == SUITE_SIZES
    demo = _Demo(DemoOptions(tmp_path), {}, view, suite, demo_target(2))
    judging = _Judging(suite, view, GrowingPage(tmp_path), tmp_path / "log.jsonl")
    judging.attempts = took(2.0, 2.0, *[2.0] * 8)  # one answer per second of two servers
    judging.start_s = 1.0
    assert demo.fitting(judging, left_s) == taken
    (said,) = view.said
    assert "about 1 answers per second" in said
    assert ("would not fit" in said) == (len(taken) < 3)


def test_a_demo_taken_up_after_its_first_workload_runs_the_rest_whatever_the_time(tmp_path: Path) -> None:
    suite, view = load_suite(SUITE), Silent()
    demo = _Demo(DemoOptions(tmp_path, resume=True), {}, view, suite, demo_target(2))
    judging = _Judging(suite, view, GrowingPage(tmp_path), tmp_path / "log.jsonl")
    assert demo.fitting(judging, -100.0) == ("topics", "tracking", "languages")
    assert demo.planned(tmp_path / "rest.jsonl") is None


def test_the_page_shows_a_log_that_has_no_end_and_loads_itself_again(tmp_path: Path) -> None:
    page = GrowingPage(tmp_path / "package")
    page.add(KEPT / "run-cut.jsonl")
    page.update()
    page.close()
    assert page.failure is None
    text = (tmp_path / "package" / INDEX).read_text(encoding="utf-8")
    assert '<meta http-equiv="refresh" content="5">' in text
    assert "Demo in progress, as of" in text
    assert "is incomplete: " in text


def test_a_page_that_cannot_be_written_stops_nothing_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("{}\n", encoding="utf-8")
    page = GrowingPage(tmp_path / "package")
    page.add(tmp_path / "log.jsonl")
    page.update()
    page.update()  # at once again: nothing is queued
    page.close()
    assert page.failure is not None
    assert not (tmp_path / "package").exists()

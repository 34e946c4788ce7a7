"""What is safe to move follows from stated volumes and what ships; what a host takes, from its own load run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from milo_bench.config.economics.file import example_path, load_economics, read_economics
from milo_bench.core.errors import ConfigError
from milo_bench.core.load_records import LoadFigures
from milo_bench.core.records import LoadWindow
from milo_bench.decide.figures import Figures
from milo_bench.decide.money.volume import SAFE_SHARE, add_capacity, add_volume, stated_volumes
from milo_bench.decide.records import Choice, Figure, LoadEvidence, Replay, Source
from milo_bench.economics import make_case


def replay(workload: str, share: str) -> Replay:
    return Replay(f"r/{workload}", workload, "local", "as it is", (), (), {"automated_share": share}, "", "")


def figure(id: str, value: float, unit: str = "share", **more: Any) -> Figure:
    return Figure(id, id, value, unit, Source("replay", id), **more)


@pytest.fixture
def figures() -> Figures:
    made = Figures()
    made.add(figure("share/escalation", 0.6, low=0.5, high=0.7))
    return made


def test_the_safe_share_weighs_what_ships_by_its_volume(figures: Figures) -> None:
    economics = load_economics(example_path("claims"))
    case = make_case(economics, ())
    choices = [Choice(name, "local", "F1", "", ()) for name in ("packet_summary", "escalation")]
    add_volume(economics, case, choices, [replay("escalation", "share/escalation")], {"escalation"}, figures)
    found = figures[SAFE_SHARE]
    packets, notes = (stated_volumes(economics, case)[name] for name in ("packet_summary", "escalation"))
    assert found.value == pytest.approx(0.6 * notes / (packets + notes))
    assert (found.low, found.high) == pytest.approx((0.5 * notes / (packets + notes), 0.7 * notes / (packets + notes)))


def window(level: float, rate: float, figures: Figures, log: str = "load.jsonl") -> LoadEvidence:
    id = figures.add(figure(f"rate/{log}/{level:g}", rate, "/s"))
    said = LoadWindow("local", "closed", level, 0.0, 60.0, LoadFigures(measured_s=60.0))
    return LoadEvidence(log, said, {"requests_per_s": id})


def test_cases_an_hour_are_those_within_the_cap_of_a_run_with_the_same_work(figures: Figures) -> None:
    figures.add(figure("load/local/knee", 3.4, "streams", low=3.1, high=3.9))
    load = [window(level, level / 2, figures) for level in (1.0, 2.0, 4.0)]
    load.append(window(3.0, 99.0, figures, "other.jsonl"))
    choices = [Choice("escalation", "local", "F1", "", ())]
    loaded = {"load.jsonl": {"escalation"}, "other.jsonl": {"handoff"}}
    add_capacity(load, loaded, choices, {"escalation"}, figures, {"escalation": 40_000.0})
    assert figures["capacity/local/per_hour"].value == pytest.approx(3600.0)  # two streams, one a second
    assert figures["capacity/local/needed"].value == pytest.approx(250.0)


def test_without_a_run_of_that_work_there_is_no_capacity(figures: Figures) -> None:
    load = [window(1.0, 2.0, figures)]
    add_capacity(load, {"load.jsonl": {"handoff"}}, [Choice("escalation", "local", "F1", "", ())], {"escalation"},
                 figures, {})  # fmt: skip
    assert "capacity/local/per_hour" not in figures


@pytest.mark.parametrize(("named", "said"), [("packts", "not an assumption"), ("wage", "cases per month")])
def test_a_volume_that_is_none_is_refused(named: str, said: str) -> None:
    text = (
        Path(example_path("claims")).read_text(encoding="utf-8").replace("escalation: notes}", f"escalation: {named}}}")
    )
    text = text.replace("assumptions:\n", "assumptions:\n  wage: {unit: USD/hour, exact: 3, source: x}\n", 1)
    with pytest.raises(ConfigError) as raised:
        read_economics(text)
    assert said in f"{raised.value.message} {raised.value.hint}"

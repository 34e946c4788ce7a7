"""Charts of a decision: what they draw, that they are the same every time, that they fetch nothing."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from milo_bench.decide.records import ConfusionTable, Decision, Figure, Source
from milo_bench.report.charts.counts import confusion_chart, error_chart, tornado_chart
from milo_bench.report.charts.decision import chart_list, charts
from milo_bench.report.charts.lanes import Lane, lanes_svg
from milo_bench.report.charts.load import latency_chart, throughput_chart
from milo_bench.report.charts.style import Chart, converted
from milo_bench.report.charts.trade import frontier_chart, trade_chart
from milo_bench.report.figures import part_text
from tests.report.sample_decision import sample_decision


@pytest.fixture(scope="module")
def decision() -> Decision:
    return with_distributions(sample_decision())


@pytest.fixture(scope="module")
def drawn(decision: Decision) -> tuple[Chart, ...]:
    return chart_list(decision)


@pytest.fixture(scope="module")
def svgs(drawn: tuple[Chart, ...]) -> dict[str, str]:
    return {chart.name: chart.svg() for chart in drawn}


def with_distributions(decision: Decision) -> Decision:
    """The sample with more quantiles; at its highest level one request in twenty is never answered."""
    figures, load = dict(decision.figures), []
    for one in decision.load:
        ids = dict(one.figures)
        p95 = figures[ids["latency_p95_s"]].value
        assert p95 is not None
        place = f"load/{one.window.target}/closed-{one.window.level:g}"
        lost = 0.05 if one.window.level == 8 else 0.0
        values = {"latency_p50_s": p95 / 2, "latency_p99_s": None if lost else p95 * 1.5}
        for name, value in values.items():
            ids[name] = f"{place}/{name}"
            figures[ids[name]] = Figure(ids[name], name, value, "s", Source("load", name, one.window.target))
        ids["failure_share"] = f"{place}/lost"
        figures[ids["failure_share"]] = Figure(f"{place}/lost", "failures", lost, "share", Source("load", "lost", ""))
        load.append(msgspec.structs.replace(one, figures=ids))
    return msgspec.structs.replace(decision, figures=figures, load=tuple(load))


def rows_of(value: Any) -> Iterator[dict[str, Any]]:
    """Every row of data anywhere in a specification."""
    if isinstance(value, dict):
        data = value.get("data")
        if isinstance(data, dict):
            yield from data.get("values", ())
        for rows in value.get("datasets", {}).values():
            yield from rows
        for inner in value.values():
            yield from rows_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from rows_of(inner)


def test_every_number_drawn_is_a_figure_of_the_decision(decision: Decision, drawn: tuple[Chart, ...]) -> None:
    known = {
        number for one in decision.figures.values() for number in (one.value, one.low, one.high) if number is not None
    }
    # What was ever answered is drawn in place of what was lost; a window's level stands in its record.
    known |= {1.0 - decision.figures[one.figures["failure_share"]].value for one in decision.load}  # type: ignore[operator]
    places = {0.5, 0.9, 0.95, 0.99}
    looked_at = 0
    for chart in drawn:
        rows = list(rows_of(chart.spec))
        assert rows
        for row in rows:
            for name, number in row.items():
                if isinstance(number, int | float):
                    looked_at += 1
                    assert number in known or (name == "share" and number in places), (chart.name, row)
    assert looked_at > 300


def test_a_changed_figure_changes_the_drawing(decision: Decision) -> None:
    id = "measure/escalation/local_8b/recall[class=escalate]"
    changed = msgspec.structs.replace(decision.figures[id], value=0.871)
    other = msgspec.structs.replace(decision, figures={**decision.figures, id: changed})
    first, second = trade_chart(decision, "escalation"), trade_chart(other, "escalation")
    assert first is not None
    assert second is not None
    assert first.svg() != second.svg()


def test_the_same_decision_gives_the_same_bytes(svgs: dict[str, str]) -> None:
    converted.cache_clear()
    assert svgs == charts(with_distributions(sample_decision()))


def test_who_draws_a_chart_twice_in_one_process_has_it_converted_once(drawn: tuple[Chart, ...]) -> None:
    converted.cache_clear()
    first = [chart.svg() for chart in drawn]
    made = converted.cache_info().misses
    assert [chart.svg() for chart in drawn] == first
    assert converted.cache_info().misses == made <= len(drawn)
    narrower = dataclasses.replace(drawn[0], spec={**drawn[0].spec, "padding": 9})
    assert narrower.svg() != first[0], "another specification is another drawing"


def test_all_kinds_of_charts_are_drawn_under_names_of_their_own(drawn: tuple[Chart, ...]) -> None:
    names = [chart.name for chart in drawn]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)
    kinds = {"trade", "errors", "frontier", "confusion", "latency", "throughput", "tornado"}
    assert {name.partition("-")[0] for name in names} == kinds


def test_drawings_are_named_and_described_and_hold_their_words_as_text(svgs: dict[str, str]) -> None:
    for svg in svgs.values():
        root = ET.fromstring(svg)
        space = "{http://www.w3.org/2000/svg}"
        title, about = root.find(f"{space}title"), root.find(f"{space}desc")
        assert title is not None
        assert about is not None
        assert root.get("aria-labelledby") == f"{title.get('id')} {about.get('id')}"
        assert root.get("role") == "img"
        assert root.findall(f".//{space}text")


def test_drawings_in_one_page_share_no_id(svgs: dict[str, str]) -> None:
    ids = [id for svg in svgs.values() for id in re.findall(r'\bid="([^"]+)"', svg)]
    assert len(set(ids)) == len(ids)


def test_drawings_fetch_nothing_and_fix_no_ink(svgs: dict[str, str]) -> None:
    for name, svg in svgs.items():
        assert not re.search(r"(?:href|src)=|url\((?!#)|<script|<style|@import|<image", svg)
        assert not re.search(r'(?:fill|stroke)="(?:#0|#000|#fff|white|black)', svg), name
        assert "currentColor" in svg


def test_requests_that_were_never_answered_keep_the_curve_below_one(decision: Decision) -> None:
    chart = latency_chart(decision, "local_8b")
    assert chart is not None
    shares = [row["share"] for row in rows_of(chart.spec) if row["level"] == "closed 8"]
    assert max(shares) < 0.96
    assert any("lost" in row for row in rows_of(chart.spec))


def test_charts_without_data_are_left_out(decision: Decision) -> None:
    bare = msgspec.structs.replace(
        decision, findings=(), replays=(), measures={}, errors=(), confusions=(), load=(), business=None
    )
    assert chart_list(bare) == ()
    for make in (trade_chart, error_chart, frontier_chart):
        assert make(bare, "escalation") is None
    assert latency_chart(bare, "local_8b") is None
    assert throughput_chart(bare, "local_8b") is None
    assert tornado_chart(bare) is None
    candidate = decision.findings[0].candidate
    assert confusion_chart(bare, ConfusionTable(candidate, ("a",), (("nothing",),))) is None


def test_names_from_files_are_text_in_a_drawing(decision: Decision) -> None:
    titles = {"escalation": "</title><script>alert(1)</script>\u202e", "handoff": "x" * 5_000}
    hostile = msgspec.structs.replace(decision, workload_titles=titles)
    for chart in chart_list(hostile):
        svg = chart.svg()
        ET.fromstring(svg)
        assert "<script" not in svg
        assert "\u202e" not in svg
        assert len(svg) < 60_000


def test_labels_that_look_alike_keep_their_own_rows(decision: Decision) -> None:
    first = decision.confusions[0]
    labels = ("a very long label that is cut here", "a very long label that is cut there", "")
    chart = confusion_chart(decision, ConfusionTable(first.candidate, labels, first.counts))
    assert chart is not None
    assert len({row["want"] for row in rows_of(chart.spec) if "want" in row}) == 3


def test_the_title_of_a_narrow_confusion_matrix_is_not_cut_off(decision: Decision) -> None:
    first = decision.confusions[0]
    few = ConfusionTable(first.candidate, ("a", "b"), tuple(row[:2] for row in first.counts[:2]))
    narrow, wide = confusion_chart(decision, few), confusion_chart(decision, first)
    assert narrow is not None and wide is not None
    assert narrow.spec["title"]["text"] == ["rows: expected,", "columns: answered"]
    assert wide.spec["title"]["text"] == "rows: expected, columns: answered"


def test_cells_of_a_confusion_say_the_figures(decision: Decision) -> None:
    table = decision.confusions[0]
    chart = confusion_chart(decision, table)
    assert chart is not None
    svg = chart.svg()
    for ids in table.counts:
        for id in ids:
            assert f">{part_text(decision.figures[id])}<" in svg


def test_the_same_level_in_another_log_is_a_curve_of_its_own(decision: Decision) -> None:
    again = tuple(msgspec.structs.replace(one, log="runs/later.jsonl") for one in decision.load)
    chart = latency_chart(msgspec.structs.replace(decision, load=(*decision.load, *again)), "local_8b")
    assert chart is not None
    assert {"closed 4", "closed 4, again"} <= {row.get("level") for row in rows_of(chart.spec)}


def test_of_policies_in_the_same_place_one_is_drawn_and_of_many_at_most_six(decision: Decision) -> None:
    first, second = decision.replays
    twins = tuple(msgspec.structs.replace(second, id=f"twin{n}", figures=first.figures) for n in range(3))
    chart = frontier_chart(msgspec.structs.replace(decision, replays=(first, *twins)), "escalation")
    assert chart is not None
    assert {row["letter"] for row in rows_of(chart.spec) if "letter" in row} == {"A"}
    figures = dict(decision.figures)
    many = []
    for n in range(12):
        ids = {name: f"{id}/{n}" for name, id in first.figures.items()}
        for name, id in first.figures.items():
            figure = decision.figures[id]
            figures[ids[name]] = msgspec.structs.replace(
                figure, id=ids[name], value=(figure.value or 0) * (1 - n / 100)
            )
        many.append(msgspec.structs.replace(first, id=f"m{n}", chosen=False, figures=ids))
    chart = frontier_chart(msgspec.structs.replace(decision, figures=figures, replays=tuple(many)), "escalation")
    assert chart is not None
    assert len({row["letter"] for row in rows_of(chart.spec) if "letter" in row}) == 6


def test_one_category_of_several_checks_names_the_check(decision: Decision) -> None:
    shares = tuple(msgspec.structs.replace(one, category="missed_escalation") for one in decision.errors[:1])
    other = tuple(msgspec.structs.replace(one, check="schema") for one in shares)
    chart = error_chart(msgspec.structs.replace(decision, errors=(*shares, *other)), "escalation")
    assert chart is not None
    assert {"missed escalation (label)", "missed escalation (schema)"} == {
        row["label"] for row in rows_of(chart.spec) if "label" in row
    }


def test_a_lanes_long_name_is_set_narrower_so_that_it_ends_before_the_outcome() -> None:
    lane = Lane("Failed: short, with the fix", 0.0, 0.0, 0.1, 0.2, 0, 10, "pass")
    assert "textLength" not in lanes_svg([lane], 0.5)
    long = dataclasses.replace(lane, label="Failed: a check with quite a long name, with the fix")
    assert 'textLength="246"' in lanes_svg([long], 0.5)

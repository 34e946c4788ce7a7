"""backlog.csv and roi.json: readable by programs, safe in a spreadsheet, every formula workable by hand."""

from __future__ import annotations

import ast
import csv
import io
import operator
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from milo_bench.decide.records import Decision
from milo_bench.economics.units import parse_unit
from milo_bench.report.files.csv_cells import cell_text, csv_text
from milo_bench.report.pages.backlog import HEAD, backlog_csv
from milo_bench.report.pages.roi import roi
from tests.report.sample_decision import sample_decision


@pytest.fixture(scope="module")
def decision() -> Decision:
    return sample_decision()


def test_a_backlog_is_ranked_and_its_hours_are_the_stated_figures(decision: Decision) -> None:
    rows = list(csv.DictReader(io.StringIO(backlog_csv(decision))))
    assert tuple(rows[0]) == HEAD
    assert [row["rank"] for row in rows] == ["1", "2"]
    for row, item in zip(rows, decision.backlog, strict=True):
        hours = [float(row[name]) for name in ("hours_low", "hours_base", "hours_high")]
        assert hours == [decision.figures[id].value for id in item.hours]
        assert row["findings"].split() == list(item.findings)
        assert row["done_when"]
    assert "88%" in rows[0]["reason"]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "|calc",
        "%1",
        "＝1",
        '=HYPERLINK("x")',
        "\u202e=1",
    ],
)
def test_no_text_can_start_a_formula(decision: Decision, text: str) -> None:
    items = tuple(msgspec.structs.replace(one, title=text, done_when=text, reason=(text,)) for one in decision.backlog)
    rows = list(csv.reader(io.StringIO(backlog_csv(msgspec.structs.replace(decision, backlog=items)))))
    assert len(rows) == 3
    for row in rows:
        assert len(row) == len(HEAD)
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝"))


def test_numbers_stay_numbers_and_an_ordinary_text_is_left_alone() -> None:
    assert csv_text(("a", "b"), [(-1.5, "plain, text")]) == 'a,b\n-1.5,"plain, text"\n'
    assert cell_text("1 - 2") == "1 - 2"


def test_an_empty_backlog_is_a_file_with_a_head(decision: Decision) -> None:
    assert backlog_csv(msgspec.structs.replace(decision, backlog=())) == ",".join(HEAD) + "\n"


OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def worked_out(tree: ast.expr, values: dict[str, float]) -> float:
    match tree:
        case ast.BinOp(left, op, right):
            return OPERATORS[type(op)](worked_out(left, values), worked_out(right, values))
        case ast.Constant(value):
            return float(value)  # type: ignore[arg-type]
        case ast.Call(_, [left, right]):  # over(a, b): a / b, endless where b is not above zero
            return worked_out(left, values) / worked_out(right, values)
        case _:
            return values[ast.unparse(tree)]


def test_each_formula_of_roi_json_gives_its_value_from_the_inputs_beside_it(decision: Decision) -> None:
    data = roi(decision)
    things = ("packet", "note", "bench", "build")
    checked = 0
    for one in data["figures"]:
        if one["value"] is None:
            continue
        factors = {name["name"]: parse_unit(name["unit"], things).factor for name in one["inputs"]}
        values = {
            name["name"]: name["value"] * factors[name["name"]] for name in one["inputs"] if name["value"] is not None
        }
        if len(values) < len(one["inputs"]):
            continue
        found = worked_out(ast.parse(one["formula"], mode="eval").body, values)
        assert found / parse_unit(one["unit"], things).factor == pytest.approx(one["value"]), one["name"]
        checked += 1
    assert checked >= 10


def test_roi_json_names_sources_ranges_and_the_ids_of_its_figures(decision: Decision) -> None:
    data = roi(decision)
    assert data["headline"] in {one["name"] for one in data["figures"]}
    for one in data["figures"]:
        assert decision.figures[one["figure"]].value == one["value"]
        assert one["low"] is None or one["value"] is None or one["low"] <= one["value"] <= one["high"]
        assert all(assumption["source"] for assumption in one["rests_on"])
    for one in data["assumptions"]:
        assert one["source"]
        assert decision.figures[one["figure"]].value == one["base"]
    json_again: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(data))
    assert json_again["schema"] == "milo-bench.roi/1"


def test_without_an_economics_file_roi_json_says_so(decision: Decision) -> None:
    assert "no economics.yaml" in roi(msgspec.structs.replace(decision, business=None))["note"]

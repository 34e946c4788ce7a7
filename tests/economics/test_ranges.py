"""A range contains its base and everything in between; what rises with an input keeps rising with it."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.config.economics.file import example_path, load_economics, read_economics
from milo_bench.economics import Definition, Sheet, make_case, simulate, tornado
from milo_bench.economics.assumptions import Assumption
from milo_bench.economics.units import parse_unit

COUNT = parse_unit("count")
NAMES = ("a", "b", "c", "d")


def assumption(name: str, ends: list[float]) -> Assumption:
    low, base, high = sorted(ends)
    return Assumption(name, COUNT, low, base, high, "drawn", "stated")


amounts = st.floats(0.001, 1e6)
boxes = st.fixed_dictionaries({name: st.lists(amounts, min_size=3, max_size=3) for name in NAMES})
formulas = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: (
        st.builds(lambda x, sign, y: f"({x} {sign} {y})", inner, st.sampled_from("+-*"), inner)
        | st.builds(lambda x, y: f"over({x}, {y})", inner, inner)
        | st.builds(lambda x, y: f"({x} / {y})", inner, st.sampled_from(NAMES))
    ),
    max_leaves=7,
)


def sheet_of(formula: str, box: dict[str, list[float]]) -> Sheet:
    definition = Definition("result", "", formula, COUNT)
    return Sheet([definition], {name: assumption(name, ends) for name, ends in box.items()})


@settings(max_examples=300, deadline=None)
@given(formula=formulas, box=boxes, at=st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_a_range_contains_its_base_and_every_point_between_the_ends(
    formula: str, box: dict[str, list[float]], at: list[float]
) -> None:
    sheet = sheet_of(formula, box)
    figure = sheet.figure("result")
    low, high = (-math.inf if figure.low is None else figure.low), (math.inf if figure.high is None else figure.high)
    if figure.value is not None:
        assert low <= figure.value <= high
    inside = {}
    for name, share in zip(NAMES, at, strict=True):
        ends = sheet.assumptions[name]
        inside[name] = min(max(ends.low + share * (ends.high - ends.low), ends.low), ends.high)
    value = sheet.value_at("result", inside)
    if math.isfinite(value):
        sizes = [value, low, high, *(ends.high for ends in sheet.assumptions.values())]
        slack = 1e-9 * max(abs(size) for size in sizes if math.isfinite(size))
        assert low - slack <= value <= high + slack


@settings(max_examples=150, deadline=None)
@given(box=boxes, more=st.floats(1.0, 10.0))
def test_what_rises_with_an_input_has_ends_that_rise_with_it(box: dict[str, list[float]], more: float) -> None:
    formula = "a * b + over(c, d)"
    before = sheet_of(formula, box).figure("result")
    after = sheet_of(formula, box | {"a": [end * more for end in box["a"]]}).figure("result")
    for one, other in ((before.low, after.low), (before.value, after.value), (before.high, after.high)):
        assert one is not None and other is not None and other >= one
    dearer = sheet_of(formula, box | {"d": [end * more for end in box["d"]]}).figure("result")
    for one, other in ((before.low, dearer.low), (before.value, dearer.value), (before.high, dearer.high)):
        assert one is not None and other is not None and other <= one


def test_a_name_that_stands_twice_does_not_widen_the_range() -> None:
    sheet = sheet_of("a - a * b", {"a": [10, 11, 12], "b": [0.1, 0.2, 0.5], "c": [1] * 3, "d": [1] * 3})
    figure = sheet.figure("result")
    assert (figure.low, figure.high) == (pytest.approx(5.0), pytest.approx(10.8))


def test_payback_has_no_end_where_the_worst_case_gains_nothing() -> None:
    text = """\
assumptions:
  hours: {unit: hour, low: 1, base: 10, high: 20, source: x}
  upkeep: {unit: hour/month, low: 5, base: 10, high: 100, source: x}
  items: {unit: item/month, exact: 100, source: x}
  each: {unit: min/item, low: 5, base: 30, high: 40, source: x}
  wage: {unit: USD/hour, exact: 50, source: x}
  fee: {unit: USD, exact: 1000, source: x}
lines:
  work: {kind: capacity_returned, volume: items, time: each, wage: wage}
  care: {kind: maintenance, hours: upkeep, wage: wage}
  fee: {kind: one_off_cost, amount: fee}
"""
    case = make_case(read_economics(text))
    payback = case.figure("payback")
    assert payback.value == pytest.approx(1000 / 2000 * 52 / 12)
    assert payback.low is not None and payback.high is None
    upkeep = next(bar for bar in tornado(case.sheet(), "payback") if bar.assumption == "upkeep")
    assert upkeep.at_high is None and upkeep.swing is None
    likely = next(one for one in case.likely if one.figure == "payback")
    assert likely.p95 is None and likely.p05 is not None
    assert case.unused == ("hours",)


def test_a_tornado_is_sorted_and_each_bar_is_the_figure_with_one_input_moved() -> None:
    case = make_case(load_economics(example_path("case_ops")))
    bars = case.tornado
    swings = [bar.swing for bar in bars if bar.swing is not None]
    assert swings == sorted(swings, reverse=True) and len(swings) == len(bars) > 5
    assert bars[0].assumption == "capture_time"
    assert bars[0].at_low == pytest.approx(case.figure("quarter_net").value - 3 * 18_000 * 0.7 * 15 / 3600 * 42)
    assert not {"staff_cost", "one_quarter"} & {bar.assumption for bar in bars}  # exact: nothing to move


@pytest.mark.parametrize("name", ["case_ops", "claims"])
def test_what_is_likely_lies_within_what_is_possible_and_repeats_with_its_seed(name: str) -> None:
    file = load_economics(example_path(name))
    case, again, other = make_case(file, seed=3), make_case(file, seed=3), make_case(file, seed=4)
    assert case == again
    assert case.likely != other.likely
    for figure, likely in zip(case.figures, case.likely, strict=True):
        assert figure.name == likely.figure
        assert figure.low <= likely.p05 + 1e-6 and likely.p95 <= figure.high + 1e-6
        assert likely.p05 <= likely.p50 <= likely.p95


def test_an_assumption_more_leaves_the_draws_of_the_others_as_they_were() -> None:
    few = sheet_of("a", {name: [1, 2, 4] for name in NAMES})
    extra = {**few.assumptions, "z": assumption("z", [1, 2, 3])}
    more = Sheet([Definition("other", "", "z * b", COUNT), *few.definitions.values()], extra)
    assert simulate(few, ("result",), seed=1) == simulate(more, ("result",), seed=1)


def test_a_triangular_draw_has_the_quantiles_of_the_triangular_distribution() -> None:
    stats = pytest.importorskip("scipy.stats")
    sheet = sheet_of("a", {"a": [2.0, 3.0, 7.0], "b": [1] * 3, "c": [1] * 3, "d": [1] * 3})
    likely = simulate(sheet, ("result",), seed=11, draws=200_000)[0]
    truth = stats.triang(c=0.2, loc=2, scale=5)
    found = (likely.p05, likely.p50, likely.p95)
    assert found == pytest.approx([truth.ppf(q) for q in (0.05, 0.5, 0.95)], abs=0.03)


def test_units_turn_into_each_other_without_a_factor_in_the_formula() -> None:
    hours = parse_unit("hour").factor
    assert (parse_unit("min").factor * 60, parse_unit("s").factor * 3600) == (hours, hours)
    assert parse_unit("USD/quarter").factor == pytest.approx(1 / 3)
    assert parse_unit("W").factor * hours == pytest.approx(0.001)  # a watt for an hour, in kWh
    assert parse_unit("USD/Mtoken").factor == pytest.approx(1e-6)

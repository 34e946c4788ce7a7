"""The arithmetic of both samples, figure by figure, from the inputs that they state.

Where a sample rounds before it goes on, or prints a figure that its own inputs do not give, the
test says so and holds both: what the inputs give, and how the printed figure comes about.
"""

import pytest

from milo_bench.config.economics.file import example_path, load_economics
from milo_bench.economics import BusinessCase, make_case


@pytest.fixture(scope="module")
def case_ops() -> BusinessCase:
    return make_case(load_economics(example_path("case_ops")))


@pytest.fixture(scope="module")
def claims() -> BusinessCase:
    return make_case(load_economics(example_path("claims")))


def base(case: BusinessCase, figure: str) -> float:
    value = case.figure(figure).value
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("figure", "exact", "printed", "digits"),
    [
        ("extraction.hours", 262.5, 262, 0.5),  # printed without its half hour
        ("extraction.usd", 11_025, 11_000, 100),
        ("hosted_extraction.usd", 324, 324, 0),
        ("drafting_blocked.incidents", 50, 50, 0),
        ("drafting_blocked.hours", 37.5, 37.5, 0),
        ("engineering.hours", 60, 60, 0),
        ("engineering.usd", 10_000, 10_000, 0),
    ],
)
def test_the_case_management_sample_follows_from_its_inputs(
    case_ops: BusinessCase, figure: str, exact: float, printed: float, digits: float
) -> None:
    assert base(case_ops, figure) == pytest.approx(exact)
    assert base(case_ops, figure) == pytest.approx(printed, abs=digits + 1e-9)


def test_engineering_of_60_hours_is_worth_9000_to_12000_dollars(case_ops: BusinessCase) -> None:
    figure = case_ops.figure("engineering.usd")
    assert (figure.low, figure.high) == (pytest.approx(9_000), pytest.approx(12_000))


def test_the_timeline_formula_of_the_sample_gives_84_hours_and_not_the_420_it_prints(case_ops: BusinessCase) -> None:
    by_hand = 3200 * 0.75 * 6 * 0.35 / 60
    assert by_hand == pytest.approx(84)
    assert base(case_ops, "timeline.hours") == pytest.approx(84)
    assert base(case_ops, "timeline.usd") == pytest.approx(3_528)
    # 420 is five times as much: what a scan of 30 minutes would give, not one of 6.
    half_an_hour = {"scan_time": 30.0}
    assert case_ops.sheet().value_at("timeline.hours", half_an_hour) == pytest.approx(420)
    assert case_ops.sheet().value_at("timeline.usd", half_an_hour) == pytest.approx(17_640)  # "roughly 17,600"


def test_the_quarter_of_the_sample_rests_on_its_420_hours_and_on_rounded_months(case_ops: BusinessCase) -> None:
    assert 33_000 + 52_800 + 10_000 == 95_800
    assert (3 * 11_000, 3 * 17_600) == (33_000, 52_800)  # it multiplies months that it has rounded
    with_420_hours = {"scan_time": 30.0}
    sheet = case_ops.sheet()
    assert sheet.value_at("quarter_benefits", with_420_hours) == pytest.approx(95_995)  # unrounded: 195 more
    # "near 70,000" is the upper overhead alone; the range of its own overhead is 70,800 to 80,800.
    ends = {"local_overhead": 25_000.0}, {"local_overhead": 15_000.0}
    assert [sheet.value_at("quarter_net", with_420_hours | end) for end in ends] == pytest.approx([70_995, 80_995])
    assert (95_800 - 25_000, 95_800 - 15_000) == (70_800, 80_800)


def test_the_inputs_that_the_sample_states_give_a_quarter_of_53659_dollars(case_ops: BusinessCase) -> None:
    assert base(case_ops, "quarter_benefits") == pytest.approx(33_075 + 10_584 + 10_000)
    sheet = case_ops.sheet()
    ends = {"local_overhead": 25_000.0}, {"local_overhead": 15_000.0}
    assert [sheet.value_at("quarter_net", end) for end in ends] == pytest.approx([28_659, 38_659])


def test_avoided_incidents_and_the_small_hosted_saving_are_shown_and_not_booked(case_ops: BusinessCase) -> None:
    booked = {line.name for line in case_ops.lines if line.booked}
    assert booked == {"extraction", "timeline", "engineering", "overhead"}
    assert "drafting_blocked.usd" not in case_ops.figure("monthly_benefits").inputs


@pytest.mark.parametrize(
    ("figure", "exact", "printed", "digits"),
    [
        ("spend_packets.value", 612, 612, 0),
        ("spend_notes.value", 440, 440, 0),
        ("summaries.hours", 337.5, 337, 0.5),
        ("summaries.usd", 16_200, 16_176, 24),  # the sample multiplies its rounded 337 by 48
        ("review_today.value", 388.888889, 389, 0.2),
        ("pre_filter.hours", 213.888889, 214, 0.2),
        ("pre_filter.usd", 10_266.666667, 10_272, 6),  # the sample multiplies its rounded 214 by 48
    ],
)
def test_the_insurance_sample_follows_from_its_inputs(
    claims: BusinessCase, figure: str, exact: float, printed: float, digits: float
) -> None:
    assert base(claims, figure) == pytest.approx(exact)
    assert base(claims, figure) == pytest.approx(printed, abs=digits + 1e-9)


def test_the_insurance_sample_rounds_hours_before_it_prices_them() -> None:
    assert (337 * 48, 214 * 48) == (16_176, 10_272)
    assert 16_176 + 10_272 == 26_448  # "about 26,000 before applying management discount"


def test_capacity_reclaimed_is_about_26000_dollars_a_month(claims: BusinessCase) -> None:
    reclaimed = base(claims, "summaries.usd") + base(claims, "pre_filter.usd")
    assert reclaimed == pytest.approx(26_466.67, abs=0.01)


def test_hosted_savings_lie_within_the_600_to_750_dollars_of_the_sample(claims: BusinessCase) -> None:
    sheet = claims.sheet()
    ends = []
    for kept in (0.8, 1.0):
        parts = (sheet.value_at(name, {"after_fallback": kept}) for name in ("hosted_packets.usd", "hosted_notes.usd"))
        ends.append(sum(parts))
    assert ends == pytest.approx([596.8, 746.0])


def test_the_engineering_avoided_is_15000_to_30000_dollars(claims: BusinessCase) -> None:
    figure = claims.figure("build.usd")
    assert (figure.low, figure.high) == (pytest.approx(15_000), pytest.approx(30_000))


@pytest.mark.parametrize(("price", "weeks"), [(7_500.0, 1.228), (12_000.0, 1.965)])
def test_payback_on_capacity_alone_is_a_matter_of_weeks(claims: BusinessCase, price: float, weeks: float) -> None:
    only_capacity = {"bench_price": price, "backlog": 0.0, "packet_price": 0.0, "note_price": 0.0, "upkeep": 0.0}
    no_machine = {"workstation": 0.0, "resale": 0.0, "power": 0.0}
    assert claims.sheet().value_at("payback", only_capacity | no_machine) == pytest.approx(weeks, abs=0.001)


def test_payback_stays_below_a_quarter_with_every_assumption_at_its_worst(claims: BusinessCase) -> None:
    payback = claims.figure("payback")
    assert payback.unit == "week"
    assert payback.high is not None and payback.high < 13

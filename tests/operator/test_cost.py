"""What a trusted point costs: failures, energy and clean-up included, as a range."""

from __future__ import annotations

import msgspec
import pytest

from milo_bench.config.policy.operator import default_operator_policy
from milo_bench.core.errors import DataError
from milo_bench.core.records import Price
from milo_bench.economics.assumptions import Assumption
from milo_bench.economics.units import parse_unit
from milo_bench.operator.cost import OperatorWork, operator_cost
from milo_bench.operator.permit.permits import assumptions_of, task_behaviours
from milo_bench.stats.intervals import wilson


def _work(
    passed: int, failed: int, mines: int = 0, *, price: Price | None = None, hosted: bool = False
) -> OperatorWork:
    n = passed + failed + mines
    return OperatorWork("t", hosted, price, 2_000_000, 100_000, 0, 3600.0, n, passed, failed, mines, wilson(passed, n))


def _exact(**values: float) -> dict[str, Assumption]:
    units = {"clean_up_of_a_failed_trial": "min", "clean_up_of_a_minefield": "min", "operator_pay": "USD/hour"}
    units |= {"power": "W", "electricity": "USD/kWh"}
    return {
        name: Assumption(name, parse_unit(unit), values[name], values[name], values[name], "test", "exact")
        for name, unit in units.items()
    }


FIGURES = {
    "clean_up_of_a_failed_trial": 30.0,
    "clean_up_of_a_minefield": 120.0,
    "operator_pay": 60.0,
    "power": 500.0,
    "electricity": 0.4,
}


def test_the_sum_is_tokens_and_energy_and_a_persons_time_worked_out_by_hand() -> None:
    cost = operator_cost(_work(6, 3, 1, price=Price(1.0, 10.0)), _exact(**FIGURES))
    assert cost.tokens_usd == pytest.approx(2.0 + 1.0)
    assert cost.energy_usd is not None and cost.energy_usd.base == pytest.approx(0.5 * 0.4)
    assert cost.clean_up_usd.base == pytest.approx(3 * 30.0 + 120.0)
    assert cost.total_usd is not None and cost.total_usd.base == pytest.approx(3.2 + 210.0)
    assert cost.usd_per_trusted_point is not None and cost.trusted_points == 150
    assert cost.usd_per_trusted_point.base == pytest.approx(213.2 / 150)


def test_a_cheap_model_that_fails_costs_more_a_trusted_point_than_a_dear_one_that_does_not() -> None:
    assumed = assumptions_of(default_operator_policy(task_behaviours()))
    cheap = operator_cost(_work(3, 15, 6), assumed).usd_per_trusted_point
    dear = operator_cost(_work(23, 1, price=Price(15.0, 75.0), hosted=True), assumed).usd_per_trusted_point
    assert cheap is not None and dear is not None and cheap.base is not None and dear.base is not None
    assert cheap.base > 10 * dear.base


def test_the_range_holds_the_base_and_has_no_upper_end_where_nothing_passed() -> None:
    assumed = assumptions_of(default_operator_policy(task_behaviours()))
    some = operator_cost(_work(5, 4), assumed).usd_per_trusted_point
    assert some is not None and some.low is not None and some.base is not None and some.high is not None
    assert some.low < some.base < some.high
    none = operator_cost(_work(0, 9), assumed)
    assert none.usd_per_trusted_point is not None
    assert none.usd_per_trusted_point.base is None and none.usd_per_trusted_point.high is None
    assert none.trusted_points_per_usd is not None and none.trusted_points_per_usd.base == 0.0
    assert none.total_usd is not None and none.total_usd.base > 0  # failed work is still paid for


def test_a_hosted_target_without_a_price_has_no_cost_rather_than_a_cheap_one() -> None:
    cost = operator_cost(_work(9, 0, hosted=True), _exact(**FIGURES))
    assert cost.total_usd is None and cost.usd_per_trusted_point is None
    assert any("price" in note for note in cost.notes)


def test_answers_without_token_counts_are_named() -> None:
    work = msgspec.structs.replace(_work(9, 0, price=Price(1, 1)), uncounted_turns=4)
    assert any("lower limit" in note for note in operator_cost(work, _exact(**FIGURES)).notes)


def test_an_assumption_of_another_unit_is_refused() -> None:
    wrong = _exact(**FIGURES)
    wrong["power"] = wrong["electricity"]
    with pytest.raises(DataError, match="power"):
        operator_cost(_work(1, 1), wrong)

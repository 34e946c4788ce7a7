"""Money follows the decision: what ships is counted, what does not is forgone."""

from __future__ import annotations

import pytest

from milo_bench.config.economics.file import example_path, load_economics
from milo_bench.economics import make_case


@pytest.mark.parametrize("example", ["claims", "case_ops"])
def test_with_nothing_shipped_no_benefit_of_a_workload_is_counted(example: str) -> None:
    file = load_economics(example_path(example))
    every, none = make_case(file, draws=100), make_case(file, ships=(), draws=100)
    names = {figure.name for figure in none.figures}
    assert not any(name.startswith("worth.") for name in names)
    assert none.figure("forgone_monthly").value == every.figure("monthly_benefits").value


def test_what_is_shipped_is_worth_its_own_lines() -> None:
    file = load_economics(example_path("claims"))
    case = make_case(file, ships={"escalation"}, draws=100)
    every = make_case(file, draws=100)
    assert case.figure("worth.escalation").value == every.figure("worth.escalation").value
    assert case.figure("forgone.packet_summary").value == every.figure("worth.packet_summary").value
    total = case.figure("monthly_benefits").value
    assert total == pytest.approx(case.figure("worth.escalation").value)

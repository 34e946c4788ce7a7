"""Lines in, the formulas of the totals out: a month, the first quarter, net, payback."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from milo_bench.economics.assumptions import Assumption
from milo_bench.economics.figures import Definition
from milo_bench.economics.line_formulas import HOURS_A_MONTH, USD, USD_A_MONTH, CountsAs, LineFigures
from milo_bench.economics.units import parse_unit

ONE_QUARTER = Assumption(
    "one_quarter", parse_unit("quarter"), 1.0, 1.0, 1.0, "a definition: a quarter is three months", "exact"
)


def total_formulas(lines: Sequence[LineFigures]) -> tuple[Definition, ...]:
    """The totals that the booked ``lines`` allow; a total of nothing is left out, not shown as zero.

    Hardware enters a month as depreciation. Payback is one-off costs over the monthly net; benefits
    that come once (engineering avoided) are not used to shorten it.
    """
    made: list[Definition] = []

    def total(name: str, title: str, counts_as: CountsAs) -> None:
        parts = [line.usd for line in lines if line.booked and line.counts_as == counts_as]
        if parts:
            made.append(Definition(name, title, " + ".join(parts), USD_A_MONTH if "monthly" in name else USD))

    hours = [line.hours for line in lines if line.booked and line.counts_as == "monthly_benefit" and line.hours]
    review = [line.hours for line in lines if line.booked and line.kind == "review_time"]
    if hours:
        made.append(Definition("hours_returned", "Hours returned per month", " + ".join(hours), HOURS_A_MONTH))
    if hours and review:
        formula = f"hours_returned - ({' + '.join(review)})"
        made.append(Definition("hours_net", "Hours returned per month, minus review", formula, HOURS_A_MONTH))
    made += _of_workloads(lines)
    total("monthly_benefits", "Benefits per month", "monthly_benefit")
    total("monthly_costs", "Costs per month", "monthly_cost")
    total("one_off_benefits", "One-off benefits", "one_off_benefit")
    total("one_off_costs", "One-off costs", "one_off_cost")
    have = {definition.name for definition in made}
    if "monthly_benefits" in have:
        net = "monthly_benefits" + (" - monthly_costs" if "monthly_costs" in have else "")
        made.append(Definition("monthly_net", "Net per month", net, USD_A_MONTH))
    for side in ("benefits", "costs"):
        parts = [f"monthly_{side} * one_quarter"] if f"monthly_{side}" in have else []
        parts += [f"one_off_{side}"] if f"one_off_{side}" in have else []
        if parts:
            made.append(Definition(f"quarter_{side}", f"First-quarter {side}", " + ".join(parts), USD))
            have.add(f"quarter_{side}")
    if "quarter_benefits" in have:
        net = "quarter_benefits" + (" - quarter_costs" if "quarter_costs" in have else "")
        made.append(Definition("quarter_net", "First-quarter net", net, USD))
    if {"monthly_benefits", "one_off_costs"} <= have:
        made.append(Definition("payback", "Payback", "over(one_off_costs, monthly_net)", parse_unit("week")))
    return tuple(made)


def _of_workloads(lines: Sequence[LineFigures]) -> list[Definition]:
    """What each workload is worth a month, and what is forgone because nothing of its workload ships."""
    made = []
    for workload in dict.fromkeys(line.workload for line in lines if line.workload):
        mine = [line for line in lines if line.workload == workload and line.counts_as == "monthly_benefit"]
        for kind, parts in (
            ("worth", [line.usd for line in mine if line.booked]),
            ("forgone", [line.usd for line in mine if line.forgone]),
        ):
            if parts:
                title = f"{kind.capitalize()} per month, {workload.replace('_', ' ')}"
                made.append(Definition(f"{kind}.{workload}", title, " + ".join(parts), USD_A_MONTH))
    forgone = [line.usd for line in lines if line.forgone and line.counts_as == "monthly_benefit"]
    if forgone:
        made.append(Definition("forgone_monthly", "Forgone per month", " + ".join(forgone), USD_A_MONTH))
    return made


TOTALS: Collection[str] = (
    "hours_returned",
    "hours_net",
    "forgone_monthly",
    "monthly_benefits",
    "monthly_costs",
    "one_off_benefits",
    "one_off_costs",
    "monthly_net",
    "quarter_benefits",
    "quarter_costs",
    "quarter_net",
    "payback",
)

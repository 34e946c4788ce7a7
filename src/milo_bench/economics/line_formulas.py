"""One line of economics.yaml in, the formulas of its figures out, with what they count as."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias

import msgspec

from milo_bench.config.economics import lines as kinds
from milo_bench.config.economics.lines import LineConfig
from milo_bench.core.records import Frozen
from milo_bench.economics.assumptions import Assumption
from milo_bench.economics.figures import Definition
from milo_bench.economics.units import multiply_units, parse_unit

CountsAs: TypeAlias = Literal["monthly_benefit", "monthly_cost", "one_off_benefit", "one_off_cost", "none"]

HOURS_A_MONTH = parse_unit("hour/month")
USD_A_MONTH = parse_unit("USD/month")
USD = parse_unit("USD")


class LineFigures(Frozen, frozen=True, omit_defaults=False):
    """The figures of one line. ``usd`` and ``hours`` name the one that totals count; "" where there is none.

    ``forgone``: it would be booked, but the decision ships nothing of its ``workload``.
    """

    name: str
    kind: str
    title: str
    counts_as: CountsAs
    booked: bool
    definitions: tuple[Definition, ...]
    usd: str = ""
    hours: str = ""
    note: str = ""
    workload: str = ""
    forgone: bool = False


def line_formulas(
    name: str, config: LineConfig, assumptions: Mapping[str, Assumption], things: Collection[str] = ()
) -> LineFigures:
    """The figures of the line ``name``, as ``NAME.hours``, ``NAME.usd`` and so on."""
    match config:
        case kinds.CapacityReturned():
            time = config.time or f"({config.time_before} - {config.time_after})"
            return _work(name, config, "monthly_benefit", _product(config.volume, *config.factors, time), config.wage)
        case kinds.ReviewTime():
            hours = _product(config.volume, *config.factors, config.time)
            return _work(name, config, "monthly_cost", hours, config.wage)
        case kinds.Maintenance():
            return _work(name, config, "monthly_cost", _product(config.hours, *config.factors), config.wage)
        case kinds.EngineeringAvoided():
            hours = _product(config.hours, *config.factors)
            return _work(name, config, "one_off_benefit", hours, config.wage, once=True)
        case kinds.IncidentCostAvoided():
            return _incidents(name, config)
        case kinds.HostedSpendDisplaced():
            volume = _product(config.volume, *config.factors)
            each = config.price or (
                f"({config.input_tokens} * {config.input_price} + {config.output_tokens} * {config.output_price})"
            )
            return _money(name, config, "monthly_benefit", f"{volume} * {each}")
        case kinds.Depreciation():
            price = f"({config.price} - {config.residual})" if config.residual else config.price
            return _money(name, config, "monthly_cost", f"{_product(price, *config.factors)} / {config.life}")
        case kinds.Energy():
            used = (config.power, config.hours) if config.power else (config.energy, config.volume)
            drawn = _product(*(part for part in used if part), *config.factors)
            energy = Definition(f"{name}.energy", "Electricity", drawn, parse_unit("kWh/month"))
            line = _money(name, config, "monthly_cost", f"{name}.energy * {config.price}")
            return _with(line, (energy, *line.definitions))
        case kinds.MonthlyCost():
            return _money(name, config, "monthly_cost", _product(config.amount, *config.factors))
        case kinds.OneOffCost():
            return _money(name, config, "one_off_cost", _product(config.amount, *config.factors), once=True)
        case kinds.TrustedWork():
            return _trusted(name, config, assumptions)
        case kinds.OwnFigure():
            unit = parse_unit(config.unit, things)
            own = Definition(f"{name}.value", config.title or name, config.formula, unit)
            return LineFigures(name, config.kind, config.title or name, "none", False, (own,), note=config.note)


def _with(line: LineFigures, definitions: tuple[Definition, ...]) -> LineFigures:
    return msgspec.structs.replace(line, definitions=definitions)


def _product(*parts: str) -> str:
    return " * ".join(f"({part})" if part.startswith(kinds.REST) else part for part in parts)


def _work(
    name: str, config: LineConfig, counts_as: CountsAs, hours: str, wage: str, *, once: bool = False
) -> LineFigures:
    """Hours, and what they are worth at ``wage``."""
    title = config.title or name
    definitions = (
        Definition(f"{name}.hours", f"{title}: hours", hours, parse_unit("hour") if once else HOURS_A_MONTH),
        Definition(f"{name}.usd", f"{title}: value", f"{name}.hours * {wage}", USD if once else USD_A_MONTH),
    )
    usd, spent = f"{name}.usd", f"{name}.hours"
    return LineFigures(name, config.kind, title, counts_as, config.booked, definitions, usd, spent, config.note)


def _money(name: str, config: LineConfig, counts_as: CountsAs, formula: str, *, once: bool = False) -> LineFigures:
    title = config.title or name
    definition = Definition(f"{name}.usd", title, formula, USD if once else USD_A_MONTH)
    return LineFigures(
        name, config.kind, title, counts_as, config.booked, (definition,), f"{name}.usd", "", config.note
    )


def _incidents(name: str, config: kinds.IncidentCostAvoided) -> LineFigures:
    count = Definition(
        f"{name}.incidents",
        f"{config.title or name}: incidents",
        _product(config.volume, config.rate, *config.factors),
        parse_unit("incident/month"),
    )
    line = _work(name, config, "monthly_benefit", f"{name}.incidents * {config.time}", config.wage)
    return _with(line, (count, *line.definitions))


def _trusted(name: str, config: kinds.TrustedWork, assumptions: Mapping[str, Assumption]) -> LineFigures:
    """Trusted work over all its dollars, with clean-up: what is cheap and wrong is not cheap."""
    title = config.title or name
    done = f"({config.volume} * {config.trusted_share})"
    cost = _product(config.volume, config.price) if config.price else "monthly_costs"
    definitions = []
    if config.cleanup_time and config.wage:
        wrong = config.cleanup_share or f"(1 - {config.trusted_share})"
        cleanup = _product(config.volume, wrong, config.cleanup_time, config.wage)
        definitions.append(Definition(f"{name}.cleanup", f"{title}: clean-up", cleanup, USD_A_MONTH))
        cost = f"{cost} + {name}.cleanup"
    definitions.append(Definition(f"{name}.cost", f"{title}: cost", cost, USD_A_MONTH))
    # Volume and cost are both a month's; what is left is things for a dollar, whatever the things are called.
    unit = multiply_units(assumptions[config.volume].unit, USD_A_MONTH, -1)
    formula = f"over({done}, {name}.cost)"
    definitions.append(Definition(f"{name}.per_dollar", f"{title}: trusted work per dollar", formula, unit))
    return LineFigures(name, config.kind, title, "none", False, tuple(definitions), note=config.note)

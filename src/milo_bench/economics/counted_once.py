"""Lines of economics.yaml in; ConfigError where one thing is counted more than once. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from milo_bench.config.economics import lines as kinds
from milo_bench.config.economics.file import EconomicsFile
from milo_bench.config.economics.lines import LineConfig
from milo_bench.core.errors import ConfigError
from milo_bench.core.units import figure
from milo_bench.economics.assumptions import Assumption

_Basis: TypeAlias = tuple[str, ...]
_SLACK: Final = 1e-9  # shares that add up to one in decimals do not in binary


def require_counted_once(file: EconomicsFile, assumptions: Mapping[str, Assumption]) -> None:
    """Raise ConfigError for a line that stands there twice, for hardware that is bought and depreciated, and for lines
    that return more of one thing than there is of it: of the time that items take, of what they cost.
    """
    _no_line_twice(file)
    _hardware_counts_once(file)
    shares: dict[_Basis, dict[str, float]] = {}
    for name, line in file.lines.items():
        if line.booked and (basis := _basis(line, assumptions)):
            shares.setdefault(basis, {})[name] = _share(line, assumptions)
    for (_, volume, what, *_), of in shares.items():
        if len(of) > 1 and sum(of.values()) > 1 + _SLACK:
            *others, last = of
            names, counted = "', '".join(others), figure(sum(of.values()), "share")
            said = f"'{last}' and '{names}' together count {counted} of '{what}'"
            on = f" for each of '{volume}'" if volume else ""
            message = f"{file.where('lines', last)}: {said}{on}, and there is only 100% of it."
            raise ConfigError(message, hint="leave one out, write booked: false, or lower its factors.")


def _no_line_twice(file: EconomicsFile) -> None:
    seen: dict[object, str] = {}
    for name, line in file.lines.items():
        if not line.booked or isinstance(line, kinds.OwnFigure | kinds.TrustedWork):
            continue
        stated = (line.kind, line.workload, tuple(sorted(_stated(line))))
        if (other := seen.setdefault(stated, name)) != name:
            message = f"{file.where('lines', name)}: '{name}' counts the same as '{other}', so it is counted twice."
            raise ConfigError(message, hint="leave one out, or write booked: false.")


def _stated(line: LineConfig) -> Iterator[tuple[str, str]]:
    """What a line rests on, with the rest of a share told from the share."""
    for setting, name in line.references():
        if setting != "factors":
            yield setting, name
    yield from (("factors", one) for one in getattr(line, "factors", ()))


def _hardware_counts_once(file: EconomicsFile) -> None:
    spread = {line.price: name for name, line in file.lines.items() if isinstance(line, kinds.Depreciation)}
    for name, line in file.lines.items():
        if isinstance(line, kinds.OneOffCost) and line.amount in spread and line.booked:
            other = spread[line.amount]
            message = f"{file.where('lines', name)}: '{line.amount}' is counted twice: in '{name}' and in '{other}'."
            raise ConfigError(message, hint="keep the one-off cost or its depreciation, not both.")


def _basis(line: LineConfig, assumptions: Mapping[str, Assumption]) -> _Basis:
    """Of what a benefit is a share: its kind, volume, what each one takes, and factors that are no shares."""
    match line:
        case kinds.CapacityReturned():
            parts: _Basis = (line.volume, line.time or line.time_before or "")
        case kinds.HostedSpendDisplaced():
            parts = (line.volume, line.price or line.input_price or "", line.output_price or "")
        case kinds.IncidentCostAvoided():
            parts = (line.volume, line.time, line.rate)
        case kinds.EngineeringAvoided():
            parts = ("", line.hours)
        case _:
            return ()
    return (line.kind, *parts, *sorted(one for one in line.factors if not _is_share(one, assumptions)))


def _share(line: LineConfig, assumptions: Mapping[str, Assumption]) -> float:
    share = 1.0
    for factor in getattr(line, "factors", ()):
        if _is_share(factor, assumptions):
            base = _base(factor.removeprefix(kinds.REST), assumptions)
            share *= 1 - base if factor.startswith(kinds.REST) else base
    if isinstance(line, kinds.CapacityReturned) and line.time_before and line.time_after:
        before, after = (_base(name, assumptions) for name in (line.time_before, line.time_after))
        share *= max(0.0, before - after) / before if before else 0.0
    return share


def _is_share(factor: str, assumptions: Mapping[str, Assumption]) -> bool:
    one = assumptions.get(factor.removeprefix(kinds.REST))
    return one is not None and one.unit.text in ("share", "percent")


def _base(name: str, assumptions: Mapping[str, Assumption]) -> float:
    one = assumptions.get(name)
    return 0.0 if one is None else one.base * one.unit.factor

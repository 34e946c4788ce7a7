"""The text of a unit in, its dimensions and its factor out; hours and dollars never add up."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from milo_bench.core.errors import DataError
from milo_bench.core.records import Frozen
from milo_bench.core.suggest import hint_for

# Working time is one dimension and the calendar is another, so that hours a month stay hours a month.
# A year is 12 months and 52 weeks; a quarter is three months.
_ATOMS: Mapping[str, tuple[float, Mapping[str, int]]] = {
    "s": (1.0, {"hour": 1}),
    "min": (60.0, {"hour": 1}),
    "hour": (3600.0, {"hour": 1}),
    "week": (12 / 52, {"month": 1}),
    "month": (1.0, {"month": 1}),
    "quarter": (3.0, {"month": 1}),
    "year": (12.0, {"month": 1}),
    "USD": (1.0, {"USD": 1}),
    "cent": (0.01, {"USD": 1}),
    "Wh": (0.001, {"kWh": 1}),
    "kWh": (1.0, {"kWh": 1}),
    "W": (0.001 / 3600.0, {"kWh": 1, "hour": -1}),
    "kW": (1.0 / 3600.0, {"kWh": 1, "hour": -1}),
    "share": (1.0, {}),
    "percent": (0.01, {}),
    "count": (1.0, {}),
    "item": (1.0, {"item": 1}),
    "incident": (1.0, {"incident": 1}),
    "token": (1.0, {"token": 1}),
    "Mtoken": (1e6, {"token": 1}),
}
_ATOM = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Unit(Frozen, frozen=True, omit_defaults=False):
    """``factor`` turns a value in this unit into the base of its ``dimensions`` (sorted, none zero)."""

    text: str
    factor: float
    dimensions: tuple[tuple[str, int], ...]

    def alike(self, other: Unit) -> bool:
        """Whether the two may be added, compared and turned into each other."""
        return self.dimensions == other.dimensions

    @property
    def plain(self) -> str:
        """The dimensions as people read them: ``USD/month``, ``hour*item``, or ``a plain number``."""
        above = [name for name, power in self.dimensions for _ in range(power)]
        below = [name for name, power in self.dimensions for _ in range(-power)]
        if not above and not below:
            return "a plain number"
        return "/".join(["*".join(above) or "1", *below])


def parse_unit(text: str, things: Collection[str] = ()) -> Unit:
    """``USD/hour``, ``item/month``, ``s``, ``USD/Mtoken``; ``things`` are the counted nouns of the file.

    Raises DataError with a suggestion for a word that is no unit.
    """
    factor, dimensions = 1.0, dict[str, int]()
    above, *below = text.replace(" ", "").split("/")
    for part, sign in [(above, 1), *((part, -1) for part in below)]:
        for word in part.split("*"):
            if word == "1" and sign == 1:
                continue
            if not _ATOM.fullmatch(word):
                message = f"'{text[:60]}' is not a unit."
                raise DataError(message, hint="write it like USD/hour, item/month, s, share or USD/Mtoken.")
            if word in things:
                size, of = 1.0, {word: 1}
            elif word in _ATOMS:
                size, of = _ATOMS[word][0], dict(_ATOMS[word][1])
            else:
                hint = hint_for(word, [*_ATOMS, *things], noun="units")
                message = f"Unknown unit '{word}' in '{text[:60]}'."
                raise DataError(message, hint=f"{hint} Name what you count under 'counted', e.g. counted: [packet].")
            factor *= size**sign
            for name, power in of.items():
                dimensions[name] = dimensions.get(name, 0) + sign * power
    return Unit(text, factor, _kept(dimensions))


def multiply_units(left: Unit, right: Unit, sign: int = 1) -> Unit:
    """The unit of a product, or of a quotient where ``sign`` is -1; in base units, so its factor is 1."""
    dimensions = dict(left.dimensions)
    for name, power in right.dimensions:
        dimensions[name] = dimensions.get(name, 0) + sign * power
    return _base(dimensions)


PLAIN_NUMBER = Unit("1", 1.0, ())


def _base(dimensions: Mapping[str, int]) -> Unit:
    unit = Unit("", 1.0, _kept(dimensions))
    return Unit(unit.plain if unit.dimensions else "1", 1.0, unit.dimensions)


def _kept(dimensions: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((name, power) for name, power in dimensions.items() if power))

"""Definitions (a name, a formula, a unit) and assumptions in, figures with their ranges out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from milo_bench.core.errors import DataError
from milo_bench.core.records import Frozen
from milo_bench.core.suggest import hint_for
from milo_bench.economics.assumptions import Assumption
from milo_bench.economics.formulas import (
    Algebra,
    Expression,
    Operator,
    fold,
    names_in,
    none_if_infinite,
    parse_formula,
)
from milo_bench.economics.ranges import Spread, SpreadAlgebra, exact_range
from milo_bench.economics.units import PLAIN_NUMBER, Unit, multiply_units

V = TypeVar("V")


class Definition(Frozen, frozen=True, omit_defaults=False):
    """How a figure is worked out. ``formula`` names assumptions and earlier figures."""

    name: str
    title: str
    formula: str
    unit: Unit


class EconomicFigure(Frozen, frozen=True, omit_defaults=False):
    """A result that can be traced: value, range, unit, formula, and what went in.

    ``low`` and ``high`` are the least and the most that the formula gives while every assumption
    stays within its own ends; ``value`` takes every base. None is "endless": a payback that never
    comes, work that costs nothing. ``inputs`` stand in the formula itself (assumptions and other
    figures), ``assumptions`` are all that it rests on in the end.
    """

    name: str
    title: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    formula: str
    inputs: tuple[str, ...]
    assumptions: tuple[str, ...]
    note: str = ""


class _UnitAlgebra:
    """Formulas in units: only like is added to like."""

    def number(self, value: float) -> Unit:
        return PLAIN_NUMBER

    def apply(self, operator: Operator, left: Unit, right: Unit) -> Unit:
        if operator in ("+", "-"):
            if not left.alike(right):
                verb = "adds" if operator == "+" else "subtracts"
                message = f"a formula {verb} {right.plain} {'to' if verb == 'adds' else 'from'} {left.plain}"
                raise DataError(message, hint="only like units add up: multiply hours by a wage first.")
            return left
        return multiply_units(left, right, 1 if operator == "*" else -1)


class Sheet:
    """Checked definitions over assumptions, ready to be worked out in any algebra.

    Raises DataError for a name used twice, an unknown name (with the nearest one), a figure that
    names a later one, and a formula whose unit is not the stated one.
    """

    def __init__(self, definitions: Sequence[Definition], assumptions: Mapping[str, Assumption]) -> None:
        self.assumptions = dict(assumptions)
        self.definitions: dict[str, Definition] = {}
        self._trees: dict[str, Expression] = {}
        self._rests_on: dict[str, tuple[str, ...]] = {}
        units = {name: assumption.unit for name, assumption in assumptions.items()}
        for definition in definitions:
            self._add(definition, units)

    def _add(self, definition: Definition, units: dict[str, Unit]) -> None:
        name = definition.name
        if name in units:
            message = f"The name '{name}' means two things."
            raise DataError(message, hint="rename one of them.")
        tree = parse_formula(definition.formula)
        for used in names_in(tree):
            if used not in units:
                message = f"{name}: unknown name '{used[:60]}'."
                raise DataError(message, hint=hint_for(used, units, noun="names"))
        try:
            found = fold(tree, _UnitAlgebra(), units.__getitem__)
        except DataError as error:
            message = f"{name}: {error.message} ({definition.formula})."
            raise DataError(message, hint=error.hint) from None
        if not found.alike(definition.unit):
            message = f"{name}: {definition.formula} is in {found.plain}, not in {definition.unit.text}."
            raise DataError(message, hint="check the units of " + ", ".join(names_in(tree)) + ".")
        units[name] = definition.unit
        leaves = [self._rests_on.get(used, (used,)) for used in names_in(tree)]
        self._rests_on[name] = tuple(dict.fromkeys(leaf for group in leaves for leaf in group))
        self._trees[name] = tree
        self.definitions[name] = definition

    def rests_on(self, figure: str) -> tuple[str, ...]:
        """The assumptions that ``figure`` rests on in the end; DataError for an unknown figure."""
        if figure not in self._rests_on:
            message = f"Unknown figure '{figure[:60]}'."
            raise DataError(message, hint=hint_for(figure, self._rests_on, noun="figures"))
        return self._rests_on[figure]

    def work_out(self, figure: str, algebra: Algebra[V], assumption_of: Callable[[str], V]) -> V:
        """``figure`` in base units, every figure below it worked out once."""
        known: dict[str, V] = {}

        def value_of(name: str) -> V:
            if name not in known:
                tree = self._trees.get(name)
                known[name] = assumption_of(name) if tree is None else fold(tree, algebra, value_of)
            return known[name]

        return value_of(figure)

    def value_at(self, figure: str, changed: Mapping[str, float]) -> float:
        """``figure`` in its own unit with every assumption at its base, except ``changed`` (in their units)."""

        def point(name: str) -> Spread:
            assumption = self.assumptions[name]
            value = changed.get(name, assumption.base) * assumption.unit.factor
            return Spread(value, value)

        found = self._spread(figure, point)
        return found.low / self.definitions[figure].unit.factor

    def figure(self, name: str, *, note: str = "") -> EconomicFigure:
        """The figure ``name`` with its range."""
        definition, leaves = self._definition(name), self.rests_on(name)
        value = self.value_at(name, {})
        box = {}
        for leaf in leaves:
            assumption = self.assumptions[leaf]
            box[leaf] = (assumption.low * assumption.unit.factor, assumption.high * assumption.unit.factor)
        low, high = exact_range(lambda spreads: self._spread(name, spreads.__getitem__), box)
        factor = definition.unit.factor
        # A range contains its base; only the last digit of a float can say otherwise.
        low, high = min(low / factor, value), max(high / factor, value)
        return EconomicFigure(
            name=name,
            title=definition.title,
            value=none_if_infinite(value),
            low=none_if_infinite(low),
            high=none_if_infinite(high),
            unit=definition.unit.text,
            formula=definition.formula,
            inputs=names_in(self._trees[name]),
            assumptions=leaves,
            note=note,
        )

    def _definition(self, name: str) -> Definition:
        self.rests_on(name)
        return self.definitions[name]

    def _spread(self, name: str, of: Callable[[str], Spread]) -> Spread:
        try:
            return self.work_out(name, SpreadAlgebra(), of)
        except DataError as error:
            message = f"{name}: {error.message} ({self.definitions[name].formula})"
            raise DataError(message, hint=error.hint) from None

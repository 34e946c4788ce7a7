"""economics.yaml, measures and prices in; every line, total and payback as traceable figures out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from milo_bench.config.economics.file import EconomicsFile
from milo_bench.config.economics.lines import TrustedWork
from milo_bench.core.errors import ConfigError, DataError, MiloError
from milo_bench.core.records import Frozen, Measure, Price
from milo_bench.core.suggest import hint_for
from milo_bench.economics.assumptions import Assumption, resolve
from milo_bench.economics.counted_once import require_counted_once
from milo_bench.economics.figures import EconomicFigure, Sheet
from milo_bench.economics.line_formulas import LineFigures, line_formulas
from milo_bench.economics.simulation import METHOD, Likely, simulate
from milo_bench.economics.tornado import Bar, tornado
from milo_bench.economics.totals import ONE_QUARTER, TOTALS, total_formulas

_LAST_KINDS = ("trusted_work", "figure")  # they may rest on totals


class BusinessCase(Frozen, frozen=True, omit_defaults=False):
    """What a routing decision is worth: assumptions, lines, figures, and what moves the result.

    ``figures`` stand in the order in which they are worked out: lines, totals, then trusted work
    and figures of your own. ``tornado`` is of ``headline``. ``unused`` names assumptions that no
    figure rests on.
    """

    title: str
    assumptions: tuple[Assumption, ...]
    lines: tuple[LineFigures, ...]
    figures: tuple[EconomicFigure, ...]
    headline: str
    tornado: tuple[Bar, ...]
    likely: tuple[Likely, ...]
    method: str
    unused: tuple[str, ...]

    def figure(self, name: str) -> EconomicFigure:
        """The figure called ``name``; DataError with the nearest name where there is none."""
        found = next((figure for figure in self.figures if figure.name == name), None)
        if found is None:
            message = f"Unknown figure '{name[:60]}'."
            raise DataError(message, hint=hint_for(name, [figure.name for figure in self.figures], noun="figures"))
        return found

    def sources(self, figure: str) -> tuple[Assumption, ...]:
        """The assumptions that ``figure`` rests on in the end, with their sources."""
        names = set(self.figure(figure).assumptions)
        return tuple(assumption for assumption in self.assumptions if assumption.name in names)

    def sheet(self) -> Sheet:
        """The formulas again, ready to be worked out with other values, tornadoes or draws."""
        definitions = {definition.name: definition for line in self.lines for definition in line.definitions}
        definitions |= {definition.name: definition for definition in total_formulas(self.lines)}
        ordered = [definitions[figure.name] for figure in self.figures]
        return Sheet(ordered, {assumption.name: assumption for assumption in self.assumptions})


def make_case(
    file: EconomicsFile,
    measures: Sequence[Measure] = (),
    prices: Mapping[str, Price] | None = None,
    *,
    ships: Collection[str] | None = None,
    seed: int = 0,
    draws: int = 10_000,
) -> BusinessCase:
    """Work out ``file``.

    ``ships`` are the workloads of which something goes live, None where that is not decided: lines of other
    workloads are forgone, and in no total.
    ``measures`` are what its measured assumptions are taken from; ``prices`` win over published
    hosted prices, by model name; ``seed`` and ``draws`` are those of the simulation. Raises
    ConfigError with the place in the file that is wrong.
    """
    assumptions = resolve(file, measures, prices)
    for name in (ONE_QUARTER.name, *TOTALS):
        if name in assumptions:
            message = f"{file.where('assumptions', name)}: '{name}' is a built-in name."
            raise ConfigError(message, hint="give the assumption another name.")
    require_counted_once(file, assumptions)
    _trusted_work_has_a_cost(file)
    lines = tuple(_line(file, name, assumptions, ships) for name in file.lines)
    definitions = [one for line in lines if line.kind not in _LAST_KINDS for one in line.definitions]
    definitions += total_formulas(lines)
    definitions += [one for line in lines if line.kind in _LAST_KINDS for one in line.definitions]
    try:
        sheet = Sheet(definitions, {**assumptions, ONE_QUARTER.name: ONE_QUARTER})
        notes = {line.usd: line.note for line in lines if line.note}
        figures = tuple(sheet.figure(one.name, note=notes.get(one.name, "")) for one in definitions)
    except DataError as error:
        # The name of the figure stands first in the message, and its line first in the name.
        place = error.message.partition(":")[0].partition(".")[0]
        message = f"{file.where('lines', place)}: {error.message}"
        raise ConfigError(message, hint=error.hint) from None
    names = {figure.name for figure in figures}
    order = ("quarter_net", "monthly_net", "forgone_monthly", "monthly_costs", definitions[0].name)
    headline = next(name for name in order if name in names)
    used = {name for figure in figures for name in figure.assumptions}
    return BusinessCase(
        title=file.title,
        assumptions=tuple(
            one for one in (*assumptions.values(), ONE_QUARTER) if one is not ONE_QUARTER or one.name in used
        ),
        lines=lines,
        figures=figures,
        headline=headline,
        tornado=tornado(sheet, headline),
        likely=simulate(sheet, tuple(figure.name for figure in figures), seed=seed, draws=draws),
        method=METHOD,
        unused=tuple(name for name in assumptions if name not in used),
    )


def _line(
    file: EconomicsFile, name: str, assumptions: Mapping[str, Assumption], ships: Collection[str] | None
) -> LineFigures:
    config = file.lines[name]
    try:
        line = line_formulas(name, config, assumptions, file.counted)
        forgone = line.booked and bool(config.workload) and ships is not None and config.workload not in ships
        booked = line.booked and not forgone
        return msgspec.structs.replace(line, workload=config.workload, booked=booked, forgone=forgone)
    except MiloError as error:
        message = f"{file.where('lines', name)}: {name}: {error.message}"
        raise ConfigError(message, hint=error.hint) from None


def _trusted_work_has_a_cost(file: EconomicsFile) -> None:
    kinds = ("review_time", "depreciation", "energy", "maintenance", "monthly_cost")
    if any(line.kind in kinds and line.booked for line in file.lines.values()):
        return
    for name, line in file.lines.items():
        if isinstance(line, TrustedWork) and line.price is None:
            message = f"{file.where('lines', name)}: '{name}' has no price, and the file has no monthly cost."
            raise ConfigError(message, hint="name a price for each unit of volume, or add the costs of running it.")

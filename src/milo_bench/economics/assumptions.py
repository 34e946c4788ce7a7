"""What economics.yaml states, measures and prices in; assumptions with low, base and high in a known unit out."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from milo_bench.config.economics.file import AssumptionConfig, EconomicsFile, MeasureConfig
from milo_bench.core.errors import ConfigError, DataError, MiloError
from milo_bench.core.records import Frozen, Measure, Price
from milo_bench.core.suggest import hint_for
from milo_bench.core.units import sample, share
from milo_bench.economics.hosted_prices import hosted_price
from milo_bench.economics.units import Unit, parse_unit

Origin = Literal["stated", "exact", "measured", "hosted price"]


class Assumption(Frozen, frozen=True, omit_defaults=False):
    """One input with its unit, range and source.

    ``confidence`` is that of the interval of a measured one, else None. ``is_share`` keeps draws
    within 0 and 1. Values are in ``unit``. ``title`` is what pages call it, "" for its name.
    """

    name: str
    unit: Unit
    low: float
    base: float
    high: float
    source: str
    origin: Origin
    confidence: float | None = None
    is_share: bool = False
    title: str = ""

    @property
    def called(self) -> str:
        """What pages call it."""
        return self.title or self.name.replace("_", " ")

    def __post_init__(self) -> None:
        ends = (self.low, self.base, self.high)
        if not all(math.isfinite(end) for end in ends):
            message = f"Assumption '{self.name}' is not a finite number."
            raise DataError(message, hint="give low, base and high as ordinary numbers.")
        if self.low < 0:
            message = f"Assumption '{self.name}' is negative ({self.low:g} {self.unit.text})."
            raise DataError(message, hint="volumes, times, prices and shares start at 0.")
        if not self.low <= self.base <= self.high:
            message = f"Assumption '{self.name}': {self.low:g}, {self.base:g}, {self.high:g} are not in order."
            raise DataError(message, hint="low comes first, then base, then high.")
        if self.is_share and self.high * self.unit.factor > 1:
            message = f"Assumption '{self.name}' is a share above 1 ({self.high:g} {self.unit.text})."
            raise DataError(message, hint="write 0.7, or unit: percent with 70.")


def resolve(
    file: EconomicsFile, measures: Sequence[Measure] = (), prices: Mapping[str, Price] | None = None
) -> dict[str, Assumption]:
    """Every assumption of ``file``, in its order.

    ``prices`` are prices of your own by model name; they win over the published ones. Raises
    ConfigError with the line of the assumption that cannot be resolved.
    """
    return {
        name: msgspec.structs.replace(_one(file, name, config, measures, prices or {}), title=config.title)
        for name, config in file.assumptions.items()
    }


def _one(
    file: EconomicsFile, name: str, config: AssumptionConfig, measures: Sequence[Measure], prices: Mapping[str, Price]
) -> Assumption:
    try:
        unit = parse_unit(config.unit, file.counted)
        is_share = config.unit in ("share", "percent")
        if config.measure is not None:
            return _measured(name, unit, is_share, config, config.measure, measures, file.counted)
        if config.low is not None and config.base is not None and config.high is not None:
            return Assumption(name, unit, config.low, config.base, config.high, config.source, "stated", None, is_share)
        if config.exact is not None:
            exact = config.exact
            return Assumption(name, unit, exact, exact, exact, config.source, "exact", None, is_share)
        assert config.hosted_price is not None
        return _priced(name, unit, config, prices)
    except MiloError as error:
        message = f"{file.where('assumptions', name)}: {error.message}"
        raise ConfigError(message, hint=error.hint) from None


def _priced(name: str, unit: Unit, config: AssumptionConfig, prices: Mapping[str, Price]) -> Assumption:
    asked = config.hosted_price
    assert asked is not None
    price = prices.get(asked.model) or hosted_price(asked.model, asked.provider, asked.as_of)
    per_mtok = price.input_usd_per_mtok if asked.tokens == "input" else price.output_usd_per_mtok
    published = parse_unit("USD/Mtoken")
    if not unit.alike(published):
        message = f"a hosted price is in USD/Mtoken, but '{name}' is in {config.unit}."
        raise DataError(message, hint="write unit: USD/Mtoken.")
    value = per_mtok * published.factor / unit.factor
    return Assumption(name, unit, value, value, value, config.source or price.source, "hosted price")


def _measured(
    name: str,
    unit: Unit,
    is_share: bool,
    config: AssumptionConfig,
    asked: MeasureConfig,
    measures: Sequence[Measure],
    things: Collection[str],
) -> Assumption:
    measure = _find(asked, measures)
    given = parse_unit(measure.unit, things)
    # A measure of one attempt counts for one thing: seconds an answer may stand as seconds an item.
    uncounted = tuple(part for part in unit.dimensions if part[0] not in {*things, "item", "incident"})
    if given.dimensions != uncounted:
        message = f"'{asked.name}' was measured in {measure.unit}, but '{name}' is in {config.unit}."
        raise DataError(message, hint=f"write unit: {measure.unit}.")
    interval = measure.interval
    if measure.value is None:
        message = f"'{asked.name}' of {asked.workload} on {asked.target} has no value ({measure.note or 'no data'})."
        raise DataError(message, hint="run more fixtures, or state low, base and high with a source.")
    if interval is None or interval.low is None or interval.high is None:
        message = f"'{asked.name}' of {asked.workload} on {asked.target} has no closed interval (n = {measure.n})."
        raise DataError(message, hint="run more fixtures, or state low, base and high with a source.")
    scale = given.factor / unit.factor
    low, base, high = (end * scale for end in (interval.low, measure.value, interval.high))
    # An interval holds its value; of values that are all alike only the last digit of a float can say otherwise.
    low, high = min(low, base), max(high, base)
    model = "the chosen model" if asked.target == "chosen" else asked.target
    said = f"measured: {asked.name.replace('_', ' ')} of {asked.workload} on {model}"
    said += f", {asked.slice}" if asked.slice else ""
    said += f", {sample(measure.n)}, {share(interval.confidence)} {_method(interval.method)} interval"
    return Assumption(name, unit, low, base, high, said, "measured", interval.confidence, is_share)


def _method(name: str) -> str:
    """How an interval was made, as people write it: Wilson, Clopper-Pearson, bootstrap."""
    return "-".join(word.title() for word in name.split("_")) if name in ("wilson", "clopper_pearson") else name


def _find(asked: MeasureConfig, measures: Sequence[Measure]) -> Measure:
    """The one measure that is asked for; DataError with the nearest name where there is none."""
    left = list(measures)
    for field, noun in (("workload", "workloads"), ("target", "targets"), ("name", "measures"), ("slice", "slices")):
        wanted = getattr(asked, field)
        known = {getattr(measure, field) for measure in left}
        if wanted not in known:
            message = f"No measure has {field} '{wanted[:60]}'."
            raise DataError(message, hint=hint_for(wanted, known - {""}, noun=noun))
        left = [measure for measure in left if getattr(measure, field) == wanted]
    left = [measure for measure in left if measure.decoding == asked.decoding]
    if len(left) != 1:
        message = f"{len(left)} measures are '{asked.name}' of {asked.workload} on {asked.target} ({asked.decoding})."
        raise DataError(message, hint="name slice and decoding to choose one.")
    return left[0]

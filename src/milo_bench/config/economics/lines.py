"""The kinds of lines that economics.yaml can hold: what goes in, each by the name of an assumption."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from milo_bench.config.checked import Checked, Mistake

REST = "1 - "


class _Line(Checked):
    """``booked: false`` shows a line without counting it into any total; ``note`` says why.

    ``factors`` are further assumptions to multiply with: a share that qualifies, a share of the
    theoretical saving that survives real operations, a number of hosts. ``1 - NAME`` takes the rest
    of a share, so that a rate and its complement stay one assumption. ``workload`` is the work that the line
    belongs to: where the decision ships none of it, the line is left out of the totals as forgone.
    """

    not_names: ClassVar[frozenset[str]] = frozenset({"kind", "title", "note", "formula", "unit", "workload"})

    title: str = ""
    note: str = ""
    booked: bool = True
    workload: str = ""

    def references(self) -> tuple[tuple[str, str], ...]:
        """(setting, assumption that it names), in the order of the settings."""
        found: list[tuple[str, str]] = []
        for setting in type(self).model_fields:
            value = getattr(self, setting)
            if setting in self.not_names:
                continue
            if isinstance(value, str):
                found.append((setting, value))
            elif isinstance(value, tuple):
                found += [(setting, name.removeprefix(REST)) for name in value]
        return tuple(found)


class CapacityReturned(_Line):
    """Staff time that a workload gives back: volume x factors x time (or time_before - time_after), times wage."""

    kind: Literal["capacity_returned"]
    volume: str
    factors: tuple[str, ...] = ()
    time: str | None = None
    time_before: str | None = None
    time_after: str | None = None
    wage: str

    @model_validator(mode="after")
    def _one_way_to_say_the_time(self) -> CapacityReturned:
        if (self.time is None) == (self.time_before is None and self.time_after is None):
            raise Mistake("a 'capacity_returned' line needs a time", "give either time, or time_before and time_after.")
        if self.time is None and (self.time_before is None or self.time_after is None):
            raise Mistake("time_before and time_after belong together", "add the other one.")
        return self


class HostedSpendDisplaced(_Line):
    """Calls no longer bought: volume x factors x price, or x tokens at their prices."""

    kind: Literal["hosted_spend_displaced"]
    volume: str
    factors: tuple[str, ...] = ()
    price: str | None = None
    input_tokens: str | None = None
    input_price: str | None = None
    output_tokens: str | None = None
    output_price: str | None = None

    @model_validator(mode="after")
    def _one_way_to_say_the_price(self) -> HostedSpendDisplaced:
        tokens = (self.input_tokens, self.input_price, self.output_tokens, self.output_price)
        if (self.price is None) == (not any(tokens)):
            raise Mistake(
                "a 'hosted_spend_displaced' line needs a price", "give either price, or tokens with their prices."
            )
        if any(tokens) and not all(tokens):
            raise Mistake(
                "input_tokens, input_price, output_tokens and output_price belong together", "add the others."
            )
        return self


class ReviewTime(_Line):
    """Review that stays or is added, as a cost: volume x factors x time, times wage."""

    kind: Literal["review_time"]
    volume: str
    factors: tuple[str, ...] = ()
    time: str
    wage: str


class IncidentCostAvoided(_Line):
    """Remediation that a blocked launch avoids: volume x rate x time, times wage. Not booked unless it says so."""

    kind: Literal["incident_cost_avoided"]
    booked: bool = False
    volume: str
    rate: str
    factors: tuple[str, ...] = ()
    time: str
    wage: str


class EngineeringAvoided(_Line):
    """Engineering that is not needed, once: hours x factors x wage."""

    kind: Literal["engineering_avoided"]
    hours: str
    factors: tuple[str, ...] = ()
    wage: str


class Depreciation(_Line):
    """Hardware, spread over its life: (price - residual) x factors / life."""

    kind: Literal["depreciation"]
    price: str
    residual: str | None = None
    life: str
    factors: tuple[str, ...] = ()


class Energy(_Line):
    """Electricity: power x hours x price, or energy (of one thing) x volume x price."""

    kind: Literal["energy"]
    power: str | None = None
    hours: str | None = None
    energy: str | None = None
    volume: str | None = None
    factors: tuple[str, ...] = ()
    price: str

    @model_validator(mode="after")
    def _one_way_to_say_the_energy(self) -> Energy:
        drawn, used = (self.power, self.hours), (self.energy, self.volume)
        if any(drawn) == any(used) or (any(drawn) and not all(drawn)) or (any(used) and not all(used)):
            raise Mistake("an 'energy' line is not complete", "give either power and hours, or energy and volume.")
        return self


class Maintenance(_Line):
    """Work that keeps the system running: hours x factors x wage."""

    kind: Literal["maintenance"]
    hours: str
    factors: tuple[str, ...] = ()
    wage: str


class MonthlyCost(_Line):
    """Any other recurring cost, in USD a week, month, quarter or year."""

    kind: Literal["monthly_cost"]
    amount: str
    factors: tuple[str, ...] = ()


class OneOffCost(_Line):
    """A cost that comes once: the engagement, a migration. What payback is counted on."""

    kind: Literal["one_off_cost"]
    amount: str
    factors: tuple[str, ...] = ()


class TrustedWork(_Line):
    """Work that can be relied on for a dollar: volume x trusted_share, over what it costs.

    The cost is ``price`` for each unit of volume (a hosted route), or where there is none all
    monthly costs of this file (a local one), plus the clean-up of what was wrong:
    volume x cleanup_share x cleanup_time x wage, where cleanup_share is 1 - trusted_share unless
    it is named.
    """

    kind: Literal["trusted_work"]
    volume: str
    trusted_share: str
    price: str | None = None
    cleanup_share: str | None = None
    cleanup_time: str | None = None
    wage: str | None = None

    @model_validator(mode="after")
    def _clean_up_is_whole(self) -> TrustedWork:
        if (self.cleanup_time is None) != (self.wage is None) or (self.cleanup_share and not self.cleanup_time):
            raise Mistake("cleanup_time and wage belong together, and cleanup_share needs both", "add what is missing.")
        return self


class OwnFigure(_Line):
    """A figure of your own: a formula over assumptions and other figures. Shown, never in a total."""

    kind: Literal["figure"]
    formula: str
    unit: str
    booked: Literal[False] = False


LineConfig: TypeAlias = Annotated[
    CapacityReturned
    | HostedSpendDisplaced
    | ReviewTime
    | IncidentCostAvoided
    | EngineeringAvoided
    | Depreciation
    | Energy
    | Maintenance
    | MonthlyCost
    | OneOffCost
    | TrustedWork
    | OwnFigure,
    Field(discriminator="kind"),
]

"""What policy.yaml may hold, as frozen models that refuse what cannot be meant."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from milo_bench.config.checked import Checked, Mistake, require_order
from milo_bench.config.policy.measures import MEASURES, known_measures, parse_slice, slice_text, split_slice
from milo_bench.config.policy.remedies import REMEDIES
from milo_bench.config.policy.rules import CONDITIONS, FindingKind, FindingRule
from milo_bench.config.routing.rule import Condition, DriftStep
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Decoding
from milo_bench.core.registry import Registry
from milo_bench.core.suggest import hint_for

FiniteNumber = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Amount = Annotated[float, Field(strict=True, ge=0, le=1e12, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Risk: TypeAlias = Literal["low", "medium", "high"]


class _Named:
    """For JSON schemas: one of the names of a registry, so that an editor can offer them."""

    def __init__(self, registry: Registry[Any]) -> None:
        self._registry = registry

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"enum": list(self._registry.names()), "type": "string"}


MeasureName: TypeAlias = Annotated[str, _Named(MEASURES)]


class GateConfig(Checked):
    """One gate: a measure within a slice against a bound or the hosted baseline, or a runtime probe.

    ``margin`` is how much worse than the baseline is still as good, in the measure's unit.
    """

    measure: MeasureName = ""
    probe: str = ""
    slice: str = ""
    at_least: FiniteNumber | None = None
    at_most: FiniteNumber | None = None
    not_worse_than: Literal["baseline"] | None = None
    margin: FiniteNumber | None = None
    safety: bool = False
    note: str = ""

    @property
    def direction(self) -> Literal["at_least", "at_most"]:
        """Which side of the bound is good."""
        if self.probe:
            return "at_most"
        if self.not_worse_than:
            return "at_most" if known_measures()[self.measure].good == "low" else "at_least"
        return "at_least" if self.at_least is not None else "at_most"

    @property
    def against(self) -> Literal["bound", "baseline"]:
        return "baseline" if self.not_worse_than else "bound"

    @property
    def key(self) -> str:
        """``field_accuracy[field=received_date]`` or ``probe:privacy_leak``."""
        if self.probe:
            return f"probe:{self.probe}"
        return f"{self.measure}[{self.slice}]" if self.slice else self.measure

    @field_validator("slice")
    @classmethod
    def _spaces(cls, text: str) -> str:
        return " & ".join(split_slice(text))

    @model_validator(mode="after")
    def _possible(self) -> GateConfig:
        if bool(self.measure) == bool(self.probe):
            raise Mistake("a gate names either a measure or a probe", "write measure: pass_rate, for example.")
        if self.probe:
            return self._probe_gate()
        bounds = [self.at_least is not None, self.at_most is not None, self.not_worse_than is not None]
        try:
            written = slice_text(parse_slice(self.slice, self.measure))
        except ConfigError as error:
            raise Mistake(error.message.rstrip("."), error.hint) from None
        if sum(bounds) != 1:
            raise Mistake(
                f"the gate on {self.measure} has {'more than one threshold' if any(bounds) else 'no threshold'}",
                "give one of at_least, at_most, or not_worse_than: baseline with a margin. Write a gate for each.",
            )
        object.__setattr__(self, "slice", written)
        if self.safety and not known_measures()[self.measure].safe:
            raise Mistake(
                f"{self.measure} counts what rules flag, and no flag proves that answers are safe",
                "leave out safety, or write measure: unsupported_claim_rate.",
            )
        self._good_side()
        if self.not_worse_than:
            self._margin()
        else:
            self._bound()
        return self

    def _probe_gate(self) -> GateConfig:
        if self.slice or self.at_least is not None or self.at_most is not None or self.not_worse_than:
            raise Mistake("a probe passes or fails", "leave out slice and thresholds.")
        return self

    def _good_side(self) -> None:
        good = known_measures()[self.measure].good
        if (good == "high" and self.at_most is not None) or (good == "low" and self.at_least is not None):
            right, side = ("at_least", "high") if good == "high" else ("at_most", "low")
            raise Mistake(
                f"{self.measure} is better when {side}, so this gate would fail the better model", f"write {right}."
            )

    def _margin(self) -> None:
        known = known_measures()[self.measure]
        if known.kind not in ("rate", "mean") or known.good == "neither":
            raise Mistake(
                f"{self.measure} cannot be compared with the baseline fixture by fixture",
                "give it its own threshold with at_least or at_most.",
            )
        if self.margin is None or self.margin <= 0 or (known.kind == "rate" and self.margin >= 1):
            raise Mistake(
                f"the gate on {self.measure} against the baseline needs a margin above 0",
                "write margin: 0.05 for five points of a rate.",
            )

    def _bound(self) -> None:
        if self.margin is not None:
            raise Mistake("margin belongs to not_worse_than: baseline", "leave it out beside at_least or at_most.")
        bound = self.at_least if self.at_least is not None else self.at_most
        assert bound is not None
        if known_measures()[self.measure].kind in ("rate", "judged"):
            _possible_share(self.measure, bound, self.direction)
        elif bound <= 0:
            raise Mistake(f"{self.measure} is never at or below 0", "give a threshold above 0.")


def _possible_share(measure: str, bound: float, direction: str) -> None:
    if not 0 <= bound <= 1:
        shown = f"{bound / 100:g}" if 1 < bound <= 100 else "0.94"
        raise Mistake(
            f"{measure} is a share, but {bound:g} is not between 0 and 1", f"write shares from 0 to 1, e.g. {shown}."
        )
    if (direction, bound) in (("at_least", 1.0), ("at_most", 0.0)):
        near = "at_least: 0.98" if direction == "at_least" else "at_most: 0.02"
        raise Mistake(
            f"no number of fixtures can prove that {measure} is exactly {bound:g}",
            f"choose what is good enough, e.g. {near}. The whole interval must clear it.",
        )
    if (direction, bound) in (("at_least", 0.0), ("at_most", 1.0)):
        raise Mistake(f"every {measure} is {direction.replace('_', ' ')} {bound:g}", "give a threshold that can fail.")


class HoursConfig(Checked):
    """Hours of work as somebody estimates them."""

    low: Amount
    base: Amount
    high: Amount
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> HoursConfig:
        require_order(self.low, self.base, self.high)
        return self


class RemedyConfig(Checked):
    """A remedy that may be tried on a workload. ``replaces``: it is other work in place of this, so it fixes nothing.

    ``variant`` is the contract that holds the remedy ("" the shipped one); ``checks`` are those that
    can run on live answers; ``safe_label`` is the one label that may go on without a person;
    ``target`` the other or verifying target ("" any that was measured); ``past`` where long cases go.
    """

    replaces: bool = False
    variant: str | None = None
    target: str = ""
    checks: tuple[str, ...] = ()
    safe_label: str = ""
    past: Literal["hosted", "human_review"] = "human_review"


class DecideOn(Checked):
    """Which measured contract and decoding would ship as they are."""

    variant: str = ""
    decoding: Decoding = "free"


class ValueConfig(Checked):
    """Names of monthly dollar figures of economics.yaml, and the least that their sum must be worth."""

    figures: tuple[str, ...] = Field(min_length=1)
    least_usd_per_month: Amount


UseName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
RemedyName: TypeAlias = Annotated[str, _Named(REMEDIES)]


class UsePolicy(Checked):
    """One use of a workload's output. What it does not say, gates included, is as the workload has it."""

    title: str = ""
    gates: tuple[GateConfig, ...] = Field(default=(), min_length=1)
    decide_on: DecideOn = DecideOn.usual()
    min_automated_share: Share = 0.3
    streams: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    value: ValueConfig | None = None


class AssistPolicy(Checked):
    """Drafts that staff must accept, where the work itself does not go to a model: for which cases.

    ``when`` names what must be true of a case, as in routing.yaml; a case of which that is not known gets no draft.
    """

    when: Condition = Condition.usual()
    note: str = ""

    @model_validator(mode="after")
    def _known_before_the_draft(self) -> AssistPolicy:
        if self.when.needs_answer or self.when.workload or self.when.use:
            raise Mistake("assist.when says which cases get a draft", "leave out workload, use, label and checks.")
        return self


class RefusePolicy(Checked):
    """Work that is refused, whatever was measured: ``when`` names it as in routing.yaml, ``note`` says why."""

    when: Condition = Condition.usual()
    note: str = Field(min_length=1)

    @model_validator(mode="after")
    def _known_of_the_request(self) -> RefusePolicy:
        if self.when == Condition.usual():
            raise Mistake("refuse.when is empty, so everything would be refused", "write e.g. tags: [legal_hold].")
        if self.when.needs_answer or self.when.target_health or self.when.tokens:
            said = "refuse.when is known before a model is called"
            raise Mistake(said, "leave out labels, checks, tokens and the health of targets.")
        return self


class WorkloadPolicy(Checked):
    """All that the policy says of one workload. ``streams`` is how many requests production has at once.

    ``uses`` are purposes of its output, each decided by itself, so that each may get another target.
    ``on_drift`` is what a gateway does once live work has left what was measured; unless given, what the policy says.
    """

    title: str = ""
    decide_on: DecideOn = DecideOn.usual()
    gates: tuple[GateConfig, ...] = ()
    remedies: dict[RemedyName, RemedyConfig] = {}
    min_automated_share: Share = 0.3
    recall_class: str = ""
    risk: Risk = "medium"
    streams: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    value: ValueConfig | None = None
    uses: dict[UseName, UsePolicy] = {}
    assist: AssistPolicy | None = None
    on_drift: DriftStep | None = None

    @field_validator(
        "remedies",
        mode="before",
        json_schema_input_type=tuple[RemedyName, ...] | dict[RemedyName, RemedyConfig | None],
    )
    @classmethod
    def _names(cls, remedies: Any) -> Any:
        """A list of names means remedies without settings; a name without settings is null in YAML."""
        if isinstance(remedies, list):
            return {name: {} for name in remedies if isinstance(name, str)}
        if isinstance(remedies, dict):
            return {name: {} if settings is None else settings for name, settings in remedies.items()}
        return remedies

    @model_validator(mode="after")
    def _settings_make_sense(self) -> WorkloadPolicy:
        for name, remedy in self.remedies.items():
            if name not in REMEDIES:
                said = f"unknown setting 'remedies.{name[:60]}'"
                raise Mistake(said, hint_for(name, REMEDIES.names(), noun="fixes"))
            if not REMEDIES.get(name).needs_variant:
                continue
            if remedy.variant is None:
                raise Mistake(f"remedies.{name} has no variant", 'write variant: NAME, or variant: "".')
            if remedy.variant == self.decide_on.variant:
                said = f"remedies.{name} is the variant that decide_on already judges"
                raise Mistake(said, "name another variant, or leave the remedy out.")
        if "constrained_decoding" in self.remedies and self.decide_on.decoding == "constrained":
            said = "remedies.constrained_decoding is the decoding that decide_on already judges"
            raise Mistake(said, "leave the remedy out.")
        return self


class RuleConfig(Checked):
    """One rule of the findings: all of ``when`` hold, so ``finding``."""

    name: str = Field(min_length=1, max_length=60)
    when: tuple[str, ...]
    finding: FindingKind
    note: str = ""

    @model_validator(mode="after")
    def _known(self) -> RuleConfig:
        for name in self.when:
            if name not in CONDITIONS:
                said = f"rule '{self.name}': unknown condition '{name[:60]}'"
                raise Mistake(said, hint_for(name, CONDITIONS, noun="conditions"))
        return self

    @property
    def rule(self) -> FindingRule:
        return FindingRule(self.name, self.when, self.finding)

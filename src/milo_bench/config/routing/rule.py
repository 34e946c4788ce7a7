"""One rule of routing.yaml as a checked model: when it applies, where it sends the case, under which limits."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, model_validator

from milo_bench.config.checked import Checked, Mistake
from milo_bench.core.cases.facts import NOTHING_KNOWN, CaseFacts, CaseRisk
from milo_bench.core.cases.tags import plain_tags
from milo_bench.core.keyword_sets import KEYWORD_SETS, KeywordSet
from milo_bench.core.records import Decoding
from milo_bench.core.suggest import hint_for
from milo_bench.core.text import one_line

Route: TypeAlias = Literal["local", "hosted", "mixed", "assist", "human_review", "refuse"]
# What a gateway does when live work is no longer like the measured work, beside opening an incident.
DriftStep: TypeAlias = Literal["report", "roll_back"]
Health: TypeAlias = Literal["ready", "degraded", "down"]

# What can be known of an answer while it is served: computed from the request and the answer alone. A check that
# compares with what a fixture expects is not, but for those that find some answers wrong whatever the right one is
# (``grade.base.JudgesServed``): a label that is none of the listed ones, a number whose check digits are wrong, a word
# that no answer may mention. ``length`` is the bound that the request states or the workload sets.
RuntimeCheck: TypeAlias = Literal[
    "answer_present",
    "banned_commitments",
    "checksum_number",
    "citation_coverage",
    "citation_support",
    "contains",
    "contains_all",
    "coverage_inference",
    "equals",
    "escalation_signal",
    "evidence_lines",
    "format",
    "in_source",
    "is_json",
    "json_reading",
    "label",
    "language",
    "length",
    "not_contains",
    "not_mentions",
    "policy_text",
    "regex",
    "schema",
    "sections",
    "source_spans",
    "template_current",
    "unsupported_confidence",
    "unsupported_facts",
]
# What is done to a request or an answer by deterministic code, beside the checks.
RailStep: TypeAlias = Literal["event_selection", "conflict_bypass", "remove_uncited_sentences", "normalise_dates"]
CUT_UNCITED: Final = "remove_uncited_sentences"  # the step, and the variant of answers that it cut
RUNTIME_CHECKS: Final[tuple[str, ...]] = get_args(RuntimeCheck)
RAIL_STEPS: Final[tuple[str, ...]] = get_args(RailStep)
MODEL_ROUTES: Final = frozenset({"local", "hosted", "mixed", "assist"})


def _known_while_served(*known: str) -> BeforeValidator:
    def check(name: object) -> object:
        if isinstance(name, str) and name not in known:
            said = f"'{one_line(name)}' cannot be known while an answer is served"
            raise Mistake(said, hint_for(name, known, noun="values"))
        return name

    return BeforeValidator(check)


ServedCheck = Annotated[RuntimeCheck, _known_while_served(*RUNTIME_CHECKS)]
Guardrail = Annotated[Literal[RuntimeCheck, RailStep], _known_while_served(*RUNTIME_CHECKS, *RAIL_STEPS)]
RuleName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}$", description="up to 80 letters, digits, '_', '.', ':' and '-'"),
]
GivenName = Annotated[
    str, Field(min_length=1, max_length=200)
]  # a workload or target, as the suite or settings name it
WordCount = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]


def _listed(one: Any) -> BeforeValidator:
    """A single value is a list of one; an empty list, which nothing could match, is a mistake."""

    def listed(value: object) -> object:
        if value == []:
            raise Mistake("an empty list matches nothing", "leave it out.")
        return [value] if isinstance(value, str) else value

    return BeforeValidator(listed, json_schema_input_type=one | tuple[one, ...])


Keyword: TypeAlias = Literal[KeywordSet, "any"]
GivenNames = Annotated[tuple[GivenName, ...], _listed(GivenName)]
Texts = Annotated[tuple[str, ...], _listed(str)]


class WordsCondition(Checked):
    """Words of all texts of the input: more than ``over``, fewer than ``under``."""

    over: WordCount | None = None
    under: WordCount | None = None

    @model_validator(mode="after")
    def _some_number_fits(self) -> WordsCondition:
        if self.over is None and self.under is None:
            raise Mistake("has no bound", "give 'over' or 'under'.")
        if self.over is not None and self.under is not None and self.under - self.over < 2:
            raise Mistake(f"no number of words is over {self.over} and under {self.under}", "widen the range.")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest number of words that fit, both included."""
        return (
            -math.inf if self.over is None else self.over + 1,
            math.inf if self.under is None else self.under - 1,
        )


class TokensCondition(WordsCondition):
    """Tokens of all texts of the input: more than ``over``, fewer than ``under``, as ``target`` counts them.

    Its server's tokenizer is asked. Where it does not tell, the rule does not apply.
    """

    target: GivenName


def _minutes(value: object) -> object:
    """A time of day as HH:MM. YAML reads an unquoted 18:00 as 1080, its minutes."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_440:
        return f"{value // 60:02d}:{value % 60:02d}"
    return value.zfill(5) if isinstance(value, str) else value


TimeOfDay = Annotated[str, BeforeValidator(_minutes), Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)


class HoursCondition(Checked):
    """Time of day when the request comes: from ``after`` (included) to ``before``, past midnight where that is earlier.

    ``days`` are those of the request itself, so 02:00 on a Saturday is Saturday. ``zone`` is a name of the time zone
    database. Where the time is not known, as in a replay of recorded answers, the rule does not apply.
    """

    after: TimeOfDay = "00:00"
    before: TimeOfDay | None = None
    days: Annotated[tuple[Weekday, ...], _listed(Weekday)] = ()
    zone: str = "UTC"

    @model_validator(mode="after")
    def _some_time_fits(self) -> HoursCondition:
        if self.before is None and self.after == "00:00" and not self.days:
            raise Mistake("names no time", "give 'after', 'before' or 'days'.")
        if self.before == self.after:
            raise Mistake(f"no time is from {self.after} to {self.before}", "widen the range.")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Mistake(f"'{one_line(self.zone)}' is not a time zone", "write e.g. Europe/Berlin, or UTC.") from None
        return self

    def fits(self, at: datetime | None) -> bool:
        """Whether ``at``, with its own zone, is within; false where it is not known."""
        if at is None:
            return False
        here = at.astimezone(ZoneInfo(self.zone))
        if self.days and WEEKDAYS[here.weekday()] not in self.days:
            return False
        time = f"{here.hour:02d}:{here.minute:02d}"
        if self.before is None:
            return time >= self.after
        if self.after < self.before:
            return self.after <= time < self.before
        return time >= self.after or time < self.before


class Condition(Checked):
    """When a rule applies: every setting given must hold; within a list, one of its values is enough.

    Known before a model is called: ``workload`` and its ``use``; ``words`` of the input; its ``tokens`` by
    a target's tokenizer; ``hours`` of the day; ``tags`` of the request; ``keywords`` that ring in the
    input (keyword sets, or ``any``); ``sensitive``; ``case_status``, ``risk``, ``missing_fields`` and
    ``template_current`` of the case (what is unknown matches neither value); ``target_health``.
    Known once the local model has answered: ``local_label``, its label; ``failed_checks``, checks
    that do not hold.
    """

    workload: GivenNames = ()
    use: GivenNames = ()
    words: WordsCondition | None = None
    tokens: TokensCondition | None = None
    hours: HoursCondition | None = None
    tags: Texts = ()
    keywords: Annotated[tuple[Keyword, ...], _listed(Keyword)] = ()
    sensitive: bool | None = None
    case_status: Texts = ()
    risk: Annotated[tuple[CaseRisk, ...], _listed(CaseRisk)] = ()
    missing_fields: bool | None = None
    template_current: bool | None = None
    target_health: dict[GivenName, Annotated[tuple[Health, ...], _listed(Health)]] = {}
    local_label: Texts = ()
    failed_checks: Annotated[tuple[ServedCheck, ...], _listed(ServedCheck)] = ()

    @property
    def keyword_sets(self) -> frozenset[str]:
        """The keyword sets of which one must match; empty where keywords do not matter."""
        return frozenset(KEYWORD_SETS if "any" in self.keywords else self.keywords)

    def fits_case(self, case: CaseFacts) -> bool:
        """Whether everything asked of the case is known of it and as asked."""
        return (
            (not self.case_status or case.status in self.case_status)
            and (not self.risk or case.risk in self.risk)
            and self.missing_fields in (None, case.missing_fields)
            and self.template_current in (None, case.template_current)
        )

    @property
    def asks_of_case(self) -> bool:
        """The rule needs to know something of the case itself."""
        return not self.fits_case(NOTHING_KNOWN)

    @property
    def needs_answer(self) -> bool:
        """The rule can be judged only once the model has answered."""
        return bool(self.local_label or self.failed_checks)

    def covers(self, other: Condition) -> bool:
        """Every case that ``other`` applies to is one that this applies to (enough to find rules never reached)."""
        return (
            _within(other.workload, self.workload)
            and _within(other.use, self.use)
            and _within(other.case_status, self.case_status)
            and _within(other.risk, self.risk)
            and self.missing_fields in (None, other.missing_fields)
            and self.template_current in (None, other.template_current)
            and _within(plain_tags(other.tags), plain_tags(self.tags))
            and _within(other.keyword_sets, self.keyword_sets)
            and _within(other.local_label, self.local_label)
            and _within(other.failed_checks, self.failed_checks)
            and self.sensitive in (None, other.sensitive)
            and _words_within(other.words, self.words)
            and (self.tokens is None or self._counts_alike(other))
            and self.hours in (None, other.hours)
            and all(
                target in other.target_health and set(other.target_health[target]) <= set(states)
                for target, states in self.target_health.items()
            )
        )

    def _counts_alike(self, other: Condition) -> bool:
        if self.tokens is None or other.tokens is None or self.tokens.target != other.tokens.target:
            return False
        return _words_within(other.tokens, self.tokens)


def _within(inner: tuple[str, ...] | frozenset[str], outer: tuple[str, ...] | frozenset[str]) -> bool:
    return not outer or (bool(inner) and set(inner) <= set(outer))


def _words_within(inner: WordsCondition | None, outer: WordsCondition | None) -> bool:
    if outer is None:
        return True
    if inner is None:
        return False
    return inner.bounds[0] >= outer.bounds[0] and inner.bounds[1] <= outer.bounds[1]


class RuleLimits(Checked):
    """Bounds of a rule: an input past ``max_words`` takes the fallback before any call; the rest is for the gateway."""

    max_words: WordCount | None = None
    concurrency: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    timeout_s: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] | None = None


class Fallback(Checked):
    """Where a case goes when the model cannot be asked, does not answer, or its answer breaks a guardrail."""

    route: Literal["hosted", "human_review", "refuse"] = "human_review"
    target: GivenName | None = None

    @model_validator(mode="after")
    def _has_its_target(self) -> Fallback:
        if (self.route == "hosted") != (self.target is not None):
            raise Mistake("a fallback has a target with route hosted, and only then", "add it, or remove it.")
        return self


class Action(Checked):
    """Where a case goes. A ``target`` stands with local, hosted, mixed and assist; a ``verifier`` with mixed alone.

    ``assist``: the model drafts and nothing leaves before a person accepts it; it needs a ``flag``. While a
    ``flag`` is off, no model is called and the case takes the ``fallback``.
    ``guardrails`` are checks that the answer must hold and steps that deterministic code takes;
    ``redact``: personal data in what its models are sent, the fallback's too, is replaced by placeholders. They stay
    in the answer; a sensitive case still reaches no hosted target.
    ``on_drift: roll_back``: once an alarm about its target and workload rings, the case takes the ``fallback`` until a
    person closes the incident.
    ``queue`` names the place where the result lands; ``why`` and ``finding`` say what it rests on.
    """

    route: Route
    target: GivenName | None = None
    verifier: GivenName | None = None
    variant: str = ""
    prompt: str = ""
    decoding: Decoding = "free"
    guardrails: tuple[Guardrail, ...] = ()
    limits: RuleLimits = RuleLimits.usual()
    fallback: Fallback = Fallback.usual()
    redact: bool = False
    flag: RuleName | None = None
    on_drift: DriftStep = "report"
    queue: str = ""
    finding: str = ""
    why: str = ""

    @model_validator(mode="after")
    def _settings_fit_the_route(self) -> Action:
        asks = self.route in MODEL_ROUTES
        if asks and self.target is None:
            raise Mistake(f"route {self.route} needs a target", "add 'target: NAME'.")
        if not asks and (
            self.target or self.variant or self.prompt or self.guardrails or self.limits != RuleLimits.usual()
        ):
            hint = "remove target, variant, prompt, guardrails and limits."
            raise Mistake(f"route {self.route} calls no model", hint)
        if not asks and ("fallback" in self.model_fields_set or self.decoding != "free"):
            raise Mistake(f"route {self.route} calls no model", "remove fallback and decoding.")
        if not asks and self.redact:
            raise Mistake(f"route {self.route} calls no model, so there is nothing to redact", "remove redact.")
        if not asks and self.flag:
            raise Mistake(f"route {self.route} calls no model, so it needs no flag", "remove flag.")
        if not asks and self.on_drift != "report":
            raise Mistake(f"route {self.route} calls no model that could be rolled back", "remove on_drift.")
        if self.route == "assist" and not self.flag:
            raise Mistake("route assist needs a flag that can turn the drafts off", "add 'flag: NAME'.")
        if (self.route == "mixed") != (self.verifier is not None):
            raise Mistake("a verifier is needed with route mixed, and only then", "add it, or remove it.")
        if self.verifier is not None and self.verifier == self.target:
            raise Mistake("a model cannot verify itself", "name another verifier.")
        return self

    @property
    def checks(self) -> tuple[str, ...]:
        """The guardrails that are checks of the answer."""
        return tuple(name for name in self.guardrails if name in RUNTIME_CHECKS)

    @property
    def targets(self) -> tuple[str, ...]:
        named = (self.target, self.verifier, self.fallback.target)
        return tuple(name for name in named if name is not None)


class RoutingRule(Action):
    """An action with the condition under which it is taken. The first rule that applies decides."""

    id: RuleName
    when: Condition = Condition.usual()

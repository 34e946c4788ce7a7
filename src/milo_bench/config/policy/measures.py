"""The closed list of measures that a gate may name: unit, which side is good, which slices it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from milo_bench.core.errors import ConfigError
from milo_bench.core.suggest import hint_for

MeasureKind: TypeAlias = Literal["rate", "quantile", "mean", "peak", "review"]
SLICES = ("tag", "class", "field", "check", "kind", "words")
_OWN = {"class": "escalate", "field": "received_date", "check": "schema", "kind": "reset"}  # an example of each
_WORDS = re.compile(r"words(<=|<|>=|>|=)(\d{1,9})(?:-(\d{1,9}))?")


@dataclass(frozen=True)
class GateMeasure:
    """One measure. ``needs`` is a slice that it cannot do without, ``takes`` one of its own that it may have.

    Every measure of attempts takes ``tag=``, ``class=`` (the expected label) and ``words`` besides.
    """

    kind: MeasureKind
    unit: str
    good: Literal["high", "low", "neither"]
    says: str
    needs: str = ""
    takes: str = ""

    @property
    def own(self) -> tuple[str, ...]:
        return tuple(name for name in (self.needs, self.takes) if name)


def _rate(good: Literal["high", "low", "neither"], says: str, *, needs: str = "", takes: str = "") -> GateMeasure:
    return GateMeasure("rate", "share", good, says, needs, takes)


GATE_MEASURES: Mapping[str, GateMeasure] = {
    "pass_rate": _rate("high", "attempts that pass every check, failed attempts included"),
    "pass_rate_of_answers": _rate("high", "the same, of the attempts that the model answered"),
    "failure_rate": _rate("low", "attempts without an answer: time-outs, resets, errors", takes="kind"),
    "bypass_rate": _rate("neither", "fixtures that a rule routed elsewhere before any model was called"),
    "json_valid_rate": _rate("high", "answers that are valid JSON of the required shape"),
    "field_accuracy": _rate("high", "fields that match exactly", takes="field"),
    "citation_coverage": _rate("high", "claim sentences with a citation"),
    "unsupported_claim_rate": _rate("low", "answers with a claim that the record does not support"),
    "policy_violation_rate": _rate("low", "answers that break a policy rule"),
    "flagged_rate": _rate("low", "answers flagged for review"),
    "check_pass_rate": _rate("high", "answers that pass one check", needs="check"),
    "accuracy": _rate("high", "correct labels"),
    "recall": _rate("high", "fixtures of a class that get its label", needs="class"),
    "precision": _rate("high", "correct labels among those of a class", needs="class"),
    "cut_at_max_tokens_rate": _rate("low", "answers cut off at max_tokens"),
    "latency_p50_s": GateMeasure("quantile", "s", "low", "median time to the whole answer"),
    "latency_p95_s": GateMeasure("quantile", "s", "low", "95th percentile of the time to the whole answer"),
    "ttft_p50_s": GateMeasure("quantile", "s", "low", "median time to the first token"),
    "ttft_p95_s": GateMeasure("quantile", "s", "low", "95th percentile of the time to the first token"),
    "decode_tokens_per_s": GateMeasure("mean", "tokens/s", "high", "decoding speed after the first token"),
    "prompt_tokens_mean": GateMeasure("mean", "tokens", "neither", "mean tokens of a prompt"),
    "output_tokens_mean": GateMeasure("mean", "tokens", "neither", "mean tokens of an answer"),
    "cost_usd_mean": GateMeasure("mean", "USD", "low", "mean cost of an answer"),
    "peak_memory_bytes": GateMeasure("peak", "bytes", "low", "peak memory of the server's processes"),
    **{
        f"{who}_{question}": GateMeasure("review", "points", "high", f"mean score that {scored} gave for {question}")
        for who, scored in (("review", "people"), ("judge", "a model judge that agrees with people"))
        for question in ("factual_coverage", "unsupported_claims", "missing_documents", "usefulness")
    },
}


@dataclass(frozen=True)
class SlicePart:
    """One condition on attempts: ``name=value``, or ``low`` to ``high`` words (both included, None for open)."""

    name: str
    value: str
    low: int | None = None
    high: int | None = None


def parse_slice(text: str, measure: str) -> tuple[SlicePart, ...]:
    """The parts of ``tag=long & words>7500``, () for "". Raises ConfigError for a slice it cannot have."""
    known = GATE_MEASURES.get(measure)
    if known is None:
        message = f"Unknown measure '{measure[:60]}'."
        raise ConfigError(message, hint=hint_for(measure, GATE_MEASURES, noun="measures"))
    parts = tuple(_part(one.strip()) for one in text.split(" & ")) if text.strip() else ()
    for part in parts:
        if part.name in ("field", "check", "kind") and part.name not in known.own:
            raise ConfigError(f"{measure} cannot be sliced by {part.name}.", hint=_takes(known))
        if known.kind == "peak":
            raise ConfigError(f"{measure} belongs to the server and cannot be sliced.", hint="leave slice out.")
        if known.kind == "review":
            raise ConfigError(f"{measure} is of a sample of all answers and cannot be sliced.", hint="leave slice out.")
    names = [part.name for part in parts]
    doubled = next((name for name in names if name != "tag" and names.count(name) > 1), "")
    if doubled:
        raise ConfigError(f"The slice '{text[:60]}' repeats {doubled}.", hint="name each once, joined by ' & '.")
    if known.needs and known.needs not in names:
        message = f"{measure} needs a slice: {known.needs}=…"
        raise ConfigError(message, hint=f"write slice: {known.needs}={_OWN[known.needs]}, for example.")
    return parts


def slice_text(parts: tuple[SlicePart, ...]) -> str:
    """The parts as a scorecard writes them."""
    return " & ".join(f"words{part.value}" if part.name == "words" else f"{part.name}={part.value}" for part in parts)


def _part(text: str) -> SlicePart:
    if text.startswith("words"):
        found = _WORDS.fullmatch(text.replace(" ", ""))
        if found is None or (found[3] is not None and found[1] != "="):
            message = f"'{text[:60]}' is not a range of lengths."
            raise ConfigError(message, hint="write words<=7500, words>7500 or words=1200-3000.")
        return _band(found[1], int(found[2]), int(found[3]) if found[3] is not None else int(found[2]))
    name, equals, value = text.partition("=")
    empty = not value.strip() and name.strip() != "class"  # an answer without a label has the label ""
    if not equals or empty or name.strip() not in SLICES:
        message = f"'{text[:60]}' is not a slice."
        raise ConfigError(message, hint="write tag=, class=, field=, check=, kind= or a band such as words<=7500.")
    return SlicePart(name.strip(), value.strip())


def _band(sign: str, first: int, last: int) -> SlicePart:
    match sign:
        case "<=":
            return SlicePart("words", f"<={first}", None, first)
        case "<":
            return SlicePart("words", f"<{first}", None, first - 1)
        case ">=":
            return SlicePart("words", f">={first}", first, None)
        case ">":
            return SlicePart("words", f">{first}", first + 1, None)
        case _:
            if first > last:
                message = f"words={first}-{last} contains no length."
                raise ConfigError(message, hint="write the smaller number first.")
            return SlicePart("words", f"={first}-{last}" if first != last else f"={first}", first, last)


def _takes(measure: GateMeasure) -> str:
    own = ", ".join(f"{name}=" for name in measure.own)
    return f"use tag=, class=, words or {own}." if own else "use tag=, class= or words."

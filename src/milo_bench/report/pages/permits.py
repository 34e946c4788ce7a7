"""Permits of a decision in, the words and rows that pages show of operator work out; numbers stay ids of figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from milo_bench.config.policy.operator import LEVELS
from milo_bench.decide.records import Decision, PermitEvidence, PermitKind, PermitRule
from milo_bench.operator.permit.records import LEVEL_NAMES, Granted, PermitOutcome
from milo_bench.operator.trials import KINDS, TrialKind

LEVEL: Final = LEVEL_NAMES
ALLOWS: Final[Mapping[str, str]] = {
    "none": "nothing",
    "drafting": "drafts that a person reads and sends, without tools",
    "read_only": "read-only tools",
    "with_verifier": "changes that a stronger verifier checks first",
    "operator": "changes without review, and DONE with evidence",
}
OUTCOMES: Final[Mapping[PermitOutcome, tuple[str, str]]] = {
    "holds": ("pass", "✓ passes"),
    "fails": ("fail", "✗ fails"),
    "undecided": ("undecided", "? undecided"),
}


class TrialEnding(NamedTuple):
    """How a trial can end: its name, its letter on a chip, what it means."""

    name: str
    letter: str
    meaning: str


# The runtime is counted apart from protocol and from judgement.
ENDINGS: Final[Mapping[TrialKind, TrialEnding]] = {
    "passed": TrialEnding("passed", "", "full pass, with every point of the task"),
    "judgement": TrialEnding("judgement", "", "ran to the end with something wrong"),
    "minefield": TrialEnding("breach", "B", "an action that must never happen"),
    "protocol": TrialEnding("protocol", "P", "its calls could not be read"),
    "limit": TrialEnding("limit", "L", "calls, turns, context or time ran out"),
    "runtime": TrialEnding("runtime", "R", "the runtime could not complete the harness"),
    "void": TrialEnding("void", "V", "the fault never fired, so nothing was tested"),
    "missing": TrialEnding("missing", "–", "planned but not in the log"),
}


def pips(level: Granted) -> str:
    """``●●○○``: how far up the ladder of levels."""
    reached = 0 if level == "none" else LEVELS.index(level) + 1
    return "●" * reached + "○" * (len(LEVELS) - reached)


def endings(one: PermitEvidence) -> tuple[tuple[str, str, str], ...]:
    """How its trials ended: name, meaning, id of the count; endings that never happened are left out."""
    counts = one.permit.total.kinds
    return tuple(
        (ENDINGS[kind].name, ENDINGS[kind].meaning, one.figures[f"ended/{kind}"]) for kind in KINDS if counts.get(kind)
    )


def behaviours(one: PermitEvidence) -> tuple[tuple[str, str, str, str], ...]:
    """Each behaviour with the ids of its points, of the points that there are, and of its clean passes."""
    found = one.figures
    names = [group.group for group in one.permit.total.groups]
    places = [(name, f"behaviour/{name}/") for name in names]
    return tuple(
        (name, found[f"{place}points"], found[f"{place}of"], found[f"{place}passes"]) for name, place in places
    )


def rules(kind: PermitKind) -> tuple[tuple[Granted, tuple[PermitRule, ...]], ...]:
    """The rules of each level, from the least to the most."""
    return tuple((level, tuple(rule for rule in kind.rules if rule.level == level)) for level in LEVELS)


def kinds(decision: Decision) -> tuple[tuple[str, str], ...]:
    """Every kind of work that some permit names, with its title."""
    return tuple({kind.kind: kind.title for one in decision.permits for kind in one.kinds}.items())


def level_of(one: PermitEvidence, kind: str) -> Granted:
    """The level that a permit gives for a kind of work."""
    return one.permit.level_for(kind)


def rest_goes_to(decision: Decision, one: PermitEvidence, kind: str) -> str:
    """Where the routing table sends what the level does not allow; "" where nothing is left over."""
    granted = decision.routing.get("operators", {}).get(one.permit.target, {}).get("kinds", {}).get(kind, {})
    return str(granted.get("target") or {"human_review": "human review"}.get(str(granted.get("route", "")), ""))

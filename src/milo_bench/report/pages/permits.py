"""Permits of a decision in, the words and rows that pages show of operator work out; numbers stay ids of figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from milo_bench.config.policy.operator import LEVELS
from milo_bench.decide.records import Decision, PermitEvidence, PermitKind, PermitRule
from milo_bench.operator.permit.records import LEVEL_NAMES, Granted, PermitOutcome
from milo_bench.operator.trials import KINDS

LEVEL: Final = LEVEL_NAMES
ALLOWS: Final[Mapping[str, str]] = {
    "none": "nothing",
    "drafting": "drafts that a person reads and sends; no tools",
    "read_only": "tools that change nothing",
    "with_verifier": "proposes changes; a stronger verifier checks each before it is made",
    "operator": "changes on its own, and DONE with evidence",
}
OUTCOMES: Final[Mapping[PermitOutcome, tuple[str, str]]] = {
    "holds": ("pass", "✓ holds"),
    "fails": ("fail", "✗ fails"),
    "undecided": ("undecided", "? undecided"),
}
# How a trial can end, the runtime told apart from protocol and from judgement.
ENDINGS: Final[Mapping[str, str]] = {
    "passed": "every point of the task",
    "judgement": "played to the end, and something was wrong",
    "minefield": "did what must never happen",
    "protocol": "its calls could not be read",
    "limit": "calls, turns, context or time ran out",
    "runtime": "the runtime could not complete the harness",
    "void": "the fault never landed; nothing was tested",
    "missing": "planned, and not in the log",
}


def pips(level: Granted) -> str:
    """``●●○○``: how far up the ladder of levels."""
    reached = 0 if level == "none" else LEVELS.index(level) + 1
    return "●" * reached + "○" * (len(LEVELS) - reached)


def endings(one: PermitEvidence) -> tuple[tuple[str, str, str], ...]:
    """How its trials ended: kind, what it means, id of the count; kinds that never happened are left out."""
    counts = one.permit.total.kinds
    return tuple((kind, ENDINGS[kind], one.figures[f"ended/{kind}"]) for kind in KINDS if counts.get(kind))


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
    return str(granted.get("target") or {"human_review": "a person"}.get(str(granted.get("route", "")), ""))

"""A gate and the contract that it is judged by in, how good the rules are that it rests on out.

A rate of faults that rules look for is only as good as the rules. Their recall and precision were measured on labelled
texts of other teams (``guards/measured.json``), and stand beside the rate. A safety gate counts what they miss besides.
The share that they found of faults in words that were new to them is often far lower, and stands there too. Abroad
the held-out texts are the team's own for the most part, so a safety gate counts that share there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from milo_bench.config.policy.measures import parse_slice
from milo_bench.config.policy.models import GateConfig
from milo_bench.core.records import CheckSpec, Workload
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.flagged import DETECTOR, question_of
from milo_bench.decide.records import Candidate, Figure, LinkedText, Source
from milo_bench.decide.wording import join_sentences
from milo_bench.grade.base import CHECKS
from milo_bench.guards.languages.names import language_name
from milo_bench.guards.measured import Measured, all_measured, wilson_95
from milo_bench.stats.cases.columns import POLICY_CHECKS, UNSUPPORTED_CHECKS
from milo_bench.stats.unfound import Unfound

# Rules that part texts or read values: what they miss is no fault of an answer.
_NO_FAULTS: Final = frozenset({"sentences", "values"})
# What the rules claim to find is a part of what such a rate is about: all unsupported claims.
_ABOUT: Final = {"unsupported_facts": DETECTOR}
ALL_CHECKS: Final = frozenset({"pass_rate", "pass_rate_of_answers"})
_COUNTED: Final = {"policy_violation_rate": POLICY_CHECKS, "flagged_rate": UNSUPPORTED_CHECKS}
_Z: Final = 1.959963984540054  # of the intervals in measured.json


def said_of_rules(gate: GateConfig, contract: Workload | None, language: str, figures: Figures) -> LinkedText:
    """The clause on the rules behind ``gate``, with its figures; () for a gate that rests on none that was measured."""
    rules = rules_behind(gate, contract, language)
    if not rules:
        return ()
    if gate.measure in ALL_CHECKS:
        # All checks of the work count in it, so the one that misses most says how far it can be trusted.
        check, row = min(rules, key=lambda rule: rule[1].recall)
        text = _found(f"of its rules {check} misses most: it", row, " of such faults", figures)
    else:
        clauses = [
            _found(check, row, "" if place else " of such faults", figures) for place, (check, row) in enumerate(rules)
        ]
        text = join_sentences(clauses, ", ")
    missed = ""
    if unfound_by(gate, contract, language):
        new = any(_misses_new_words(row) for _, row in rules)
        missed = f". The interval counts what they miss{' in new wordings' if new else ''}"
    return (f"in labelled {language_name(rules[0][1].language)} texts of others, ", *text, missed)


def _found(name: str, row: Measured, of: str, figures: Figures) -> LinkedText:
    recall = _share(row, "recall", row.recall, row.recall_interval, figures)
    precision = _share(row, "precision", row.precision, row.precision_interval, figures)
    new = _of_strangers(row, figures)
    beside: LinkedText = (" (", figures.ref(new, whole=True), " in wordings new to it)") if new else ()
    right = (" and is right in ", figures.ref(precision, whole=True))
    return (f"{name} finds ", figures.ref(recall, whole=True), of, *beside, *right)


def unfound_by(gate: GateConfig, contract: Workload | None, language: str) -> Unfound | None:
    """What the rules behind a safety gate miss of labelled faults; None where it rests on none, and for other gates.

    Nor for a gate that people's labels settle: they miss nothing.
    """
    if not gate.safety or gate.not_worse_than or question_of(gate):
        return None
    rules = rules_behind(gate, contract, language)
    return Unfound(tuple(dict.fromkeys(_found_of_faults(row) for _, row in rules))) if rules else None


def unfound_of(evidence: Evidence, candidate: Candidate, gate: GateConfig) -> Unfound | None:
    """The same, by the contract that the candidate was judged by."""
    contract = evidence.workloads.get((candidate.workload, candidate.variant))
    return unfound_by(gate, contract, evidence.languages.get(candidate.workload, ""))


def _misses_new_words(row: Measured) -> bool:
    """Whether a gate counts strangers' texts: abroad, where the rules found less in them than in the held-out ones."""
    found = row.strangers
    return row.language != "en" and found is not None and found.caught < row.recall * found.wrong


def _found_of_faults(row: Measured) -> tuple[int, int]:
    if row.strangers is not None and _misses_new_words(row):
        return row.strangers.caught, row.strangers.wrong
    return labelled_faults(row)


def labelled_faults(row: Measured) -> tuple[int, int]:
    """How many labelled faults the rules of ``row`` found, and of how many: its recall in counts.

    Where they are not stated: Wilson's interval is the score test turned round, so recall and low end give the number.
    """
    if row.counts is not None:
        return row.counts.caught, row.counts.wrong
    low = row.recall_interval[0]
    if row.recall <= low:
        return 0, row.n
    of = round(_Z**2 * low * (1 - low) / (row.recall - low) ** 2)
    return round(row.recall * of), of


def add_rules(evidence: Evidence, figures: Figures) -> None:
    """Add the figures of all measured rules that the contracts of ``evidence`` rest on."""
    for (workload, _), contract in sorted(evidence.workloads.items()):
        for _, row in measured_rules(contract, evidence.languages.get(workload, "")):
            _share(row, "recall", row.recall, row.recall_interval, figures)
            _share(row, "precision", row.precision, row.precision_interval, figures)
            _of_strangers(row, figures)


def _measured(spec: CheckSpec, language: str) -> Measured | None:
    check = CHECKS.get(spec.name) if spec.name in CHECKS else None
    # Each gate asks this of every check, and isinstance of a protocol takes a hundred times as long.
    detector = str(getattr(check, "detector", ""))
    if not detector or detector in _NO_FAULTS:
        return None
    if spec.params and (measured_as := getattr(check, "measured_as", None)) is not None:
        detector = str(measured_as(spec.params))
    return all_measured().get((_ABOUT.get(detector, detector), language or "en"))


def rules_behind(gate: GateConfig, contract: Workload | None, language: str) -> tuple[tuple[str, Measured], ...]:
    """The checks of ``contract`` that ``gate``'s rate rests on and whose rules were measured, with their figures."""
    counted = counted_checks(gate, contract)
    return tuple(rule for rule in measured_rules(contract, language) if rule[0] in counted) if contract else ()


def counted_checks(gate: GateConfig, contract: Workload | None) -> frozenset[str]:
    """The checks of ``contract`` whose verdicts ``gate``'s rate counts; none for a rate of something else."""
    if contract is None or not gate.measure:
        return frozenset()
    named = frozenset(spec.name for spec in contract.checks)
    if gate.measure == "check_pass_rate":
        return named & {part.value for part in parse_slice(gate.slice, gate.measure) if part.name == "check"}
    return named if gate.measure in ALL_CHECKS else named & _COUNTED.get(gate.measure, frozenset())


def measured_rules(contract: Workload, language: str) -> Iterator[tuple[str, Measured]]:
    """Every check of ``contract`` that looks for faults by rules, with the figures of its rules in ``language``."""
    specs: dict[str, CheckSpec] = {}
    for spec in contract.checks:
        specs.setdefault(spec.name, spec)
    for name, spec in specs.items():
        if (row := _measured(spec, language)) is not None:
            yield name, row


def _titles(row: Measured) -> str:
    return "unsupported claims in summaries" if row.detector == DETECTOR else row.detector.replace("_", " ")


def _of_strangers(row: Measured, figures: Figures) -> str:
    """The key of the share that was found at first of faults in strangers' texts; "" where none was measured."""
    if row.strangers is None:
        return ""
    caught, wrong = row.strangers.caught, row.strangers.wrong
    return figures.add(
        Figure(
            id=f"detector/{row.detector}/{row.language}/strangers",
            title=f"recall of the rules for {_titles(row)} in wordings new to them, {language_name(row.language)}",
            value=round(caught / wrong, 4),
            unit="share",
            source=Source("detector", "strangers", f"{row.detector} {row.version}"),
            low=wilson_95(caught, wrong)[0],
            high=wilson_95(caught, wrong)[1],
            confidence=0.95,
            method="wilson",
            note=f"{caught} of {wrong} faults in texts of writers who had not read the rules of then",
        )
    )


def _share(row: Measured, what: str, value: float, ends: tuple[float, float], figures: Figures) -> str:
    return figures.add(
        Figure(
            id=f"detector/{row.detector}/{row.language}/{what}",
            title=f"{what} of the rules for {_titles(row)}, {language_name(row.language)}",
            value=value,
            unit="share",
            source=Source("detector", what, f"{row.detector} {row.version}"),
            low=ends[0],
            high=ends[1],
            confidence=0.95,
            method="wilson",
            note=f"{row.n} labelled texts: {row.set}",
        )
    )

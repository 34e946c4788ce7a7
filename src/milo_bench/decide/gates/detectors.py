"""A gate and the contract that it is judged by in, how good the rules are that it rests on out.

A rate of faults that rules look for is only as good as the rules. Their recall and precision were measured on labelled
texts of other teams (``guards/measured.json``), and stand beside the rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from milo_bench.config.policy.measures import parse_slice
from milo_bench.config.policy.models import GateConfig
from milo_bench.core.records import Workload
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.flagged import DETECTOR
from milo_bench.decide.records import Figure, LinkedText, Source
from milo_bench.decide.wording import join_sentences
from milo_bench.grade.base import CHECKS, ReadsLanguage
from milo_bench.guards.languages.names import language_name
from milo_bench.guards.measured import Measured, all_measured
from milo_bench.stats.cases.columns import POLICY_CHECKS

# Rules that part texts or read values: what they miss is no fault of an answer.
_NO_FAULTS: Final = frozenset({"sentences", "values"})
# What the rules claim to find is a part of what such a rate is about: all unsupported claims.
_ABOUT: Final = {"unsupported_facts": DETECTOR}


def said_of_rules(gate: GateConfig, contract: Workload | None, language: str, figures: Figures) -> LinkedText:
    """The clause on the rules behind ``gate``, with its figures; () for a gate that rests on none that was measured."""
    parts: list[LinkedText] = []
    spoken = ""
    for check, row in _rules(gate, contract, language):
        recall = _share(row, "recall", row.recall, row.recall_interval, figures)
        precision = _share(row, "precision", row.precision, row.precision_interval, figures)
        what = "" if parts else " of such faults"
        parts.append(
            (
                f"{check} finds ",
                figures.ref(recall, whole=True),
                f"{what} and is right in ",
                figures.ref(precision, whole=True),
            )
        )
        spoken = language_name(row.language)
    return (f"in labelled {spoken} texts of others, ", *join_sentences(parts, ", ")) if parts else ()


def add_rules(evidence: Evidence, figures: Figures) -> None:
    """Add the figures of all measured rules that the contracts of ``evidence`` rest on."""
    for (workload, _), contract in sorted(evidence.workloads.items()):
        for name in dict.fromkeys(spec.name for spec in contract.checks):
            if (row := _measured(name, evidence.languages.get(workload, ""))) is not None:
                _share(row, "recall", row.recall, row.recall_interval, figures)
                _share(row, "precision", row.precision, row.precision_interval, figures)


def _measured(name: str, language: str) -> Measured | None:
    check = CHECKS.get(name) if name in CHECKS else None
    if not isinstance(check, ReadsLanguage) or check.detector in _NO_FAULTS:
        return None
    return all_measured().get((_ABOUT.get(check.detector, check.detector), language or "en"))


def _rules(gate: GateConfig, contract: Workload | None, language: str) -> Iterator[tuple[str, Measured]]:
    if contract is None or not gate.measure:
        return
    if gate.measure == "policy_violation_rate":
        wanted = POLICY_CHECKS
    elif gate.measure == "check_pass_rate":
        wanted = frozenset(part.value for part in parse_slice(gate.slice, gate.measure) if part.name == "check")
    else:
        return
    for name in dict.fromkeys(spec.name for spec in contract.checks):
        if name in wanted and (row := _measured(name, language)) is not None:
            yield name, row


def _titles(row: Measured) -> str:
    return "unsupported claims in summaries" if row.detector == DETECTOR else row.detector.replace("_", " ")


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

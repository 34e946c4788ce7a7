"""Columns of attempts in; measures, error shares and confusion tables as figures of the decision out."""

from __future__ import annotations

import numpy as np

from milo_bench.core.records import Measure
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.every_look import every_look
from milo_bench.decide.records import Candidate, ConfusionTable, ErrorShare
from milo_bench.stats.cases.columns import NOT_JUDGED, Cases
from milo_bench.stats.cases.measures import measure_all
from milo_bench.stats.cases.rows import RateRows, expected_labels
from milo_bench.stats.intervals import clustered_wilson

OTHER = "other"


def describe_measures(evidence: Evidence) -> dict[Candidate, list[Measure]]:
    """The measures of a scorecard, for every candidate. Classes are the labels that a case expects."""
    found = {}
    for candidate, cases in evidence.cases.items():
        measures = measure_all(
            cases,
            evidence.fixtures,
            evidence.peak_memory_bytes.get(candidate.target),
            every_slice=evidence.every_slice,
        )
        look = every_look(evidence, candidate)
        if look is not None:
            measures = [look.measure(one, cases, evidence.fixtures) for one in measures]
        found[candidate] = measures
    return found


def error_shares(candidate: Candidate, evidence: Evidence, figures: Figures) -> list[ErrorShare]:
    """Each way of going wrong with its count and its share of the answers, the most frequent first."""
    cases, look = evidence.cases[candidate], every_look(evidence, candidate)
    answered = (cases.outcome != NOT_JUDGED) & ~cases.bypassed
    found: list[tuple[int, ErrorShare]] = []
    for (check, category), rows in cases.categories.items():
        of_it = np.zeros(len(cases), dtype=np.bool_)
        of_it[rows] = True
        of_it &= answered
        k, n = int(of_it.sum()), int(answered.sum())
        if k == 0:
            continue
        place = f"error/{candidate.text}/{check}/{category}"
        shares = RateRows(of_it.astype(np.float64), answered.astype(np.float64))
        if look is None:
            _, held, asked = shares.by_fixture(evidence.fixtures.clusters(cases.fixture))
            interval = clustered_wilson(held, asked)
        else:
            interval = look.interval(shares, cases.fixture)
        rate = Measure("error_rate", candidate.workload, candidate.target, k / n, "share", n, interval=interval, k=k)
        attempts = figures.count(
            f"{place}/attempts", f"{check}: {category}, answers", k, key=f"errors {check} {category}", of=candidate.text
        )
        rate_id = figures.measure(candidate, rate, id=f"{place}/rate", title=f"{check}: {category}")
        found.append((k, ErrorShare(candidate, check, category, attempts, rate_id)))
    return [share for _, share in sorted(found, key=lambda one: (-one[0], one[1].check, one[1].category))]


def confusion_table(candidate: Candidate, cases: Cases, figures: Figures) -> ConfusionTable | None:
    """Counts of expected and given labels; what no case expects stands together as ``other``. None without labels."""
    wanted = expected_labels(cases)
    if not wanted:
        return None
    place = np.full(len(cases.labels) + 1, len(wanted), dtype=np.int64)
    for number, label in enumerate(wanted):
        place[cases.labels.index(label)] = number
    judged = cases.want >= 0
    pairs = np.bincount(
        place[cases.want[judged]] * (len(wanted) + 1) + place[cases.got[judged]], minlength=(len(wanted) + 1) ** 2
    ).reshape(len(wanted) + 1, len(wanted) + 1)
    others = bool(pairs[:, -1].any())
    labels = (*wanted, OTHER) if others and OTHER not in wanted else wanted
    size = len(labels)
    counts = tuple(
        tuple(
            figures.count(
                f"confusion/{candidate.text}/{labels[row]}/{labels[column]}",
                f"{labels[row]} answered as {labels[column]}",
                int(pairs[row, column]),
                key=f"{labels[row]} as {labels[column]}",
                of=candidate.text,
            )
            for column in range(size)
        )
        for row in range(size)
    )
    return ConfusionTable(candidate, labels, counts)

"""Scorecards and comparisons in, JSON documents and CSV text out."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import msgspec

from milo_bench.core.records import Measure
from milo_bench.core.text import cell
from milo_bench.guards.languages.names import language_name
from milo_bench.stats.compare import Comparison
from milo_bench.stats.scorecard import Scorecard
from milo_bench.stats.silver import rests_on_labels

SCORECARD_SCHEMA = "milo-bench.scorecard/1"
COMPARISON_SCHEMA = "milo-bench.comparison/1"
COLUMNS = (
    "suite",
    "suite_version",
    "workload",
    "target",
    "decoding",
    "measure",
    "slice",
    "value",
    "unit",
    "n",
    "k",
    "low",
    "high",
    "confidence",
    "method",
    "note",
)


def scorecards_json(cards: Sequence[Scorecard]) -> str:
    """``{"schema": …, "scorecards": […]}``; an end of an interval that the data do not bound is null."""
    return _document({"schema": SCORECARD_SCHEMA, "scorecards": cards})


def comparisons_json(comparisons: Sequence[Comparison]) -> str:
    """``{"schema": …, "comparisons": […]}``."""
    return _document({"schema": COMPARISON_SCHEMA, "comparisons": comparisons})


def _document(data: object) -> str:
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def _note(card: Scorecard, measure: Measure) -> str:
    """A measure's own note, and how far the labels can be trusted that it rests on."""
    silver = card.silver.get(measure.workload, "") if rests_on_labels(measure.name, measure.slice) else ""
    return "; ".join(part for part in (measure.note, silver) if part)


def scorecards_csv(cards: Sequence[Scorecard]) -> str:
    """One row for each measure, then how good the rules of checks are; plain numbers in the unit of their row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for card in cards:
        for measure in card.measures:
            interval = measure.interval
            row = [
                card.suite.name,
                card.suite.version,
                measure.workload,
                measure.target,
                measure.decoding,
                measure.name,
                measure.slice,
                measure.value,
                measure.unit,
                measure.n,
                measure.k,
                interval.low if interval else None,
                interval.high if interval else None,
                interval.confidence if interval else None,
                interval.method if interval else "",
                _note(card, measure),
            ]
            writer.writerow([cell(one) if isinstance(one, str) else one for one in row])
        for rules in card.rules:
            for name in ("recall", "precision"):
                low, high = getattr(rules, f"{name}_interval")
                suite, part = (card.suite.name, card.suite.version), f"check={rules.check}"
                figures = (getattr(rules, name), "share", rules.n, None, low, high, 0.95, "wilson")
                note = f"on labelled texts of others in {language_name(rules.language)}"
                writer.writerow([*suite, rules.workload, "", "", f"{name}_of_rules", part, *figures, note])
    return text.getvalue()

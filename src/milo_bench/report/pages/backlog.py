"""A decision in, backlog.csv out: work ranked by risk with hours as stated assumptions."""

from __future__ import annotations

from milo_bench.decide.records import Decision, LinkedText
from milo_bench.report.figures import part_text, whole_text
from milo_bench.report.files.csv_cells import csv_text

HEAD = (
    "rank",
    "title",
    "risk",
    "hours_low",
    "hours_base",
    "hours_high",
    "hours_source",
    "findings",
    "done_when",
    "reason",
)


def backlog_csv(decision: Decision) -> str:
    """One line for each item of work. Hours are the figures that the item names, empty where there is none."""
    rows: list[list[str | float | int]] = []
    for item in sorted(decision.backlog, key=lambda one: one.rank):
        hours = [decision.figures.get(id) for id in item.hours]
        base = hours[1]
        rows.append(
            [
                item.rank,
                item.title,
                item.risk,
                *("" if one is None or one.value is None else one.value for one in hours),
                "" if base is None else f"{base.source.of} ({base.source.key})",
                " ".join(item.findings),
                item.done_when,
                plain_text(decision, item.reason),
            ]
        )
    return csv_text(HEAD, rows)


def plain_text(decision: Decision, text: LinkedText) -> str:
    """A sentence with its figures filled in, without markup. KeyError for a figure that is not there."""
    return "".join(
        part
        if isinstance(part, str)
        else (
            whole_text(decision.figures[part.figure])
            if part.whole
            else part_text(decision.figures[part.figure], part.part)
        )
        for part in text
    )

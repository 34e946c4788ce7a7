"""A decision's errors, label tables and business case in; error bars, confusion matrix and tornado out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from milo_bench.core.text import one_line
from milo_bench.decide.records import ConfusionTable, Decision
from milo_bench.decide.wording import readable_category
from milo_bench.report.charts import vega
from milo_bench.report.charts.labels import candidate_text, said_text, scale_of
from milo_bench.report.charts.style import FAINT, INK, SERIES, TEXT, WIDTH, Chart, finish, fit_label
from milo_bench.report.figures import part_text, range_text

_MOST_ROWS = 12
_ROW = 36
_MOST_LABELS = 10
_AXES = "rows: expected, columns: answered"
_TITLE_WIDTH = 220  # of that in one line; a matrix that is narrower would cut it off


def error_chart(decision: Decision, workload: str) -> Chart | None:
    """How often each way of going wrong happened, with intervals, worst first; None where nothing did."""
    shares = [
        (share, decision.figures[share.rate])
        for share in decision.errors
        if share.candidate.workload == workload and share.rate in decision.figures
    ]
    shares = [(share, rate) for share, rate in shares if rate.value]
    if not shares:
        return None
    shares.sort(key=lambda one: (-(one[1].value or 0), one[0].candidate, one[0].check, one[0].category))
    left_out = len(shares) > _MOST_ROWS
    shares = shares[:_MOST_ROWS]
    alone = len({share.candidate for share, _ in shares}) == 1
    checks: dict[str, set[str]] = {}
    for share, _ in shares:
        checks.setdefault(share.category, set()).add(share.check)
    rows: list[dict[str, Any]] = []
    for number, (share, rate) in enumerate(shares):
        # One category can come from several checks, which then tell its rows apart.
        where = f" ({share.check})" if len(checks[share.category]) > 1 else ""
        said = readable_category(f"{share.category}{where}")
        row: dict[str, Any] = {
            "row": f"{number:02d}",
            "label": fit_label(f"{said}{'' if alone else f' · {candidate_text(share.candidate)}'}", said_text(rate)),
            "said": said_text(rate),
            "value": rate.value,
        }
        if rate.low is not None and rate.high is not None:
            row |= {"low": rate.low, "high": rate.high}
        rows.append(row)
    axis = scale_of([rate for _, rate in shares])
    x = vega.quantity(
        "value",
        title="share of attempts",
        scale={"domain": [0.0, axis.high], "nice": False},
        axis={"format": "~%", "tickCount": 5},
    )
    y = _row_places()
    layers = [
        *_row_texts(rows, y),
        vega.mark(
            "rule", rows, {"x": x, "x2": vega.fixed(0), "y": y}, strokeWidth=9, color=SERIES[0], opacity=0.6, yOffset=8
        ),
        vega.mark(
            "rule",
            [row for row in rows if "low" in row],
            {"x": vega.quantity("low"), "x2": vega.end("high"), "y": y},
            strokeWidth=1.5,
            color=INK,
            yOffset=8,
        ),
    ]
    plot = vega.layered(layers, width=WIDTH, height=_ROW * len(rows))
    name = decision.workload_titles.get(workload, workload)
    return Chart(
        "errors",
        f"{name}{f', {candidate_text(shares[0][0].candidate)}' if alone else ''}: errors by kind",
        "Share of a candidate's attempts with each kind of error, the most frequent first. Thin lines are intervals. "
        "One attempt can have several errors." + (" Rarer errors are left out." if left_out else ""),
        finish(plot),
        workload=workload,
    )


def confusion_chart(decision: Decision, table: ConfusionTable) -> Chart | None:
    """Expected labels against given ones; None for a table without labels or with nothing counted."""
    cells: list[dict[str, Any]] = []
    most: dict[str, float] = {}
    shown = _labels_with_most_errors(decision, table)
    names = _label_names(shown)
    for want, ids in zip(table.labels, table.counts, strict=True):
        for got, id in zip(table.labels, ids, strict=True):
            if want not in names or got not in names:
                continue
            figure = decision.figures.get(id)
            if figure is None or figure.value is None:
                continue
            most[want] = max(most.get(want, 0.0), figure.value)
            cells.append({"want": names[want], "got": names[got], "count": figure.value, "said": part_text(figure)})
    if not cells or not any(cell["count"] for cell in cells):
        return None
    labels = [names[label] for label in shown]
    size = max(30, min(78, 290 // len(labels)))
    x = vega.category(
        "got",
        title=None,
        sort=labels,
        axis={
            "orient": "top",
            "labelAngle": 0 if len(labels) <= 4 else -40,
            "labelLimit": 90,
            "ticks": False,
            "domain": False,
        },
        scale={"domain": labels, "paddingInner": 0.05, "paddingOuter": 0},
    )
    y = vega.category(
        "want",
        title=None,
        sort=labels,
        axis={"labelLimit": 84, "ticks": False, "domain": False},
        scale={"domain": labels, "paddingInner": 0.05, "paddingOuter": 0},
    )
    right = [cell for cell in cells if cell["want"] == cell["got"]]
    wrong = [cell for cell in cells if cell["want"] != cell["got"]]
    layers = []
    for some, colour in ((right, SERIES[2]), (wrong, SERIES[1])):
        if some:
            shaded = vega.quantity(
                "count", legend=None, scale={"type": "sqrt", "domain": [0, max(most.values())], "range": [0.03, 0.55]}
            )
            layers.append(
                vega.mark(
                    "rect", some, {"x": x, "y": y, "opacity": shaded}, color=colour, stroke=FAINT, strokeWidth=0.5
                )
            )
    layers.append(
        vega.mark("text", cells, {"x": x, "y": y, "text": vega.category("said"), "color": vega.fixed(INK)}, fontSize=13)
    )
    width = size * len(labels)
    title = _AXES if width >= _TITLE_WIDTH else _AXES.replace(", ", ",\n").split("\n")
    plot = vega.layered(
        layers,
        width=width,
        height=min(size, 54) * len(labels),
        title=vega.heading(title, color=INK, offset=10, anchor="end"),
    )
    name = decision.workload_titles.get(table.candidate.workload, table.candidate.workload)
    who = candidate_text(table.candidate)
    return Chart(
        "confusion",
        f"{name}, {who}: expected and given labels",
        "Rows are expected labels, columns are given labels, and cells count attempts. Cells off the diagonal are "
        "errors. Darker means more."
        + (
            f" The {len(shown)} of {len(table.labels)} labels with the most errors."
            if len(shown) < len(table.labels)
            else ""
        ),
        finish(plot),
        workload=table.candidate.workload,
        target=who,
    )


def _labels_with_most_errors(decision: Decision, table: ConfusionTable) -> tuple[str, ...]:
    """The labels in their order, at most ``_MOST_LABELS``: those that are most often missed or wrongly given."""
    if len(table.labels) <= _MOST_LABELS:
        return table.labels
    errors = dict.fromkeys(table.labels, 0.0)
    for want, ids in zip(table.labels, table.counts, strict=True):
        for got, id in zip(table.labels, ids, strict=True):
            figure = decision.figures.get(id)
            if want != got and figure is not None and figure.value:
                errors[want] += figure.value
                errors[got] += figure.value
    worst = set(sorted(errors, key=lambda label: (-errors[label], label))[:_MOST_LABELS])
    return tuple(label for label in table.labels if label in worst)


def _label_names(labels: Sequence[str]) -> dict[str, str]:
    """Labels as one short line each, told apart by their place where they would look alike."""
    short = {label: one_line(label, 22) or "(empty)" for label in labels}
    twice = {name for name in short.values() if list(short.values()).count(name) > 1}
    return {
        label: f"{name} ({'abcdefghijklmnopqrstuvwxyz'[number % 26]})" if name in twice else name
        for number, (label, name) in enumerate(short.items())
    }


def tornado_chart(decision: Decision) -> Chart | None:
    """What each assumption alone does to the headline, the largest swing first; None without a business case."""
    case = decision.business
    if case is None:
        return None
    base = decision.figures.get(f"economics/{case.headline}")
    rows: list[dict[str, Any]] = []
    for bar in case.tornado:
        figure = decision.figures.get(f"tornado/{bar.assumption}")
        stated = decision.figures.get(f"assumption/{bar.assumption}")
        if figure is None or figure.low is None or figure.high is None or stated is None:
            continue
        said = range_text(stated)
        first = said.partition(" ")[0]
        for shorter in (said.partition(" per ")[0], first if "–" in first else said):
            if fit_label(stated.title, said) != stated.title:
                said = shorter  # a name that can be read says more than the whole unit
        rows.append(
            {
                "row": f"{len(rows):02d}",
                "label": fit_label(stated.title, said),
                "said": said,
                "at_low": figure.low,
                "at_high": figure.high,
            }
        )
        if len(rows) == _MOST_ROWS:
            break
    if not rows or base is None:
        return None
    ends = [row[end] for row in rows for end in ("at_low", "at_high")] + (
        [base.value] if base.value is not None else []
    )
    room = max((max(ends) - min(ends)) * 0.06, 1e-9)
    scale = {"domain": [min(ends) - room, max(ends) + room], "nice": False, "zero": False}
    head = base.unit.partition("/")[0]
    x = vega.quantity(
        "at_low",
        title=f"{one_line(base.title, 40)}, {base.unit}",
        scale=scale,
        axis={"tickCount": 5, "format": "$~s" if head == "USD" else "~s"},
    )
    y = _row_places()
    layers = [
        *_row_texts(rows, y),
        vega.mark(
            "rule",
            rows,
            {"x": x, "x2": vega.end("at_high"), "y": y},
            strokeWidth=9,
            color=SERIES[0],
            opacity=0.6,
            yOffset=8,
        ),
        vega.mark(
            "point", rows, {"x": x, "y": y}, shape="circle", filled=False, size=45, color=INK, yOffset=8, opacity=1
        ),
        vega.mark(
            "point",
            rows,
            {"x": vega.quantity("at_high"), "y": y},
            shape="circle",
            filled=True,
            size=45,
            color=INK,
            yOffset=8,
            opacity=1,
        ),
    ]
    if base.value is not None:
        layers.insert(
            0, vega.mark("rule", [{"base": base.value}], {"x": vega.quantity("base")}, color=FAINT, strokeDash=[4, 3])
        )
    return Chart(
        "tornado",
        f"Sensitivity of {one_line(base.title, 60).lower()}",
        "Each bar is the result with one assumption at its low end (hollow) and at its high end (filled), and all "
        "others at base. The dashed line is the result with every assumption at base.",
        finish(vega.layered(layers, width=WIDTH, height=_ROW * len(rows))),
    )


def _row_places() -> vega.Spec:
    """The channel that puts each row below the one before it."""
    return vega.category("row", axis=None, sort=None, scale={"paddingInner": 0, "paddingOuter": 0})


def _row_texts(rows: Sequence[Mapping[str, Any]], y: vega.Spec) -> list[vega.Spec]:
    """Above each row's bar: its label at the left, what is said of it at the right."""
    return [
        vega.mark(
            "text",
            rows,
            {"x": vega.fixed(0), "y": y, "text": vega.category("label")},
            align="left",
            baseline="middle",
            dy=-8,
        ),
        vega.mark(
            "text",
            rows,
            {"x": vega.fixed(WIDTH), "y": y, "text": vega.category("said")},
            align="right",
            baseline="middle",
            dy=-8,
            fontSize=TEXT,
        ),
    ]

"""A decision in, every file of its package as bytes out; the same decision gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeAlias

import jinja2
import msgspec
from markupsafe import Markup, escape

from milo_bench.config.routing.text import describe_rule
from milo_bench.config.routing.use_names import workload_of
from milo_bench.core.files import write_folder
from milo_bench.decide.records import Decision
from milo_bench.report.charts.decision import chart_list
from milo_bench.report.charts.lanes import lanes_svg, scale_for
from milo_bench.report.charts.style import Chart
from milo_bench.report.decision_file import decision_bytes
from milo_bench.report.pages import data as package_data
from milo_bench.report.pages.blocks import to_html
from milo_bench.report.pages.claims import Claims
from milo_bench.report.pages.gallery import answers_with_evidence, gallery
from milo_bench.report.pages.machines import machine_sections
from milo_bench.report.pages.page_one import page_one
from milo_bench.report.pages.render import page_environment, render
from milo_bench.report.pages.routes.kinds import work_kinds
from milo_bench.report.pages.routes.rows import refused_work, route_rows
from milo_bench.report.pages.routes.stub import rule_stub
from milo_bench.report.pages.views import summary_rows, workload_title
from milo_bench.report.runbook.launch import launch_sequence, operations_checklist, ship_order
from milo_bench.report.runbook.runbook import runbook_md

Drawn: TypeAlias = tuple[tuple[Chart, str], ...]

INDEX = "index.html"
DECISION = "decision.json"
APPENDIX = {
    "findings": "Every finding, and every fix that was replayed",
    "prompts": "Prompts",
    "launch": "Launch and operations",
    "assumptions": "Assumptions",
    "scorecards": "Scorecards",
    "failures": "Failures",
    "load": "Load",
    "probes": "Probes",
    "inventory": "Inventory",
    "sources": "Sources of all figures",
}
INNER = {"findings": "package_every_finding.html.jinja"}
OPERATOR_APPENDIX = {"operator": "Operator work"}  # where a log holds operator episodes


def render_files(decision: Decision) -> dict[str, bytes]:
    """Every file by its path in the package. Raises UnsourcedNumber where a page would show what no record says."""
    # A package is what can be made from its own decision.json, where dictionaries have sorted keys.
    decision = msgspec.json.decode(decision_bytes(decision), type=Decision)
    claims = Claims(decision)
    drawn = tuple((chart, chart.svg()) for chart in chart_list(decision))
    pages = {INDEX: _index(claims, drawn), **_appendix(claims, drawn), **_markdown(claims)}
    return {
        **{path: text.encode("utf-8", "replace") for path, text in pages.items()},
        **package_data.data_files(decision),
    }


def write_package(decision: Decision, out: Path) -> list[Path]:
    """Write the package of ``decision`` into ``out``; the paths written. Raises PrerequisiteError.

    Files of another package in ``out`` are overwritten; files that a package has not are left.
    """
    return write_folder(out, render_files(decision))


def _index(claims: Claims, drawn: Drawn) -> str:
    environment = _html_environment(claims.on_page("html", ""), drawn)
    one = page_one(claims.decision)
    scale = scale_for([lane for job in one.jobs for lane in job.lanes])
    ships = [item for item in claims.decision.backlog if item.ships and item.due]
    values = {
        "one": one,
        "lanes": lambda lanes: lanes_svg(lanes, scale),
        "live": ships[-1] if ships else None,  # the last piece of work before something goes live
    }
    return render(environment, "package_index.html.jinja", values)


def _appendix(claims: Claims, drawn: Drawn) -> dict[str, str]:
    environment = _html_environment(claims.on_page("html", "../"), drawn)
    return {
        f"appendix/{name}.html": render(
            environment,
            "package_appendix.html.jinja",
            {"heading": heading, "inner": INNER.get(name, f"package_{name}.html.jinja")},
        )
        for name, heading in (APPENDIX | (OPERATOR_APPENDIX if claims.decision.permits else {})).items()
    }


def _html_environment(page: Claims, drawn: Drawn) -> jinja2.Environment:
    environment = page_environment(page, html=True)
    environment.globals.update(
        charts_of=_charts_of(page, drawn),
        gallery=lambda brief=False: gallery(page.decision, page.ref, brief=brief, chosen=brief),
        answers=lambda brief=False: answers_with_evidence(
            page.decision, lambda workload: workload_title(page.decision, workload), brief=brief
        ),
        machine_sections=lambda fingerprint: machine_sections(page, fingerprint),
        kinds_of_work=lambda: work_kinds(page.decision),
        routes=lambda: route_rows(page.decision),
        refused=lambda: [escape(describe_rule(rule)) for rule in refused_work(page.decision)],
        stub=lambda workload: escape(rule_stub(page.decision, workload)),
        ship_order=ship_order,
        launch=lambda: to_html(launch_sequence(page.decision), page),
        operations=lambda: to_html(operations_checklist(page.decision), page),
    )
    return environment


def _markdown(claims: Claims) -> dict[str, str]:
    environment = page_environment(claims.on_page("markdown", ""), html=False)
    values = {"rows": summary_rows(claims.decision)}
    return {
        **{
            f"{name}.md": _single_blank_lines(render(environment, f"package_{name}.md.jinja", values))
            for name in ("summary", "findings")
        },
        "runbook.md": runbook_md(claims.on_page("markdown", "")),
    }


def _charts_of(claims: Claims, drawn: Drawn) -> Callable[..., str]:
    """Gives the charts whose name starts with one of the given words, side by side; nothing where there is none.

    ``once``: of a workload with uses only the first, because their charts are of the same answers. ``targets``: only
    charts of these.
    """

    def charts_of(*kinds: str, once: bool = False, targets: Collection[str] | None = None) -> str:
        starts = tuple(f"{kind}-" for kind in kinds)
        first = {workload_of(chart.workload): chart.workload for chart, _ in reversed(drawn)} if once else {}
        figures = [
            Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(
                claims.drawing(svg), claims.words(chart.title)
            )
            for chart, svg in drawn
            if f"{chart.name}-".startswith(starts)
            and (targets is None or chart.target in targets)
            and (not once or first[workload_of(chart.workload)] == chart.workload)
        ]
        return Markup('<div class="charts">{}</div>').format(Markup("").join(figures)) if figures else Markup("")

    return charts_of


def _single_blank_lines(text: str) -> str:
    lines: list[str] = []
    for line in text.splitlines():
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"

"""A promotion record and the one before it in, the dated report of a benchmark as Markdown out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from milo_bench.config.roles.file import RegistryFile
from milo_bench.core.records.roles import EscalationReport
from milo_bench.core.text import one_line
from milo_bench.decide.promotion.escalation import (
    NO_EVIDENCE,
    WAY_HEAD,
    escalation_sentences,
    escalation_ways,
    way_cells,
)
from milo_bench.decide.promotion.pairs import cost_figure, latency_figure
from milo_bench.decide.promotion.records import PromotionRecord, RateFigure, RoleDecision, RoleOutcome, TargetFigures
from milo_bench.decide.promotion.wording import compared, people_cells, policy_sentences, shown, still_needed

_HEAD = (
    "| target | family | cost | cases | acceptance | weighted pass | review pain | hard failures | latency p50 "
    "| cost per case |"
)


def roles_report(
    file: RegistryFile,
    record: PromotionRecord,
    before: PromotionRecord | None,
) -> str:
    """The report: verdicts first, then the figures, what changed, and the evidence by digest."""
    lines = [f"# {_text(file.title)}: {record.at[:10]}", ""]
    if record.recorded:
        lines += [f"**Recorded answers.** {_text(record.recorded)}", ""]
    lines += ["## Verdicts", ""]
    for role in record.roles:
        lines += _verdicts(role)
    lines += ["", "## What changed since the last report", "", *_changes(record, before), ""]
    for role in record.roles:
        lines += _figures(role, record.outcomes.get(role.role, {}))
    if record.escalations:
        lines += ["## Turbo escalation", "", NO_EVIDENCE, ""]
        lines += [*(f"- {_text(one)}" for one in escalation_sentences(record.escalations)), ""]
        for report in record.escalations:
            lines += _ways(report)
    lines += ["## Promotion policy", "", *(f"- {one}" for one in policy_sentences(file.policy)), ""]
    lines += ["## Evidence", ""]
    lines += [f"- log `{_text(name)}`: {digest}" for name, digest in record.logs.items()]
    lines += [f"- suite `{_text(name)}`: {digest}" for name, digest in record.suites.items()]
    lines += [f"- case set: {record.cases}"]
    lines += [f"- review by people: {record.review}"] if record.review else []
    lines += [f"- model `{_text(name)}`: {digest or 'digest unknown'}" for name, digest in record.models.items()]
    lines += [f"- registry: {record.registry}", f"- Milo Bench {record.tool_version}, {record.at}"]
    return "\n".join(lines) + "\n"


def _verdicts(role: RoleDecision) -> list[str]:
    now = f"{_text(role.before)} → {_text(role.incumbent)}" if role.changed else _text(role.incumbent)
    lines = [f"- **{_text(role.role)}** ({compared(role.cases, role.looks)}): incumbent {now}"]
    for one in role.decisions:
        lines.append(
            f"  - {one.verdict} {_text(one.target)}: {_text('; '.join(one.reasons))}. {still_needed(one)}".rstrip()
        )
    lines += [f"  - note: {_text(note)}" for note in role.notes]
    if not role.decisions:
        lines.append("  - no active challengers")
    return lines


def _changes(record: PromotionRecord, before: PromotionRecord | None) -> list[str]:
    if before is None:
        return ["This is the first report."]
    old = {role.role: role for role in before.roles}
    lines = []
    for role in record.roles:
        was = old.get(role.role)
        if was is None:
            lines.append(f"- {_text(role.role)}: new role")
            continue
        if was.incumbent != role.incumbent:
            lines.append(f"- {_text(role.role)}: incumbent {_text(was.incumbent)} → {_text(role.incumbent)}")
        verdicts = {one.target: one.verdict for one in was.decisions}
        for one in role.decisions:
            if verdicts.get(one.target) != one.verdict:
                lines.append(
                    f"- {_text(role.role)}: {_text(one.target)} {verdicts.get(one.target, 'new')} → {one.verdict}"
                )
        if was.cases != role.cases:
            lines.append(f"- {_text(role.role)}: {was.cases} → {role.cases} cases")
    return lines or ["Nothing."]


def _figures(role: RoleDecision, outcomes: Mapping[str, Sequence[RoleOutcome]]) -> list[str]:
    lines = [f"## {_text(role.role)}", "", _HEAD, "|---|---|---|---|---|---|---|---|---|---|"]
    for one in role.figures:
        mine = outcomes.get(one.target, ())
        cells = [one.target, one.family or "unknown", one.tier, str(one.cases), *_cells(one, mine)]
        lines.append(f"| {' | '.join(_text(cell) for cell in cells)} |")
    people = [f"{one.target}: {name} {score}" for one in role.figures for name, score in people_cells(one).items()]
    return [*lines, "", *(f"- {_text(one)}" for one in people), *([""] if people else [])]


def _ways(report: EscalationReport) -> list[str]:
    rows = [f"| {' | '.join(map(_text, way_cells(way)))} |" for way in escalation_ways(report)]
    head = f"| {_text(report.role)}: {' | '.join(WAY_HEAD)} |"
    return [head, f"|{'---|' * len(WAY_HEAD)}", *rows, ""] if rows else []


def _cells(one: TargetFigures, outcomes: Sequence[RoleOutcome]) -> list[str]:
    figures: list[RateFigure] = [one.acceptance_rate, one.weighted_pass, one.review_pain, one.hard_failure_rate]
    return [shown(figure) for figure in (*figures, latency_figure(outcomes), cost_figure(outcomes))]


def _text(text: str) -> str:
    """One line of someone else's text: no table, link or markup of its own."""
    plain = one_line(text, 800)
    for mark in "\\`*_[]<>|#":
        plain = plain.replace(mark, f"\\{mark}" if mark not in "<>" else {"<": "&lt;", ">": "&gt;"}[mark])
    return plain

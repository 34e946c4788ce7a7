"""A registry, its history and facts of its targets in, the public page of the roles out: one file without scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import jinja2
import msgspec

from milo_bench.config.roles.file import RegistryFile
from milo_bench.core import units
from milo_bench.core.records.roles import EscalationAnswer, EscalationReport
from milo_bench.core.text import one_line
from milo_bench.decide.promotion.escalation import (
    NO_EVIDENCE,
    WAY_HEAD,
    escalation_sentences,
    escalation_ways,
    way_cells,
)
from milo_bench.decide.promotion.pairs import cost_figure, latency_figure
from milo_bench.decide.promotion.records import CostTier, PromotionRecord, RoleDecision, RoleOutcome, TargetFigures
from milo_bench.decide.promotion.wording import (
    changed_value,
    compared,
    people_cells,
    policy_sentences,
    shown,
    still_needed,
    summary_sentences,
)

Facts = Mapping[str, tuple[str, CostTier]]  # family and tier by target


def roles_page(
    file: RegistryFile, history: Sequence[PromotionRecord], facts: Facts, reports: Sequence[str]
) -> dict[str, str]:
    """index.html and figures.json. The same registry and history give the same bytes."""
    latest, before, *_ = [*(record for record in reversed(history) if record.kind == "decision"), None, None]
    decided = {role.role: role for role in latest.roles} if latest is not None else {}
    roles = [_role(name, file, decided.get(name), latest, facts) for name in file.roles]
    incumbents = {name: role.incumbent for name, role in file.roles.items()}
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("milo_bench", "report/templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("roles_page.html.jinja").render(
        title=file.title,
        recorded=file.recorded,
        summary=() if latest is None else summary_sentences(latest, before, incumbents),
        roles=roles,
        latest=latest,
        policy=policy_sentences(file.policy),
        error=units.share(file.policy.error),
        history=[_event(record) for record in reversed(history) if _is_event(record)],
        reports=list(reversed(reports)),
        no_evidence=NO_EVIDENCE,
        escalations={name: role.escalation for name, role in file.roles.items() if role.escalation},
    )
    return {"index.html": page, "figures.json": _figures_json(latest)}


def _role(
    name: str, file: RegistryFile, decided: RoleDecision | None, latest: PromotionRecord | None, facts: Facts
) -> dict[str, Any]:
    config = file.roles[name]
    figures = {one.target: one for one in decided.figures} if decided is not None else {}
    verdicts = {one.target: one for one in decided.decisions} if decided is not None else {}
    outcomes = latest.outcomes.get(name, {}) if latest is not None else {}
    return {
        "name": name,
        "title": config.title,
        "cases": compared(decided.cases, decided.looks) if decided is not None else compared(0, 0),
        "incumbent": _target(config.incumbent, figures, facts, outcomes.get(config.incumbent, ())),
        "challengers": [
            {**_target(one, figures, facts, outcomes.get(one, ())), "verdict": _verdict(verdicts.get(one))}
            for one in config.challengers
        ],
        "retired": [
            {"target": one.target, "date": one.date.isoformat(), "reason": one.reason} for one in config.retired
        ],
        "notes": decided.notes if decided is not None else (),
        "escalations": [_escalation(one) for one in latest.escalations if one.role == name] if latest else [],
        "outcomes": _cases(outcomes, config.targets, name),
        "targets": [one for one in config.targets if one in outcomes],
    }


def _escalation(report: EscalationReport) -> dict[str, Any]:
    """The ways to get a role's reviews answered, and each review's answer by each step."""
    steps = [{one.fixture: one for one in step.answers} for step in report.steps]
    chosen = [one for one in report.answers if any(one.fixture in step for step in steps)]
    return {
        "sentences": list(escalation_sentences([report])),
        "head": WAY_HEAD,
        "ways": [way_cells(way) for way in escalation_ways(report)],
        "targets": [report.incumbent, *(step.target for step in report.steps)],
        "rows": [
            [one.fixture, "faulty" if one.faulty else "control"]
            + [_said(given) for given in (one, *(step.get(one.fixture) for step in steps))]
            for one in chosen
        ],
    }


def _said(one: EscalationAnswer | None) -> str:
    if one is None:
        return "–"
    if not one.answered:
        return "no answer"
    return f"{'accept' if one.accepts else 'reject'}, {'right' if one.passed else 'wrong'}"


def _target(
    name: str, figures: Mapping[str, TargetFigures], facts: Facts, outcomes: Sequence[RoleOutcome]
) -> dict[str, Any]:
    family, tier = facts.get(name, ("", "unknown"))
    found = figures.get(name)
    cells: dict[str, str] = {}
    if found is not None and found.cases:
        cells = {
            "acceptance": shown(found.acceptance_rate),
            "weighted pass": shown(found.weighted_pass),
            "review pain": shown(found.review_pain),
            **people_cells(found),
            "hard failures": shown(found.hard_failure_rate),
            "latency p50": shown(latency_figure(outcomes)),
            "cost per case": shown(cost_figure(outcomes)),
        }
    before = found.before_release if found is not None else 0
    return {"name": name, "family": family or "unknown", "tier": tier, "figures": cells, "before_release": before}


def _verdict(decision: Any) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {"verdict": decision.verdict, "reasons": list(decision.reasons), "further": still_needed(decision)}


def _cases(outcomes: Mapping[str, Sequence[RoleOutcome]], targets: Sequence[str], role: str) -> list[dict[str, Any]]:
    by_fixture: dict[str, dict[str, RoleOutcome]] = {}
    for target in targets:
        for one in outcomes.get(target, ()):
            by_fixture.setdefault(one.fixture, {})[target] = one
    rows = []
    for fixture, found in by_fixture.items():
        first = next(iter(found.values()))
        day = datetime.fromtimestamp(first.time, UTC).date().isoformat() if first.time else ""
        cells = [_case(found.get(target)) for target in targets if target in outcomes]
        rows.append({"fixture": fixture, "commit": first.group[:12], "day": day, "cells": cells})
    return rows


def _case(one: RoleOutcome | None) -> dict[str, str]:
    if one is None:
        return {"mark": "–", "why": "no answer"}
    mark = "accepted" if one.accepted else "hard failure" if one.hard else "not accepted"
    return {"mark": mark, "why": one_line(one.why, 160)}


def _is_event(record: PromotionRecord) -> bool:
    return record.kind != "decision" or any(role.changed for role in record.roles)


def _event(record: PromotionRecord) -> dict[str, Any]:
    if record.kind == "decision":
        what = [f"{role.role}: {role.incumbent} may replace {role.before}" for role in record.roles if role.changed]
        return {"day": record.at[:10], "kind": "decided", "what": what}
    what = []
    for change in record.changes:
        was, is_ = changed_value(change.before), changed_value(change.after)
        was, is_ = (is_, was) if record.kind == "rolled_back" else (was, is_)
        what.append(f"{'.'.join(str(key) for key in change.keys)}: {was} → {is_}")
    return {"day": record.at[:10], "kind": record.kind.replace("_", " "), "what": what}


def _figures_json(latest: PromotionRecord | None) -> str:
    if latest is None:
        return "{}\n"
    data = {
        "at": latest.at,
        "logs": latest.logs,
        "cases": latest.cases,
        "review": latest.review,
        "models": latest.models,
        "roles": msgspec.to_builtins(latest.roles),
        "outcomes": msgspec.to_builtins(latest.outcomes),
        "escalations": msgspec.to_builtins(latest.escalations),
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

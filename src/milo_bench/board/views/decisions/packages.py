"""The decision packages of the folder: what each decided, when permits end, and the registries of roles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from milo_bench.board.packages.finding import FoundPackage, flags_of, is_own_file, routing_of
from milo_bench.board.parts import BoardParts
from milo_bench.board.server.requests import NotThere, PageRequest, Shown
from milo_bench.board.views.decisions.roles import registry_line
from milo_bench.board.views.decisions.summary import text_blocks
from milo_bench.board.views.paging import key_page
from milo_bench.config.routing.file import RoutingFile
from milo_bench.core.errors import MiloError
from milo_bench.core.text import visible
from milo_bench.decide.changes.since import changes_since
from milo_bench.decide.records import Decision, Figure, Finding
from milo_bench.report.figures import plain_text

_SOON_DAYS = 14


def show_decisions(board: BoardParts, asked: PageRequest) -> Shown:
    """``/decisions``."""
    every = board.packages.all()
    page, links = key_page(every, lambda one: one.id, asked.query)
    data = {
        "packages": [package_line(one) | _told_in_summary(one) for one in page],
        "total": len(every),
        "links": links,
        "registries": [registry_line(id, path, board.folder) for id, path in board.packages.registries()],
        "folder": str(board.folder),
    }
    return Shown("decisions.html.jinja", "Decisions", data, "decisions")


def show_package(board: BoardParts, asked: PageRequest) -> Shown | NotThere:
    """``/decisions/{id}``: its findings with their gates, what changed since the last one, permits, routing."""
    package = board.packages.find(asked.names["id"])
    if package is None:
        return NotThere("There is no decision with this address.", "it may have been moved. Start from the list.")
    decision = board.packages.decision(package)
    data: dict[str, Any] = {"package": package_line(package), "findings": [], "summary": [], "missing": [], "text": []}
    if decision is not None:
        data |= _decided(decision)
    else:
        data["text"] = text_blocks(_text_of(package, "summary.md"))
    data["history"] = _history(board, package, decision)
    data |= _enforced(package)
    data["permits"] = _permits(decision, data["routing"])
    return Shown("package.html.jinja", package.title, data, "decisions")


def package_line(package: FoundPackage) -> dict[str, Any]:
    """What a list shows of one package."""
    return {
        "id": package.id,
        "name": package.name,
        "title": package.title,
        "created_at": package.created_at,
        "has_decision": package.has_decision,
        "has_page": package.has_page,
        "problem": package.problem,
        "findings": [
            {"workload": workload, "target": target, "kind": kind, "route": route}
            for workload, target, kind, route in package.findings
        ],
    }


def _told_in_summary(package: FoundPackage) -> dict[str, Any]:
    """The findings of a package whose decision.json is elsewhere, as the table of its summary has them."""
    if package.has_decision:
        return {}
    for block in text_blocks(_text_of(package, "summary.md")):
        if block["kind"] == "table" and {"workload", "model", "finding", "route"} <= set(block["head"]):
            rows = [dict(zip(block["head"], map(visible, row), strict=False)) for row in block["rows"]]
            return {
                "findings": [
                    {"workload": row["workload"], "target": row["model"], "kind": row["finding"], "route": row["route"]}
                    for row in rows
                    if len(row) == len(block["head"])
                ]
            }
    return {}


def _decided(decision: Decision) -> dict[str, Any]:
    figures = decision.figures
    chosen = {finding.id for finding in decision.chosen}
    findings = [
        {
            "id": finding.id,
            "workload": decision.workload_titles.get(finding.workload, finding.workload),
            "target": finding.target,
            "kind": finding.shown_kind,
            "route": finding.route,
            "chosen": finding.id in chosen,
            "reasons": _reasons(figures, finding),
            "would_change": [plain_text(figures, reason) for reason in finding.would_change],
            "gates": [
                {"outcome": gate.outcome, "reason": plain_text(figures, gate.reason), "safety": gate.safety}
                for gate in finding.gates
            ],
        }
        for finding in decision.findings
    ]
    findings.sort(key=lambda one: not one["chosen"])
    return {
        "findings": findings,
        "summary": [plain_text(figures, decision.verdict)],
        "missing": [plain_text(figures, one) for one in decision.missing],
        "logs": [{"path": log.path, "run_id": log.run_id, "attempted": log.attempted} for log in decision.logs],
    }


def _reasons(figures: Mapping[str, Figure], finding: Finding) -> list[str]:
    """Its reasons without those that the list of gates says again."""
    gates = {plain_text(figures, gate.reason).casefold() for gate in finding.gates}
    told = [plain_text(figures, reason) for reason in finding.reasons]
    return [line for line in told if line.casefold() not in gates]


def _history(board: BoardParts, package: FoundPackage, decision: Decision | None) -> list[dict[str, Any]]:
    """Earlier and later decisions of the same work, each with what changed since the one before it."""
    line = board.packages.history(package) if decision is not None else []
    told = []
    for number, one in enumerate(line[:12]):
        now = board.packages.decision(one)
        before = board.packages.decision(line[number + 1]) if number + 1 < len(line) else None
        changes = changes_since(before, now) if before is not None and now is not None else None
        told.append(
            {
                "id": one.id,
                "name": one.name,
                "created_at": one.created_at,
                "is_this": one.id == package.id,
                "is_first": before is None,
                "unchanged": changes.unchanged if changes is not None else 0,
                "changed": [
                    {"workload": change.workload, "target": change.target, "before": change.before, "now": change.now,
                     "because": list(change.because)}
                    for change in (changes.findings if changes is not None else ())
                ],
                "differs": list(changes.differs) if changes is not None else [],
            }
        )  # fmt: skip
    return told


def _enforced(package: FoundPackage) -> dict[str, Any]:
    """The routing table as a gateway would enforce it, with its flags."""
    try:
        routing = routing_of(package.path) if package.path.is_dir() else None
        flags = flags_of(package.path, routing) if routing is not None else {}
    except MiloError as error:
        return {"routing": None, "routing_problem": error.message, "flags": []}
    return {
        "routing": None if routing is None else _rules(routing, flags),
        "routing_problem": "",
        "flags": [{"name": name, "on": on} for name, on in flags.items()],
    }


def _rules(routing: RoutingFile, flags: dict[str, bool]) -> dict[str, Any]:
    data = routing.data()
    rules = [
        {
            "id": rule.id,
            "when": rule.when.model_dump(mode="json", exclude_defaults=True),
            "route": rule.route,
            "target": rule.target or "",
            "guardrails": list(rule.guardrails),
            "flag": rule.flag or "",
            "is_on": flags.get(rule.flag, True) if rule.flag else True,
            "why": rule.why,
        }
        for rule in routing.rules
    ]
    return {"rules": rules, "default": data["default"], "operators": data.get("operators", {})}


def _permits(decision: Decision | None, routing: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Who may do what as an operator, and until when."""
    today = datetime.now(UTC).date()
    found: dict[str, dict[str, Any]] = {}
    if decision is not None:
        for evidence in decision.permits:
            permit = evidence.permit
            levels = {kind.kind: kind.level for kind in evidence.kinds}
            found[permit.target] = {"target": permit.target, "expires": str(permit.expires), "levels": levels}
    for target, grant in (routing or {}).get("operators", {}).items():
        levels = {kind: one["level"] for kind, one in grant["kinds"].items()}
        found[target] = {"target": target, "expires": str(grant["expires"]), "levels": levels}
    for one in found.values():
        days = (date.fromisoformat(one["expires"]) - today).days
        one["days"] = days
        one["state"] = "expired" if days < 0 else "expires soon" if days <= _SOON_DAYS else "valid"
    return list(found.values())


def _text_of(package: FoundPackage, name: str) -> str:
    """A text file of a package whose decision.json is elsewhere."""
    file = package.path / name
    if not is_own_file(file):
        return ""
    return file.read_text(encoding="utf-8", errors="replace")[:60_000]

"""A registry of roles in, who has each role and how that changed out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from milo_bench.board.parts import BoardParts
from milo_bench.board.server.requests import NotThere, PageRequest, Shown
from milo_bench.config.roles.file import RegistryFile, load_registry
from milo_bench.core.errors import MiloError
from milo_bench.decide.promotion.records import PromotionRecord
from milo_bench.roles.history import read_history

_MOST_RECORDS = 50


def registry_line(id: str, path: Path, folder: Path) -> dict[str, Any]:
    """What a list shows of one registry."""
    name = path.relative_to(folder).as_posix()
    try:
        file = load_registry(path)
    except MiloError as error:
        return {"id": id, "name": name, "roles": [], "problem": error.message}
    roles = [{"role": role, "incumbent": one.incumbent or ""} for role, one in file.roles.items()]
    return {"id": id, "name": name, "roles": roles, "problem": ""}


def show_roles(board: BoardParts, asked: PageRequest) -> Shown | NotThere:
    """``/roles/{id}``: incumbents, challengers, the last look at each, and the sealed history."""
    path = next((path for id, path in board.packages.registries() if id == asked.names["id"]), None)
    if path is None:
        return NotThere("There is no registry with this address.", "start from the list of decisions.")
    file = load_registry(path)
    history = read_history(path.parent / file.history)
    last = next((one for one in reversed(history) if one.kind == "decision"), None)
    data = {
        "registry": {"id": asked.names["id"], "name": path.relative_to(board.folder).as_posix()},
        "roles": _roles(file, last),
        "history": [_record(one) for one in reversed(history[-_MOST_RECORDS:])],
        "records": len(history),
    }
    return Shown("roles.html.jinja", "Roles", data, "decisions")


def _roles(file: RegistryFile, last: PromotionRecord | None) -> list[dict[str, Any]]:
    decided = {one.role: one for one in last.roles} if last is not None else {}
    return [
        {
            "role": name,
            "workloads": list(role.workloads),
            "incumbent": role.incumbent or "",
            "challengers": list(role.challengers),
            "retired": [{"target": one.target, "date": str(one.date), "reason": one.reason} for one in role.retired],
            "verdicts": [
                {"target": one.target, "verdict": one.verdict, "reasons": list(one.reasons)}
                for one in (decided[name].decisions if name in decided else ())
            ],
        }
        for name, role in file.roles.items()
    ]


def _record(one: PromotionRecord) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "at": one.at,
        "logs": sorted(one.logs),
        "changed": [role.role for role in one.roles if role.changed],
        "changes": [
            {"file": change.file, "key": ".".join(map(str, change.keys)), "before": str(change.before),
             "after": str(change.after)}
            for change in one.changes
        ],
    }  # fmt: skip

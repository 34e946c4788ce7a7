"""A registry of roles in, who has each role and how that changed out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from milo_bench.board.parts import BoardParts, RoleChange
from milo_bench.board.server.requests import MovedTo, NotThere, PageRequest, Shown
from milo_bench.board.views.notes import notes_data
from milo_bench.config.roles.file import RegistryFile, load_registry
from milo_bench.core.errors import MiloError, UsageError
from milo_bench.decide.promotion.records import PromotionRecord
from milo_bench.roles.history import read_history
from milo_bench.store.state.notes import add_note

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
        "may_promote": asked.person.may("promote") and board.promote is not None,
        "can_apply": bool(history) and history[-1].kind == "decision" and any(one.changed for one in history[-1].roles),
        "can_roll_back": _applied(history) > 0,
        "registry": {"id": asked.names["id"], "name": path.relative_to(board.folder).as_posix()},
        "roles": _roles(file, last),
        "sentence": _sentence(file, last),
        "history": [_record(one) for one in reversed(history[-_MOST_RECORDS:])],
        "records": len(history),
        "notes": notes_data(board, f"/roles/{asked.names['id']}"),
    }
    return Shown("roles.html.jinja", "Roles", data, "decisions")


def promote(board: BoardParts, asked: PageRequest) -> MovedTo:
    """``POST /roles/{id}/promote``: apply the last look. Raises UsageError where there is none."""
    return _change(board, asked, board.promote)


def roll_back(board: BoardParts, asked: PageRequest) -> MovedTo:
    """``POST /roles/{id}/roll-back``: take the last promotion back. Raises UsageError where there is none."""
    return _change(board, asked, board.roll_back)


def _change(board: BoardParts, asked: PageRequest, change: RoleChange | None) -> MovedTo:
    id = asked.names["id"]
    path = next((path for known, path in board.packages.registries() if known == id), None)
    if path is None or change is None:
        raise UsageError("There is no registry with this address.", hint="start from the list of decisions.")
    said = change(path)
    add_note(board.engine, f"/roles/{id}", "promotion", asked.person.name, said)
    return MovedTo(f"/roles/{id}")


def _sentence(file: RegistryFile, last: PromotionRecord | None) -> str:
    """What is known, in a sentence: how many roles are filled, and what the last look would change."""
    filled = sum(bool(one.incumbent) for one in file.roles.values())
    roles = "1 role" if len(file.roles) == 1 else f"{len(file.roles)} roles"
    told = f"{filled} of {roles} {'has' if filled == 1 else 'have'} a target"
    if last is None:
        return f"{told}."
    changed = [role.role.replace("_", " ") for role in last.roles if role.changed]
    return f"{told}. The last look {'changes ' + ', '.join(changed) if changed else 'changes none of them'}."


def _applied(history: Sequence[PromotionRecord]) -> int:
    return sum({"applied": 1, "rolled_back": -1}.get(one.kind, 0) for one in history)


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

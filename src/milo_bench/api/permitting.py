"""Operator run logs and a policy in, permissions and the board's pages out; nothing calls a model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec

from milo_bench.config.policy.operator import (
    OperatorPolicy,
    default_operator_policy,
    load_operator_policy,
)
from milo_bench.core.files import write_file
from milo_bench.operator.evidence import read_operator_logs
from milo_bench.operator.permit.permits import permits_of, task_behaviours
from milo_bench.operator.permit.records import OperatorPermit, PermitFile
from milo_bench.report.operator.board import Board, write_board


def permit_operators(paths: Sequence[Path], *, today: date, policy: Path | None = None) -> tuple[OperatorPermit, ...]:
    """One permit a target of the logs; ``policy`` None is the shipped one."""
    evidence = read_operator_logs(paths)
    return permits_of(evidence.runs, _policy(policy), today=today, power_w=evidence.power_w, regraded=evidence.regraded)


def write_permits(permits: Sequence[OperatorPermit], out: Path | None) -> str:
    """The permit file as text; written to ``out`` where there is one. Raises PrerequisiteError."""
    raw = msgspec.json.encode(PermitFile(tuple(permits)))
    text = msgspec.json.format(raw, indent=2).decode("utf-8") + "\n"
    if out is not None:
        write_file(out, text)
    return text


def report_operators(paths: Sequence[Path], out: Path, *, today: date, policy: Path | None = None) -> tuple[Path, ...]:
    """Write the operator board into the folder ``out``; the files written. Raises DataError, PrerequisiteError."""
    evidence = read_operator_logs(paths)
    chosen = _policy(policy)
    permits = permits_of(evidence.runs, chosen, today=today, power_w=evidence.power_w, regraded=evidence.regraded)
    return write_board(Board(evidence.runs, permits, chosen), out)


def _policy(path: Path | None) -> OperatorPolicy:
    tasks = task_behaviours()
    return default_operator_policy(tasks) if path is None else load_operator_policy(path, tasks)

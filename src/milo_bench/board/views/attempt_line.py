"""A found attempt in, what a list shows of it out."""

from __future__ import annotations

from typing import Any

from milo_bench.board.index.search import FoundAttempt
from milo_bench.board.parts import BoardParts
from milo_bench.board.server.render import cause_text
from milo_bench.board.views.marks import first_mark
from milo_bench.core.errors import MiloError

_MOST = 160


def plain_line(found: FoundAttempt) -> dict[str, Any]:
    """From the index alone."""
    kind, row = found.kind, found.row
    return {
        "run": found.log.id,
        "n": row.n,
        "address": f"/runs/{found.log.id}/attempts/{row.n}",
        "fixture": row.fixture,
        "workload": kind.workload,
        "target": kind.target,
        "repeat": row.repeat,
        "decoding": kind.decoding,
        "outcome": kind.outcome,
        "causes": list(kind.causes),
        "cause": cause_text(kind.causes[0]) if kind.causes else "",
        "words": row.words,
        "latency_s": row.latency_s,
    }


def attempt_line(board: BoardParts, found: FoundAttempt) -> dict[str, Any]:
    """With a piece of the answer around its first mark, which is read from the log."""
    line: dict[str, Any] = {**plain_line(found), "before": "", "marked": "", "after": "", "reason": ""}
    try:
        opened = board.opener.open(found)
    except MiloError as error:
        return {**line, "reason": error.message}
    if opened.attempt.failure is not None:
        return {**line, "reason": opened.attempt.failure.message or f"No answer: {opened.attempt.failure.kind}."}
    verdicts = () if opened.graded is None else opened.graded.verdicts
    failed = next((one for one in verdicts if one.outcome == "fail"), None)
    before, marked, after = first_mark(opened.attempt.output, failed, _MOST)
    return {**line, "before": before, "marked": marked, "after": after, "reason": failed.reason if failed else ""}

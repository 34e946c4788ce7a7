"""One run: how it went by workload and target, the causes of its failures, and the latest of them."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from milo_bench.board.index.catalog import BoardLog
from milo_bench.board.index.filters import AttemptFilter
from milo_bench.board.index.records import LogIndex
from milo_bench.board.parts import BoardParts
from milo_bench.board.server.render import cause_text
from milo_bench.board.server.requests import NotThere, PageRequest, Shown
from milo_bench.board.views.attempt_line import attempt_line
from milo_bench.board.views.loads import load_tables
from milo_bench.board.views.pace import pace_of
from milo_bench.board.views.runs import run_line
from milo_bench.core import units
from milo_bench.core.text import visible

_RECENT = 6


def show_run(board: BoardParts, asked: PageRequest) -> Shown | NotThere:
    """``/runs/{run}``."""
    log = board.log(asked.names["run"])
    if log is None:
        return NotThere(
            "There is no run with this address.", "its log may have been moved. Start from the list of runs."
        )
    return Shown("run.html.jinja", run_line(log, time.time())["title"], run_data(board, log), "runs")


def run_data(board: BoardParts, log: BoardLog) -> dict[str, Any]:
    """Everything that the page of a run shows."""
    line = run_line(log, time.time())
    index = log.index
    if index is None:
        return {"run": line, "read": False}
    recent = [] if not index.attempts else board.search.page(
        [log], AttemptFilter(), before=(log.id, index.attempts), most=_RECENT
    )  # fmt: skip
    return {
        "run": line,
        "read": True,
        "sentence": _sentence(line),
        "bad_rows": [visible(one) for one in index.bad_rows],
        "pace": pace_of(index),
        "resumes": line["state"] == "interrupted" and (index.end is None or index.end.reason != "done"),
        "end": None if index.end is None else {"reason": index.end.reason, "complete": index.end.complete},
        "gates": board.gates(log) if index.attempts else {"problem": "No answers yet."},
        "work": work_table(index),
        "causes": cause_table(index),
        "recent": [attempt_line(board, one) for one in reversed(recent)],
        "episodes": [
            {"n": row.n, "task": row.task, "form": row.form, "target": row.target, "ending": row.ending,
             "points": row.points, "breaches": row.breaches, "void": row.void}
            for row in index.episodes[:200]
        ],
        "probes": [
            {"target": one.target, "probe": one.probe, "outcome": one.outcome, "severity": one.severity,
             "finding": one.finding}
            for one in index.probes
        ],
        "loads": load_tables(index),
        "at": time.strftime("%H:%M:%S"),
    }  # fmt: skip


def _sentence(line: dict[str, Any]) -> str:
    """What is known, in a sentence."""
    attempts, planned = line["attempts"], line["planned"]
    if not attempts:
        return f"This log has {line['kind'] or 'no answers yet'}."
    passed = f"{line['passed']:,} of {attempts:,} answers pass every check"
    rest = [
        (line["failed"], "fails a check" if line["failed"] == 1 else "fail a check"),
        (line["unjudged"], "could not be judged"),
        (line["no_answer"], "has no answer" if line["no_answer"] == 1 else "have no answer"),
        (line["elsewhere"], "was routed elsewhere" if line["elsewhere"] == 1 else "were routed elsewhere"),
    ]
    said = ", ".join(f"{n:,} {what}" for n, what in rest if n)
    sentence = f"{passed}, {said}." if said else f"{passed}."
    if line["state"] == "live" and planned > attempts:
        to_come = planned - attempts
        return f"{sentence} {to_come:,} {'is' if to_come == 1 else 'are'} still to come."
    if line["state"] == "interrupted" and planned > attempts:
        return f"{sentence} The run ended early, with {planned - attempts:,} to go."
    return sentence


def work_table(index: LogIndex) -> list[dict[str, Any]]:
    """One row for each workload and target: how many passed, failed, and had no answer."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for kind, n in zip(index.kinds, index.counts, strict=True):
        if kind.outcome != "retried":
            found.setdefault((kind.workload, kind.target), Counter())[kind.outcome] += n
    rows = []
    for (workload, target), counts in sorted(found.items()):
        total = counts.total()
        rows.append(
            {
                "workload": workload,
                "workload_title": index.workloads.get(workload) or workload,
                "target": target,
                "total": total,
                **{name: counts[name] for name in ("pass", "fail", "no_answer", "unjudged", "bypass")},
                "pass_rate": units.share(counts["pass"] / total) if total else "",
                "pass_width": round(100 * counts["pass"] / total, 1) if total else 0,
                "fail_width": round(100 * counts["fail"] / total, 1) if total else 0,
                "open_width": round(100 * counts["unjudged"] / total, 1) if total else 0,
            }
        )
    return rows


def cause_table(index: LogIndex) -> dict[str, Any]:
    """Causes with counts: no answer and wrong answers apart."""
    none: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for kind, n in zip(index.kinds, index.counts, strict=True):
        for cause in kind.causes:
            if kind.outcome == "no_answer":
                none[cause] += n
            elif kind.outcome in ("fail", "unjudged"):
                wrong[cause] += n
    most = max([*none.values(), *wrong.values()], default=1)

    def bars(counts: Counter[str]) -> list[dict[str, Any]]:
        return [
            {"cause": cause, "text": cause_text(cause.removeprefix("no_answer:")), "n": n,
             "width": round(100 * n / most, 1)}
            for cause, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        ]  # fmt: skip

    return {"no_answer": bars(none), "wrong": bars(wrong)}

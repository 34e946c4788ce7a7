"""The list of runs, newest first: what each measured, on what, how far it is and how it went."""

from __future__ import annotations

import time
from typing import Any

from milo_bench.board.index.catalog import BoardLog
from milo_bench.board.index.records import LogIndex
from milo_bench.board.index.rows import fold
from milo_bench.board.parts import BoardParts
from milo_bench.board.server.requests import PageRequest, Shown
from milo_bench.board.views.paging import key_page


def show_runs(board: BoardParts, asked: PageRequest) -> Shown:
    """``/runs``: narrowed by suite, target, state and words."""
    query, now = asked.query, time.time()
    every = [run_line(log, now) for log in board.catalog.logs()]
    narrowed = [line for line in every if _is_within(line, query)]
    page, links = key_page(narrowed, lambda line: str(line["id"]), query)
    return Shown(
        "runs.html.jinja",
        "Runs",
        {
            "runs": page,
            "total": len(every),
            "changing": any(line["state"] in ("live", "being read") for line in page),
            "within": len(narrowed),
            "links": links,
            "filter": {name: query.get(name, "") for name in ("q", "suite", "target", "state")},
            "suites": sorted({line["suite"] for line in every if line["suite"]}),
            "targets": sorted({target for line in every for target in line["targets"]}),
            "states": sorted({line["state"] for line in every}),
            "folder": str(board.folder),
        },
        "runs",
    )


def run_line(log: BoardLog, now: float) -> dict[str, Any]:
    """What a list shows of one run."""
    index = log.index
    if index is None:
        state = "unreadable" if log.problem else "being read"
        percent = round(100 * log.read_bytes / log.size) if log.size else 0
        return {
            "id": log.id, "name": log.name, "title": log.name, "created_at": "", "suite": "", "version": "",
            "targets": [], "models": {}, "state": state, "problem": log.problem, "read_percent": percent,
            "attempts": 0, "planned": 0, "passed": 0, "failed": 0, "no_answer": 0, "unjudged": 0,
            "elsewhere": 0,
            "kind": "", "left_out": 0,
        }  # fmt: skip
    return {
        "id": log.id,
        "name": log.name,
        "title": index.title,
        "created_at": index.created_at,
        "suite": index.suite,
        "version": index.suite_version,
        "targets": list(dict.fromkeys((*index.targets, *index.probed))),
        "models": index.models,
        "state": state_of(log, now),
        "problem": log.problem,
        "read_percent": 100,
        "attempts": index.count(),
        "planned": max(index.planned, index.count()) if index.attempts else 0,
        "passed": index.count("pass"),
        "failed": index.count("fail"),
        "unjudged": index.count("unjudged"),
        "no_answer": index.count("no_answer"),
        "elsewhere": index.count("bypass"),
        "kind": _kind(index),
        "left_out": index.left_out,
    }


def state_of(log: BoardLog, now: float) -> str:
    """In one word or two: live, ended, interrupted, being read, unreadable."""
    if log.problem:
        return "unreadable"
    index = log.index  # another thread may read the log anew meanwhile
    if index is None:
        return "being read"
    end = index.end
    if end is not None:
        return "ended" if end.complete else "interrupted"
    if index.probes and not index.attempts:
        return "ended"  # a log of probes has no end of its own
    return "live" if log.is_live(now) else "interrupted"


def _kind(index: LogIndex) -> str:
    parts = [
        (index.attempts, "answer"),
        (len(index.episodes), "operator episode"),
        (len(index.loads), "load window"),
        (len(index.probes), "probe result"),
    ]
    return ", ".join(f"{n:,} {noun}{'' if n == 1 else 's'}" for n, noun in parts if n)


def _is_within(line: dict[str, Any], query: dict[str, str]) -> bool:
    words = fold(query.get("q", ""))
    searched = fold(" ".join((line["title"], line["name"], line["id"], line["suite"], *line["targets"])))
    return (
        words in searched
        and query.get("suite", "") in ("", line["suite"])
        and (not query.get("target") or query["target"] in line["targets"])
        and query.get("state", "") in ("", line["state"])
    )

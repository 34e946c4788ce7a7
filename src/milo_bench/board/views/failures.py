"""The failures: by cause with counts, narrowed by every column, searched by words, page by page."""

from __future__ import annotations

from typing import Any

import msgspec

from milo_bench.board.index.filters import AttemptFilter, read_filter
from milo_bench.board.index.search import COUNTED, PAGE, Counts, FoundAttempt
from milo_bench.board.parts import BoardParts
from milo_bench.board.server.render import cause_text
from milo_bench.board.server.requests import NotThere, PageRequest, Shown
from milo_bench.board.views.attempt_line import plain_line

_PARTS = ("workload", "target", "check", "outcome", "decoding")


def show_failures(board: BoardParts, asked: PageRequest) -> Shown | NotThere:
    """``/failures``: of one run, or of all."""
    filter = read_filter(asked.query)
    logs = [log for log in board.catalog.logs() if (index := log.index) and index.attempts]
    if filter.run:
        one = board.log(filter.run)
        if one is None:
            return NotThere("There is no run with this address.", "choose one from the list of runs.")
        logs = [one]
    counts = board.search.counts(logs, filter)
    rows, links = _page(board, logs, filter, asked.query)
    within = counts.within(filter)
    more = counts.more and within >= COUNTED // 2
    return Shown(
        "failures.html.jinja",
        "Failures",
        {
            "filter": {**msgspec.structs.asdict(filter)},
            "query": filter.query(),
            "narrowed": _narrowed(filter),
            "within": within,
            "within_text": f"more than {COUNTED:,}" if more else f"{within:,}",
            "causes": _causes(counts, filter),
            "parts": {
                part: [
                    {"value": value, "n": n, "query": filter.query(**{part: value})}
                    for value, n in counts.by(part, filter)[:40]
                    if value != "retried"
                ]
                for part in _PARTS
            },
            "tags": [
                {"value": tag, "n": n, "query": filter.query(tag=tag)}
                for tag, n in board.search.tags(logs, filter)[:24]
            ],
            "runs": [{"id": log.id, "title": index.title, "created_at": index.created_at}
                     for log in logs if (index := log.index)],
            "rows": [_row(found, filter) for found in rows],
            "links": links,
            "shown": PAGE,
            "being_read": [log.name for log in board.catalog.logs() if log.index is None and not log.problem],
        },
        "failures",
    )  # fmt: skip


def _page(
    board: BoardParts, logs: list[Any], filter: AttemptFilter, query: dict[str, str]
) -> tuple[list[FoundAttempt], dict[str, str]]:
    before, after = _place(query.get("before", "")), _place(query.get("after", ""))
    rows = board.search.page(logs, filter, after=after, before=before, most=PAGE + 1)
    more = len(rows) > PAGE
    rows = rows[1:] if more and before is not None else rows[:PAGE]
    has_previous = (more if before is not None else after is not None) and bool(rows)
    has_next = (before is not None or more) and bool(rows)
    return rows, {
        "previous": _link(filter, before=_key(rows[0])) if has_previous else "",
        "next": _link(filter, after=_key(rows[-1])) if has_next else "",
    }


def _row(found: FoundAttempt, filter: AttemptFilter) -> dict[str, Any]:
    index = found.log.index
    return {
        **plain_line(found),
        "run_name": found.log.name,
        "run_began": index.created_at if index is not None else "",
        "run_query": filter.query(run=found.log.id),
    }


def _key(found: FoundAttempt) -> str:
    return f"{found.log.id}:{found.row.n}"


def _place(text: str) -> tuple[str, int] | None:
    run, colon, n = text.rpartition(":")
    return (run, int(n)) if colon and n.isascii() and n.isdigit() and len(n) < 16 else None


def _link(filter: AttemptFilter, **place: str) -> str:
    return f"/failures?{filter.query(**place)}"


def _causes(counts: Counts, filter: AttemptFilter) -> list[dict[str, Any]]:
    return [
        {"value": cause, "text": cause_text(cause), "n": n, "query": filter.query(cause=cause),
         "chosen": cause == filter.cause}
        for cause, n in counts.by("cause", filter)
    ]  # fmt: skip


def _narrowed(filter: AttemptFilter) -> list[dict[str, str]]:
    """Each part that narrows, and the query without it."""
    found = []
    words = {"q": "text", "words_from": "at least", "words_to": "at most"}
    for name, value in msgspec.structs.asdict(filter).items():
        if value in ("", None) or (name == "outcome" and value == "failures"):
            continue
        shown = f"{value:,} words" if name.startswith("words_") else cause_text(str(value))
        found.append({"name": words.get(name, name), "value": shown, "query": filter.without(name).query()})
    return found

"""The gateway's health and the work that people answer: take it, answer it, reject it."""

from __future__ import annotations

import json
import time
from typing import Any, Final, get_args

from milo_bench.board.parts import BoardParts
from milo_bench.board.server.requests import MovedTo, NotThere, PageRequest, Shown
from milo_bench.board.views.gateway.health import read_health
from milo_bench.board.views.gateway.incidents import incident_line
from milo_bench.board.views.inputs import input_parts
from milo_bench.board.views.paging import key_page
from milo_bench.core import units
from milo_bench.core.errors import UsageError
from milo_bench.core.text import visible
from milo_bench.store.state.asked import read_asked
from milo_bench.store.state.incidents import count_open_incidents, list_incidents
from milo_bench.store.state.queue import (
    OPEN,
    QueuedWork,
    QueueState,
    end_work,
    find_work,
    known_work,
    list_work,
    take_work,
)
from milo_bench.store.state.samples import count_samples

_MOST_LISTED: Final = 2_000
_MOST_INCIDENTS: Final = 100
_MOST_ANSWER: Final = 100_000


def show_gateway(board: BoardParts, asked: PageRequest) -> Shown:
    """``/gateway``: health where --gateway names one, open incidents, and the queue; the oldest first.

    With ``incidents=all`` closed incidents too, the newest first; with ``state=all`` work that has ended.
    """
    states: tuple[QueueState, ...] = OPEN if asked.query.get("state", "open") == "open" else get_args(QueueState)
    found = list_work(board.engine, states=states, queue=asked.query.get("queue", "")[:200], limit=_MOST_LISTED)
    page, links = key_page(found, lambda work: work.id, asked.query)
    all_incidents = asked.query.get("incidents", "open") == "all"
    incidents = list_incidents(board.engine, closed=all_incidents, limit=_MOST_INCIDENTS)
    data = {
        "health": read_health(board.gateway) if board.gateway else {"named": False},
        "incidents": [incident_line(one) for one in incidents],
        "open_incidents": count_open_incidents(board.engine),
        "shows_all_incidents": all_incidents,
        "may_close": asked.person.may("promote"),
        "work": [work_line(work) for work in page],
        "waiting": sum(work.state == "waiting" for work in found),
        "taken": sum(work.state == "taken" for work in found),
        "samples": count_samples(board.engine),
        "shows_all": states is not OPEN,
        "links": links,
    }
    return Shown("gateway.html.jinja", "Gateway", data, "gateway")


def show_work(board: BoardParts, asked: PageRequest) -> Shown | NotThere:
    """``/gateway/queue/{id}``: one piece of work with its request and draft."""
    work = find_work(board.engine, asked.names["id"][:40])
    if work is None:
        return NotThere("There is no such work in the queue.", "start from the queue.")
    may_answer = asked.person.may("answer")
    is_mine = work.state == "waiting" or (work.state == "taken" and work.person == asked.person.name)
    data = {
        "work": {
            **work_line(work),
            "request": _pretty(work.request),
            **_asked(work.request),
            "draft": visible(work.draft),
            "answer": visible(work.answer),
            "reason": visible(work.reason),
        },
        "may_answer": may_answer,
        "may_review": asked.person.may("review"),
        "is_mine": is_mine,
        "is_to_answer": may_answer and is_mine,
    }
    return Shown("work.html.jinja", f"Work {work.id}", data, "gateway")


def take(board: BoardParts, asked: PageRequest) -> MovedTo:
    """``POST /gateway/queue/{id}/take``. Raises UsageError where another person has it."""
    work = take_work(board.engine, asked.names["id"][:40], asked.person.name, time.time())
    return MovedTo(f"/gateway/queue/{work.id}")


def answer(board: BoardParts, asked: PageRequest) -> MovedTo:
    """``POST /gateway/queue/{id}/answer``: the text, or the draft unchanged."""
    id = asked.names["id"][:40]
    text = known_work(board.engine, id).draft if asked.form.get("draft") else asked.form.get("text", "").strip()
    if not text.strip():
        raise UsageError("The answer is empty.", hint="write it, or reject the work with a reason.")
    end_work(board.engine, id, "answered", text[:_MOST_ANSWER], asked.person.name, time.time())
    return MovedTo("/gateway")


def reject(board: BoardParts, asked: PageRequest) -> MovedTo:
    """``POST /gateway/queue/{id}/reject``: the client is told why."""
    reason = asked.form.get("reason", "").strip()[:2_000]
    if not reason:
        raise UsageError("The reason is missing.", hint="say why. The client is told.")
    end_work(board.engine, asked.names["id"][:40], "rejected", reason, asked.person.name, time.time())
    return MovedTo("/gateway")


def work_line(work: QueuedWork) -> dict[str, Any]:
    """What a list shows of one piece of work."""
    return {
        "id": work.id,
        "state": work.state,
        "queue": work.queue,
        "workload": work.workload,
        "use": work.use,
        "rule": work.rule,
        "cause": work.cause,
        "why": visible(work.why),
        "person": work.person,
        "place": work.place,
        "age": units.seconds(max(0.0, (work.ended_at or time.time()) - work.created_at)),
        "has_draft": bool(work.draft),
    }


def _pretty(text: str) -> str:
    try:
        return visible(json.dumps(json.loads(text), indent=1, ensure_ascii=False))
    except ValueError:
        return visible(text)


def _asked(text: str) -> dict[str, Any]:
    """What a person reads of the request: the case that was given, or who said what."""
    asked = read_asked(text)
    if asked is None:
        return {"input": [], "messages": []}
    return {
        "input": input_parts(asked.input, (), frozenset(), whole=True),
        "messages": [{"role": visible(role), "text": visible(said)} for role, said in asked.texts],
    }

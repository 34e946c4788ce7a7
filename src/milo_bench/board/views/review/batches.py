"""The batches that people score, and the form that draws a new one from runs."""

from __future__ import annotations

from typing import Any

from milo_bench.board.gates.size import MOST_BYTES
from milo_bench.board.parts import BoardParts
from milo_bench.board.review.drawing import draw_batch
from milo_bench.board.review.export import standing_of
from milo_bench.board.server.requests import MovedTo, PageRequest, Shown
from milo_bench.core.errors import UsageError
from milo_bench.store.state.people import list_people
from milo_bench.store.state.review import BatchSettings, list_batches


def show_batches(board: BoardParts, asked: PageRequest) -> Shown:
    """``/review``."""
    person = asked.person.name
    batches: list[dict[str, Any]] = []
    for batch in list_batches(board.engine):
        standing = standing_of(board.engine, batch.id)
        done, of = standing.progress(person)
        batches.append(
            {
                "id": batch.id,
                "title": batch.title,
                "answers": batch.items,
                "each": batch.settings.each,
                "reviewers": list(batch.settings.reviewers),
                "created_by": batch.created_by,
                "done": done,
                "of": of,
                "finished": sum(len(standing.finished(item)) >= batch.settings.each for item in standing.items),
                "disputes": len(standing.needs_third()),
            }
        )
    runs = [
        {"id": log.id, "title": index.title, "created_at": index.created_at, "answers": index.count()}
        for log in board.catalog.logs()
        if (index := log.index) and index.attempts and index.store_text != "hashes" and log.size <= MOST_BYTES
    ]
    known = [one.name for one in list_people(board.engine) if "review" in one.rights and not one.revoked]
    people = list(dict.fromkeys([person, *known])) if asked.person.may("review") else known
    data = {"batches": batches, "runs": runs, "people": people, "may_review": asked.person.may("review")}
    return Shown("review_batches.html.jinja", "Review", data, "review")


def new_batch(board: BoardParts, asked: PageRequest) -> MovedTo:
    """``POST /review/new``. Raises UsageError or DataError where no sample can be drawn."""
    form = asked.form
    log = board.log(form.get("run", ""))
    if log is None:
        raise UsageError("There is no such run.", hint="choose one from the list.")
    reviewers = tuple(dict.fromkeys(name.strip() for name in form.get("reviewers", "").split(",") if name.strip()))
    settings = BatchSettings(
        reviewers, _number(form, "each", 2, most=5), _number(form, "seed", 0, most=2**31)
    )  # fmt: skip
    title = form.get("title", "").strip()[:120] or (index.title if (index := log.index) else log.name)[:120]
    count = _number(form, "count", 30, most=1000)
    at_random = form.get("drawn", "") == "random"
    id = draw_batch(board.engine, [log.path], title, asked.person.name, settings, count=count, at_random=at_random)
    return MovedTo(f"/review/{id}/next")


def _number(form: dict[str, str], name: str, usual: int, *, most: int) -> int:
    text = form.get(name, "").strip()
    if not text:
        return usual
    if (
        not (text.isascii() and text.isdigit() and len(text) < 16)
        or int(text) > most
        or (int(text) == 0 and name != "seed")
    ):
        raise UsageError(f"'{text[:20]}' cannot be used for {name}.", hint=f"give a whole number up to {most:,}.")
    return int(text)

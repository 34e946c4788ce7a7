"""What a person says of an attempt in, a note at its address or an answer more to review out."""

from __future__ import annotations

from typing import Any

from milo_bench.board.parts import BoardParts
from milo_bench.board.server.requests import MovedTo, PageRequest
from milo_bench.core.errors import UsageError
from milo_bench.core.text import visible
from milo_bench.store.state.notes import add_note, read_notes

_MOST = 2_000


def add_wrong_check(board: BoardParts, asked: PageRequest) -> MovedTo:
    """``POST /runs/{run}/attempts/{n}/notes``: a check judged this answer wrongly, and why."""
    log = board.log(asked.names["run"])
    text = asked.form.get("text", "").strip()[:_MOST]
    if log is None or board.search.at(log, int(asked.names["n"])) is None:
        raise UsageError("There is no attempt with this address.", hint="open one from the list of failures.")
    if not text:
        raise UsageError("The note is empty.", hint="say which check is wrong, and why.")
    place = f"/runs/{log.id}/attempts/{int(asked.names['n'])}"
    add_note(board.engine, place, "wrong_check", asked.person.name, text)
    return MovedTo(place)


def send_answer_to_review(board: BoardParts, asked: PageRequest) -> MovedTo:
    """``POST /runs/{run}/attempts/{n}/review``: people score it, without knowing whose it is."""
    from milo_bench.board.review.choosing import send_to_review

    log = board.log(asked.names["run"])
    found = board.search.at(log, int(asked.names["n"])) if log is not None else None
    if log is None or found is None:
        raise UsageError("There is no attempt with this address.", hint="open one from the list of failures.")
    send_to_review(board.engine, board.opener.open(found), asked.person.name)
    return MovedTo(f"/runs/{log.id}/attempts/{found.row.n}")


def notes_data(board: BoardParts, place: str) -> list[dict[str, Any]]:
    """The notes at an address, for its page."""
    return [
        {"kind": note.kind, "person": note.person, "text": visible(note.text)}
        for note in read_notes(board.engine, place)
    ]

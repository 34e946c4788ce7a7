"""What a person does in a review in, one more record in the state database out; an undo is a record too."""

from __future__ import annotations

from typing import Final, get_args

from milo_bench.board.parts import BoardParts
from milo_bench.board.review.export import standing_of
from milo_bench.board.review.standing import BatchStanding, PersonsVerdict
from milo_bench.board.server.requests import MovedTo, PageRequest, Shown
from milo_bench.board.views.review.item import around, number_of, rubric_data
from milo_bench.core.errors import UsageError
from milo_bench.store.state.review import ReviewAct, append_record

_ACTS: Final = tuple(act for act in get_args(ReviewAct) if act != "undo")
_MOST_COMMENT: Final = 4_000
_MOST_SENT: Final = 40


def act_on_item(board: BoardParts, asked: PageRequest) -> Shown:
    """``POST /review/{batch}/{n}/act``: one score, comment or ending, as each key sends it. Twice is once."""
    standing, item = _open_item(board, asked)
    act = asked.form.get("act", "")
    if act not in _ACTS:
        raise UsageError(f"There is no act '{act[:20]}'.", hint=f"one of {', '.join(_ACTS)}.")
    _write(board, standing, item, asked, act)
    return _after(board, asked, item)


def save_item(board: BoardParts, asked: PageRequest) -> MovedTo:
    """``POST /review/{batch}/{n}/save``: the whole form at once, for a page without script."""
    standing, item = _open_item(board, asked)
    person, sent = asked.person.name, asked.form.get("sent", "")[:_MOST_SENT]
    verdict = standing.verdicts.get((item, person), PersonsVerdict())
    ending = asked.form.get("ending", "save")
    if ending not in ("save", "unjudged", "later"):
        raise UsageError("This form has no such button.", hint="load the page again.")
    for question in standing.batch.rubric:
        given = asked.form.get(f"score-{question}", "")
        if given and _score(given) != verdict.scores.get(question):
            append_record(
                board.engine, standing.batch.id, item, person, "score", question=question, score=_score(given)
            )
    comment = asked.form.get("comment", "").strip()[:_MOST_COMMENT]
    if comment != verdict.comment:
        append_record(board.engine, standing.batch.id, item, person, "comment", comment=comment)
    if ending == "save":
        _need_scores(standing_of(board.engine, standing.batch.id), item, person)
    append_record(board.engine, standing.batch.id, item, person, _ending(ending), sent=sent)
    return MovedTo(f"/review/{standing.batch.id}/next")


def undo(board: BoardParts, asked: PageRequest) -> MovedTo | Shown:
    """``POST /review/{batch}/undo``: takes back this person's last act, also of an answer before this one."""
    standing = standing_of(board.engine, asked.names["batch"])
    last = standing.last_act(asked.person.name)
    if last is None:
        raise UsageError("There is nothing to undo.", hint="score an answer first.")
    sent = asked.form.get("sent", "")[:_MOST_SENT]
    append_record(board.engine, standing.batch.id, last.item, asked.person.name, "undo", sent=sent)
    if asked.form.get("shown"):
        return _after(board, asked, last.item)
    return MovedTo(f"/review/{standing.batch.id}/{number_of(standing, last.item)}")


def _open_item(board: BoardParts, asked: PageRequest) -> tuple[BatchStanding, str]:
    standing = standing_of(board.engine, asked.names["batch"])
    number, person = int(asked.names["n"]), asked.person.name
    if not 1 <= number <= len(standing.items):
        raise UsageError("There is no answer with this number.", hint=f"this batch has {len(standing.items)}.")
    item = standing.items[number - 1]
    if item not in standing.queue(person) and (item, person) not in standing.verdicts:
        raise UsageError("This answer is not for you.", hint="others score it.")
    return standing, item


def _write(board: BoardParts, standing: BatchStanding, item: str, asked: PageRequest, act: str) -> None:
    form, person = asked.form, asked.person.name
    sent = form.get("sent", "")[:_MOST_SENT]
    if act == "score":
        question = form.get("question", "")
        if question not in standing.batch.rubric:
            raise UsageError("There is no such question.", hint=f"one of {', '.join(standing.batch.rubric)}.")
        append_record(
            board.engine, standing.batch.id, item, person, "score", question=question,
            score=_score(form.get("score", "")), sent=sent,
        )  # fmt: skip
    elif act == "comment":
        comment = form.get("comment", "").strip()[:_MOST_COMMENT]
        append_record(board.engine, standing.batch.id, item, person, "comment", comment=comment, sent=sent)
    else:
        if act == "save":
            _need_scores(standing, item, person)
        append_record(board.engine, standing.batch.id, item, person, _ending(act), sent=sent)


def _need_scores(standing: BatchStanding, item: str, person: str) -> None:
    verdict = standing.verdicts.get((item, person), PersonsVerdict())
    missing = [one["title"] for one in rubric_data(standing, verdict) if one["score"] is None and not one["optional"]]
    if missing:
        raise UsageError(f"{', '.join(missing)}: no score yet.", hint="score it, or say that it cannot be judged.")


def _ending(act: str) -> ReviewAct:
    endings: dict[str, ReviewAct] = {"save": "save", "unjudged": "unjudged", "later": "later"}
    return endings[act]


def _score(text: str) -> int:
    if text not in ("1", "2", "3", "4", "5"):
        raise UsageError(f"'{text[:10]}' is not a score.", hint="give a whole number from 1 to 5.")
    return int(text)


def _after(board: BoardParts, asked: PageRequest, item: str) -> Shown:
    """What the page needs to show after an act."""
    standing = standing_of(board.engine, asked.names["batch"])
    person = asked.person.name
    verdict = standing.verdicts.get((item, person), PersonsVerdict())
    data = {
        "number": number_of(standing, item),
        "rubric": rubric_data(standing, verdict),
        "verdict": {"state": verdict.state, "comment": verdict.comment},
        **around(standing, person),
    }
    return Shown("review_around.html.jinja", "Saved", data, "review")

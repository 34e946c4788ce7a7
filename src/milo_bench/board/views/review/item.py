"""One answer to score, blind: its case, its text, the questions; and the next two, so that no one waits for them."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from milo_bench.board.parts import BoardParts
from milo_bench.board.review.agreement import agreement_data
from milo_bench.board.review.export import standing_of
from milo_bench.board.review.standing import BatchStanding, PersonsVerdict
from milo_bench.board.server.requests import MovedTo, NotThere, PageRequest, Shown
from milo_bench.board.views.inputs import input_parts
from milo_bench.core import units
from milo_bench.core.text import visible
from milo_bench.store.state.review import read_items

AHEAD: Final = 2
_LAST: Final = 5
_RATE_OF: Final = 20
_CITATION: Final = re.compile(r"\[([^\[\]\s]{1,40})\]")


def next_item(board: BoardParts, asked: PageRequest) -> MovedTo | Shown:
    """``/review/{batch}/next``: the first answer that is open for this person, else the page of the batch."""
    standing = standing_of(board.engine, asked.names["batch"])
    queue = standing.queue(asked.person.name)
    if not queue:
        return MovedTo(f"/review/{standing.batch.id}")
    return MovedTo(f"/review/{standing.batch.id}/{number_of(standing, queue[0])}")


def show_item(board: BoardParts, asked: PageRequest) -> Shown | NotThere:
    """``/review/{batch}/{n}``: nothing on it, or in its twin, says which model answered."""
    standing = standing_of(board.engine, asked.names["batch"])
    number, person = int(asked.names["n"]), asked.person.name
    if not 1 <= number <= len(standing.items):
        return NotThere("There is no answer with this number.", f"this batch has {len(standing.items)}.")
    item = standing.items[number - 1]
    queue = standing.queue(person)
    if item not in queue and (item, person) not in standing.verdicts:
        return NotThere("This answer is not for you.", "others score it.")
    ahead = [number_of(standing, one) for one in queue if one != item][:AHEAD]
    texts = {one.number: one for one in read_items(board.engine, standing.batch.id, [number, *ahead])}
    verdict = standing.verdicts.get((item, person), PersonsVerdict())
    data = {
        "batch": {"id": standing.batch.id, "title": standing.batch.title, "answers": len(standing.items)},
        "item": item_data(number, texts[number].input, texts[number].output),
        "ahead": [item_data(n, texts[n].input, texts[n].output) for n in ahead],
        "rubric": rubric_data(standing, verdict),
        "verdict": {"state": verdict.state, "comment": verdict.comment},
        "is_third": item in standing.needs_third(),
        **around(standing, person),
        "agreement": agreement_data(standing),
        "disputes": disputes_data(standing, person),
    }
    return Shown("review_item.html.jinja", f"{standing.batch.title}, answer {number}", data, "review")


def show_batch(board: BoardParts, asked: PageRequest) -> Shown:
    """``/review/{batch}``: how far it is, how far people agree, and where they do not."""
    standing = standing_of(board.engine, asked.names["batch"])
    batch, person = standing.batch, asked.person.name
    people: dict[str, int] = {}
    for (_, who), one in standing.verdicts.items():
        people[who] = people.get(who, 0) + (one.state in ("saved", "unjudged"))
    data = {
        "batch": {
            "id": batch.id, "title": batch.title, "answers": len(standing.items), "each": batch.settings.each,
            "reviewers": list(batch.settings.reviewers), "created_by": batch.created_by,
        },
        **around(standing, person),
        "open_for_me": len(standing.queue(person)),
        "may_review": asked.person.may("review"),
        "people": [{"name": name, "done": done} for name, done in sorted(people.items())],
        "finished": sum(len(standing.finished(item)) >= batch.settings.each for item in standing.items),
        "agreement": agreement_data(standing),
        "disputes": disputes_data(standing, person),
        "export": f"milo-bench review export {batch.id} --out review.json",
    }  # fmt: skip
    return Shown("review_batch.html.jinja", batch.title, data, "review")


def number_of(standing: BatchStanding, item: str) -> int:
    return standing.items.index(item) + 1


def item_data(number: int, input: str, output: str) -> dict[str, Any]:
    """One answer without a word on where it is from."""
    cited = frozenset(_CITATION.findall(output))
    return {
        "number": number,
        "input": input_parts(_fields(input), (), cited, whole=True),
        "answer": visible(output),
        "words": len(output.split()),
    }


def rubric_data(standing: BatchStanding, verdict: PersonsVerdict) -> list[dict[str, Any]]:
    """The questions, with what this person has given so far; no score is filled in beforehand."""
    return [
        {
            "key": key,
            "title": key.replace("_", " ").capitalize(),
            "ask": ask,
            "optional": "leave empty" in ask.lower(),
            "score": verdict.scores.get(key),
        }
        for key, ask in standing.batch.rubric.items()
    ]


def around(standing: BatchStanding, person: str) -> dict[str, Any]:
    """This person's progress, speed and last answers."""
    done, of = standing.progress(person)
    mine = sorted(
        ((item, one) for (item, who), one in standing.verdicts.items() if who == person and one.saved_number),
        key=lambda pair: -pair[1].saved_number,
    )
    recent = mine[:_RATE_OF]
    spent = recent[0][1].saved_at - recent[-1][1].saved_at if len(recent) > 1 else 0.0
    verdicts = sum(len(one.scores) for _, one in recent[:-1])
    rate = verdicts / spent * 60 if spent > 0 else None
    left = (of - done) * spent / (len(recent) - 1) if spent > 0 else None
    return {
        "progress": {
            "done": done,
            "of": of,
            "width": round(100 * done / of, 1) if of else 100,
            "per_minute": None if rate is None else units.number(rate, 2),
            "left": "" if left is None or done == of else units.seconds(left),
            "unjudged": sum(one.state == "unjudged" for _, one in mine),
        },
        "last": [
            {
                "number": number_of(standing, item),
                "scores": [one.scores.get(question) for question in standing.batch.rubric],
                "state": one.state,
                "took": units.seconds(one.saved_at - one.began_at) if one.saved_at > one.began_at else "",
                "comment": bool(one.comment),
            }
            for item, one in mine[:_LAST]
        ],
        "may_undo": standing.last_act(person) is not None,
    }


def disputes_data(standing: BatchStanding, person: str) -> dict[str, Any]:
    """Where two people differ by two points or more; a person who is to settle one sees nothing of it."""
    queue = set(standing.queue(person))
    told = []
    for dispute in standing.disputes():
        if dispute.item in queue:
            continue
        mine = next((score for who, score in dispute.scores if who == person), None)
        told.append(
            {
                "number": number_of(standing, dispute.item),
                "question": dispute.question.replace("_", " ").capitalize(),
                "mine": mine,
                "others": [score for who, score in dispute.scores if who != person],
                "settled": dispute.settled,
                "comments": [
                    standing.verdicts[dispute.item, who].comment
                    for who, _ in dispute.scores
                    if standing.verdicts[dispute.item, who].comment
                ],
            }
        )
    return {"of": standing.doubled(), "told": told[-12:], "total": len(told)}


def _fields(input: str) -> dict[str, Any]:
    """The fixture's input as it was before it became text."""
    try:
        found = msgspec.json.decode(input)
    except msgspec.MsgspecError:
        return {"text": input}
    return found if isinstance(found, dict) else {"text": input}

"""Batches of answers that people score, and their records: appended and never changed; an undo is a record too."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import hint_for
from milo_bench.store.state.engine import Engine, StateConflictError, insert_into

# later: the person puts it off. unjudged: the person cannot judge it. undo takes back the person's last act.
ReviewAct: TypeAlias = Literal["score", "save", "comment", "later", "unjudged", "undo"]


class BatchSettings(msgspec.Struct, frozen=True):
    """Who scores, and how often each answer is scored. No ``reviewers`` means everyone with the right."""

    reviewers: tuple[str, ...] = ()
    each: int = 2
    seed: int = 0
    chosen_from: str = ""  # the run whose answers people sent here one by one; "" for a sample


class ReviewBatch(msgspec.Struct, frozen=True):
    """One sample. ``sample`` is the key of the sample as JSON: it names the models, so no page gets it."""

    id: str
    title: str
    created_at: float
    created_by: str
    sample: str
    rubric: dict[str, str]
    settings: BatchSettings
    items: int


class BatchItem(msgspec.Struct, frozen=True):
    """One answer to score: its number in the batch, its id in the sample, and the texts."""

    number: int
    item: str
    input: str
    output: str


class ReviewRecord(msgspec.Struct, frozen=True):
    """What a person did, and when (seconds since 1970)."""

    number: int
    item: str
    person: str
    act: ReviewAct
    question: str
    score: int | None
    comment: str
    created_at: float


def add_batch(
    engine: Engine,
    title: str,
    person: str,
    sample: str,
    rubric: Mapping[str, str],
    settings: BatchSettings,
    items: Sequence[BatchItem],
    *,
    id: str = "",
) -> str:
    """A new batch; its id. Where one with the ``id`` that is given is there already, nothing is added."""
    id = id or f"b-{secrets.token_hex(5)}"
    values = {
        "id": id, "title": title, "created_at": time.time(), "created_by": person, "sample": sample,
        "rubric": msgspec.json.encode(rubric).decode(), "settings": msgspec.json.encode(settings).decode(),
    }  # fmt: skip
    try:
        with engine.writing() as connection:
            connection.change(insert_into("review_batches", values), **values)
            for item in items:
                connection.change(_ADD_ITEM, batch=id, **msgspec.structs.asdict(item))
    except StateConflictError:
        with engine.reading() as connection:
            if not connection.rows("SELECT id FROM review_batches WHERE id = :id", id=id):
                raise
    return id


_ADD_ITEM = insert_into("review_items", ("batch", *BatchItem.__struct_fields__))


def extend_batch(engine: Engine, batch: str, more: Callable[[str, int], tuple[str, BatchItem]], item: str) -> bool:
    """Add the answer ``item`` to a batch, once; False where it is in it.

    ``more`` gets the sample of the batch and how many answers it has, and gives its new sample and the answer. Boards
    that add at the same moment wait for each other.
    """
    with engine.writing() as connection:
        # A write first: PostgreSQL then locks the row until the end, and SQLite has locked the database.
        connection.change("UPDATE review_batches SET sample = sample WHERE id = :batch", batch=batch)
        ids = [row["item"] for row in connection.rows(_ITEMS, batch=batch)]
        if item in ids:
            return False
        before = connection.rows("SELECT sample FROM review_batches WHERE id = :batch", batch=batch)[0]["sample"]
        sample, added = more(before, len(ids))
        connection.change(_ADD_ITEM, batch=batch, **msgspec.structs.asdict(added))
        connection.change("UPDATE review_batches SET sample = :sample WHERE id = :batch", batch=batch, sample=sample)
    return True


_ITEMS = "SELECT item FROM review_items WHERE batch = :batch ORDER BY number"
_BATCHES = """
SELECT review_batches.*, counted.items
FROM review_batches JOIN (SELECT batch, count(*) AS items FROM review_items GROUP BY batch) AS counted
  ON counted.batch = review_batches.id
ORDER BY created_at DESC
"""


def list_batches(engine: Engine) -> tuple[ReviewBatch, ...]:
    """The newest first."""
    with engine.reading() as connection:
        rows = connection.rows(_BATCHES)
    return tuple(
        ReviewBatch(
            **row
            | {
                "rubric": msgspec.json.decode(row["rubric"], type=dict[str, str]),
                "settings": msgspec.json.decode(row["settings"], type=BatchSettings),
            }
        )
        for row in rows
    )


def known_batch(engine: Engine, id: str) -> ReviewBatch:
    """The batch with that id. Raises UsageError where there is none."""
    batches = list_batches(engine)
    for batch in batches:
        if batch.id == id:
            return batch
    message = f"There is no batch '{id[:40]}' in the review."
    raise UsageError(message, hint=hint_for(id, [batch.id for batch in batches], noun="batches"))


def read_items(engine: Engine, batch: str, numbers: Sequence[int]) -> tuple[BatchItem, ...]:
    """The answers with those numbers, in their order."""
    if not numbers:
        return ()
    query = "SELECT number, item, input, output FROM review_items WHERE batch = :batch AND number IN :numbers"
    with engine.reading() as connection:
        rows = connection.rows(f"{query} ORDER BY number", batch=batch, numbers=tuple(numbers))
    return tuple(BatchItem(**row) for row in rows)


def item_ids(engine: Engine, batch: str) -> tuple[str, ...]:
    """The ids of all answers of a batch, by their number from 1."""
    with engine.reading() as connection:
        return tuple(row["item"] for row in connection.rows(_ITEMS, batch=batch))


def append_record(
    engine: Engine,
    batch: str,
    item: str,
    person: str,
    act: ReviewAct,
    *,
    question: str = "",
    score: int | None = None,
    comment: str = "",
    sent: str = "",
) -> bool:
    """Whether it was written: what was ``sent`` once under an id is not written again."""
    values = {
        "batch": batch, "item": item, "person": person, "act": act, "question": question, "score": score,
        "comment": comment, "created_at": time.time(), "sent": sent,
    }  # fmt: skip
    same = "SELECT number FROM review_records WHERE batch = :batch AND person = :person AND sent = :sent"
    with engine.writing() as connection:
        if sent and connection.rows(same, batch=batch, person=person, sent=sent):
            return False
        connection.change(insert_into("review_records", values), **values)
    return True


def read_records(engine: Engine, batch: str) -> tuple[ReviewRecord, ...]:
    """Every record of a batch, in the order in which they were written."""
    with engine.reading() as connection:
        rows = connection.rows("SELECT * FROM review_records WHERE batch = :batch ORDER BY number", batch=batch)
    return tuple(ReviewRecord(**{name: row[name] for name in ReviewRecord.__struct_fields__}) for row in rows)


class _SampledItem(msgspec.Struct):
    id: str
    fixture: str


class _Sample(msgspec.Struct):
    items: tuple[_SampledItem, ...]


def erase_review_texts(engine: Engine, matches: Callable[[str], bool], fixtures: Collection[str]) -> int:
    """Empty case, answer and comments of the answers to ``fixtures``, and of those that ``matches``; how many.

    Scores stay, so that counts and measures still add up.
    """
    erased = 0
    with engine.writing() as connection:
        chosen = {
            (row["id"], item.id)
            for row in connection.rows("SELECT id, sample FROM review_batches")
            for item in msgspec.json.decode(row["sample"], type=_Sample).items
            if item.fixture in fixtures
        }
        for row in connection.rows("SELECT batch, item, input, output FROM review_items"):
            batch, item, input, output = row.values()
            if not (input or output) or not ((batch, item) in chosen or matches(f"{input}\n{output}")):
                continue
            for erase in (
                "UPDATE review_items SET input = '', output = '' WHERE batch = :batch AND item = :item",
                "UPDATE review_records SET comment = '' WHERE batch = :batch AND item = :item",
            ):
                connection.change(erase, batch=batch, item=item)
            erased += 1
    return erased

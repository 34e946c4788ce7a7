"""Batches of answers that people score, and their records: appended and never changed; an undo is a record too."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec
from sqlalchemy import Engine, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import hint_for
from milo_bench.store.state.tables import REVIEW_BATCHES, REVIEW_ITEMS, REVIEW_RECORDS

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
    try:
        with engine.begin() as connection:
            connection.execute(
                insert(REVIEW_BATCHES).values(
                    id=id, title=title, created_at=time.time(), created_by=person, sample=sample,
                    rubric=msgspec.json.encode(rubric).decode(), settings=msgspec.json.encode(settings).decode(),
                )
            )  # fmt: skip
            connection.execute(
                insert(REVIEW_ITEMS),
                [{"batch": id, **msgspec.structs.asdict(item)} for item in items],
            )
    except IntegrityError:
        with engine.connect() as connection:
            there = connection.execute(select(REVIEW_BATCHES.c.id).where(REVIEW_BATCHES.c.id == id)).first()
        if there is None:
            raise
    return id


def extend_batch(engine: Engine, batch: str, more: Callable[[str, int], tuple[str, BatchItem]], item: str) -> bool:
    """Add the answer ``item`` to a batch, once; False where it is in it.

    ``more`` gets the sample of the batch and how many answers it has, and gives its new sample and the answer. Boards
    that add at the same moment wait for each other.
    """
    with engine.begin() as connection:
        # A write first: SQLite then locks the database, PostgreSQL the row, until the end.
        mine = REVIEW_BATCHES.c.id == batch
        connection.execute(update(REVIEW_BATCHES).where(mine).values(sample=REVIEW_BATCHES.c.sample))
        ids = connection.execute(select(REVIEW_ITEMS.c.item).where(REVIEW_ITEMS.c.batch == batch)).scalars().all()
        if item in ids:
            return False
        before = connection.execute(select(REVIEW_BATCHES.c.sample).where(mine)).scalar_one()
        sample, added = more(before, len(ids))
        connection.execute(insert(REVIEW_ITEMS).values(batch=batch, **msgspec.structs.asdict(added)))
        connection.execute(update(REVIEW_BATCHES).where(mine).values(sample=sample))
    return True


def list_batches(engine: Engine) -> tuple[ReviewBatch, ...]:
    """The newest first."""
    counted = select(REVIEW_ITEMS.c.batch, func.count().label("how_many")).group_by(REVIEW_ITEMS.c.batch).subquery()
    query = (
        select(REVIEW_BATCHES)
        .add_columns(counted.c.how_many)
        .join(counted, counted.c.batch == REVIEW_BATCHES.c.id)
        .order_by(REVIEW_BATCHES.c.created_at.desc())
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return tuple(
        ReviewBatch(
            row.id, row.title, row.created_at, row.created_by, row.sample,
            msgspec.json.decode(row.rubric, type=dict[str, str]),
            msgspec.json.decode(row.settings, type=BatchSettings), row.how_many,
        )
        for row in rows
    )  # fmt: skip


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
    wanted = and_(REVIEW_ITEMS.c.batch == batch, REVIEW_ITEMS.c.number.in_(numbers))
    with engine.connect() as connection:
        rows = connection.execute(select(REVIEW_ITEMS).where(wanted).order_by(REVIEW_ITEMS.c.number)).all()
    return tuple(BatchItem(row.number, row.item, row.input, row.output) for row in rows)


def item_ids(engine: Engine, batch: str) -> tuple[str, ...]:
    """The ids of all answers of a batch, by their number from 1."""
    query = select(REVIEW_ITEMS.c.item).where(REVIEW_ITEMS.c.batch == batch).order_by(REVIEW_ITEMS.c.number)
    with engine.connect() as connection:
        return tuple(connection.execute(query).scalars())


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
    same = and_(REVIEW_RECORDS.c.batch == batch, REVIEW_RECORDS.c.person == person, REVIEW_RECORDS.c.sent == sent)
    with engine.begin() as connection:
        if sent and connection.execute(select(REVIEW_RECORDS.c.number).where(same)).first() is not None:
            return False
        connection.execute(
            insert(REVIEW_RECORDS).values(
                batch=batch, item=item, person=person, act=act, question=question, score=score, comment=comment,
                created_at=time.time(), sent=sent,
            )
        )  # fmt: skip
    return True


def read_records(engine: Engine, batch: str) -> tuple[ReviewRecord, ...]:
    """Every record of a batch, in the order in which they were written."""
    query = select(REVIEW_RECORDS).where(REVIEW_RECORDS.c.batch == batch).order_by(REVIEW_RECORDS.c.number)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return tuple(
        ReviewRecord(row.number, row.item, row.person, row.act, row.question, row.score, row.comment, row.created_at)
        for row in rows
    )


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
    with engine.begin() as connection:
        samples = connection.execute(select(REVIEW_BATCHES.c.id, REVIEW_BATCHES.c.sample)).all()
        chosen = {
            (batch, item.id)
            for batch, sample in samples
            for item in msgspec.json.decode(sample, type=_Sample).items
            if item.fixture in fixtures
        }
        for batch, item, input, output in connection.execute(
            select(REVIEW_ITEMS.c.batch, REVIEW_ITEMS.c.item, REVIEW_ITEMS.c.input, REVIEW_ITEMS.c.output)
        ).all():
            if not (input or output) or not ((batch, item) in chosen or matches(f"{input}\n{output}")):
                continue
            of_item = and_(REVIEW_ITEMS.c.batch == batch, REVIEW_ITEMS.c.item == item)
            connection.execute(update(REVIEW_ITEMS).where(of_item).values(input="", output=""))
            its_records = and_(REVIEW_RECORDS.c.batch == batch, REVIEW_RECORDS.c.item == item)
            connection.execute(update(REVIEW_RECORDS).where(its_records).values(comment=""))
            erased += 1
    return erased

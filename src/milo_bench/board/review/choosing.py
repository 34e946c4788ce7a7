"""One answer that a person sends to review in, an item more in the batch of its run out."""

from __future__ import annotations

import msgspec

from milo_bench.board.gates.size import MOST_BYTES
from milo_bench.board.index.opening import OpenedAttempt
from milo_bench.core.errors import UsageError
from milo_bench.core.hashing import sha256_text
from milo_bench.decide.records import Candidate
from milo_bench.decide.review import REVIEW_SCHEMA, ReviewItem, SampleKey
from milo_bench.evidence.reviewing import readable
from milo_bench.store.log.lines import sha256_of_log
from milo_bench.store.log.reader import last_seal
from milo_bench.store.state import Engine
from milo_bench.store.state.review import (
    BatchItem,
    BatchSettings,
    ReviewBatch,
    add_batch,
    extend_batch,
    item_ids,
    list_batches,
)


def is_in_review(engine: Engine, opened: OpenedAttempt) -> bool:
    """Whether somebody sent this answer to review."""
    batch = _batch_of(engine, opened)
    return batch is not None and _item(opened).id in item_ids(engine, batch.id)


def send_to_review(engine: Engine, opened: OpenedAttempt, person: str) -> None:
    """Add the answer to the batch of its run that people fill one by one. Twice is once.

    What people choose is no sample: its scores calibrate judges, and measure nothing. Raises UsageError where there is
    no text to review.
    """
    attempt = opened.attempt
    if not opened.has_text:
        raise UsageError("There is no answer to review here.", hint="choose one that has a text.")
    item, text = _item(opened), (readable(opened.fixture.input), attempt.output)
    batch = _batch_of(engine, opened)
    if batch is None:
        index = opened.log.index
        title = f"Sent to review: {index.title if index is not None else opened.log.name}"[:120]
        first = SampleKey(REVIEW_SCHEMA, 0, _logs(opened), (item,), {}, opened.workload.review)
        settings, sample = BatchSettings(chosen_from=opened.log.id), msgspec.json.encode(first).decode()
        # Its id follows from the log: of two boards that make it at the same moment, one does.
        id = "b-" + sha256_text(f"chosen\x00{opened.log.id}")[:10]
        id = add_batch(engine, title, person, sample, first.questions, settings, [BatchItem(1, item.id, *text)], id=id)
    else:
        id = batch.id

    def more(sample: str, items: int) -> tuple[str, BatchItem]:
        key = msgspec.json.decode(sample, type=SampleKey)
        logs = tuple(sorted({*key.logs, *_logs(opened)}))
        key = msgspec.structs.replace(key, items=(*key.items, item), logs=logs)
        return msgspec.json.encode(key).decode(), BatchItem(items + 1, item.id, *text)

    extend_batch(engine, id, more, item.id)


def _batch_of(engine: Engine, opened: OpenedAttempt) -> ReviewBatch | None:
    mine = [one for one in list_batches(engine) if one.settings.chosen_from == opened.log.id]
    return mine[-1] if mine else None


def _item(opened: OpenedAttempt) -> ReviewItem:
    key = opened.attempt.key
    candidate = Candidate(opened.workload.name, key.target, opened.workload.variant, key.decoding)
    seed = f"chosen\x00{opened.log.id}\x00{candidate.text}\x00{key.fixture}\x00{key.repeat}"
    return ReviewItem("r-" + sha256_text(seed)[:10], candidate, key.fixture, key.repeat, "chosen")


def _logs(opened: OpenedAttempt) -> tuple[str, ...]:
    seal = last_seal(opened.log.path)
    if not seal and opened.log.size > MOST_BYTES:
        raise UsageError("This log is too large, and has no seal yet.", hint="wait until its run has ended.")
    return (seal or sha256_of_log(opened.log.path),)

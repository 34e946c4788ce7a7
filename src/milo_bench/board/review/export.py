"""A batch of the state database in, the review that ``decide --review`` reads out; sheets for ``review import`` too."""

from __future__ import annotations

from pathlib import Path

import msgspec

from milo_bench.board.review.standing import BatchStanding
from milo_bench.core.files import write_file
from milo_bench.decide.review import Review, SampleKey, judge_review
from milo_bench.evidence.reviewing import columns_of, review_key_path
from milo_bench.store.review_sheet import write_sheet
from milo_bench.store.state import Engine
from milo_bench.store.state.review import item_ids, known_batch, read_items, read_records


def standing_of(engine: Engine, batch_id: str) -> BatchStanding:
    """Raises UsageError for a batch that is not there."""
    batch = known_batch(engine, batch_id)
    return BatchStanding(batch, item_ids(engine, batch.id), read_records(engine, batch.id))


def review_of(engine: Engine, batch_id: str) -> Review:
    """The review of a batch as it is now. Raises DataError without scores."""
    standing = standing_of(engine, batch_id)
    key = msgspec.json.decode(standing.batch.sample, type=SampleKey)
    return judge_review(key, standing.scores(), settled=standing.settled_scores())


def write_batch_sheet(engine: Engine, batch_id: str, out: Path) -> int:
    """Write a sheet with one row for each person and answer, and its key beside it; the number of rows."""
    standing = standing_of(engine, batch_id)
    items = {one.item: one for one in read_items(engine, batch_id, range(1, len(standing.items) + 1))}
    key = msgspec.json.decode(standing.batch.sample, type=SampleKey)
    workloads = {item.id: item.candidate.workload for item in key.items}
    rows = []
    for (id, person), one in sorted(standing.verdicts.items()):
        if one.state == "saved":
            scores = [str(one.scores.get(question, "")) for question in key.questions]
            rows.append([id, workloads[id], items[id].input, items[id].output, person, *scores, one.comment])
    write_sheet(out, columns_of(key), rows)
    write_file(review_key_path(out), standing.batch.sample)
    return len(rows)

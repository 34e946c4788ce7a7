"""Run logs and a count in, a batch of answers to score out: the same sample that ``review sample`` draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.hashing import sha256_text
from milo_bench.evidence.reviewing import draw_from_logs, review_texts
from milo_bench.store.state import Engine
from milo_bench.store.state.review import BatchItem, BatchSettings, add_batch


def draw_batch(
    engine: Engine,
    logs: Sequence[Path],
    title: str,
    person: str,
    settings: BatchSettings,
    *,
    count: int,
    only: Sequence[str] = (),
    at_random: bool = False,
) -> str:
    """The id of a new batch with ``count`` answers of each candidate, in a seeded order that tells nothing of it.

    ``at_random``: drawn among all answers alike, so that a safety gate can rest on the scores.

    Raises DataError where the logs have no text to review, or do not belong together.
    """
    if settings.reviewers and len(settings.reviewers) < settings.each:
        message = f"{settings.each} people score each answer, but only {len(settings.reviewers)} are named."
        raise DataError(message, hint="name more people, or let fewer score each answer.")
    key = draw_from_logs(logs, count=count, seed=settings.seed, only=only, at_random=at_random)
    texts = review_texts(logs, key)
    order = sorted(key.items, key=lambda item: sha256_text(f"{settings.seed}\x00order\x00{item.id}"))
    items = [BatchItem(number, item.id, *texts[item.id]) for number, item in enumerate(order, start=1)]
    sample = msgspec.json.encode(key).decode()
    return add_batch(engine, title.strip() or "Review", person, sample, key.questions, settings, items)

"""The rule by which a run ends work, as its plan has it."""

from __future__ import annotations

from milo_bench.core.records.frozen import Frozen


class RecordedBaseline(Frozen, frozen=True):
    """Answers of ``target`` that were recorded before a run and that it is compared with, fixture by fixture.

    ``seal`` is the last one of the log of ``run_id`` as it was then; a log that had texts erased since still has it.
    """

    run_id: str
    seal: str
    target: str


class Stopping(Frozen, frozen=True):
    """The rule of a run that ends work by what it sees: a workload on a target, once all its gates are decided.

    Fixtures are asked in plan order, each with all its repeats, and after each one the gates of ``policy_text`` are
    judged by bounds that hold at every look. With ``fresh_seed``, the suite's generator gives more fixtures after
    those of the plan, up to ``most_fixtures`` of a workload. Differences are from ``beside``, where it is set.
    """

    policy: str
    policy_text: str
    fresh_seed: int | None = None
    most_fixtures: int = 0
    beside: RecordedBaseline | None = None

"""What the index keeps of one log: facts of its run, kinds of attempts with their counts, and where each part lies."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from milo_bench.core.records import Decoding, Frozen, LoadWindow, ProbeResult, RunEnd

INDEX_SCHEMA: Final = 3
NAMED_ROWS: Final = 20  # of those that cannot be read

# retried: a failure that a later try replaced; it is in the index, and counts nowhere.
Outcome: TypeAlias = Literal["pass", "fail", "no_answer", "unjudged", "bypass", "retried"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("pass", "fail", "no_answer", "unjudged", "bypass")
FAILURES: Final[tuple[Outcome, ...]] = ("fail", "no_answer", "unjudged")


class Kind(Frozen, frozen=True, omit_defaults=False):
    """What attempts have in common that are alike in every column with few values: the unit of filters and counts."""

    workload: str
    target: str
    decoding: Decoding
    outcome: Outcome
    causes: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()  # that failed


class IndexRow(Frozen, frozen=True, omit_defaults=False):
    """One attempt. ``n`` counts the log's attempts from 0; ``start`` and ``size`` are its place in the log.

    ``verdict_at`` is its line in the file of verdicts, -1 where the answer can be judged from the log.
    ``text`` is the answer, folded for searching.
    """

    n: int
    start: int
    size: int
    kind: int
    fixture: str
    repeat: int
    words: int
    latency_s: float
    text: str
    verdict_at: int = -1
    verdict_size: int = 0


class FixtureRow(Frozen, frozen=True, omit_defaults=False):
    """One fixture: where its line lies, and its input, folded for searching."""

    id: str
    start: int
    size: int
    tags: tuple[str, ...]
    text: str


class EpisodeRow(Frozen, frozen=True, omit_defaults=False):
    """One operator episode, and where its line lies."""

    n: int
    start: int
    size: int
    task: str
    form: str
    target: str
    ending: str
    points: int
    breaches: int
    void: bool


class LogIndex(Frozen, frozen=True, omit_defaults=False):
    """All that a list of runs shows of one log, and the files that hold the rest.

    ``counts`` has one number for each of ``kinds``. ``ends_s`` are the last times at which answers ended, in seconds
    since the run's zero; ``tail`` is a hash that a log which was rewritten has another of. ``left_out`` are rows that
    cannot be read; ``bad_rows`` says why, of the first few.
    """

    index_schema: int
    judged_by: str
    run_id: str
    created_at: str
    suite: str
    suite_version: str
    workloads: dict[str, str]
    targets: tuple[str, ...]
    models: dict[str, str]
    store_text: str
    planned: int
    read_bytes: int
    modified_ns: int
    tail: str
    line_schema: int
    read_lines: int = 1
    left_out: int = 0
    bad_rows: tuple[str, ...] = ()
    attempts: int = 0
    failures: int = 0
    kinds: tuple[Kind, ...] = ()
    counts: tuple[int, ...] = ()
    segments: tuple[str, ...] = ()
    fixture_segments: tuple[str, ...] = ()
    executions: dict[str, tuple[tuple[int, int], ...]] = {}
    episodes: tuple[EpisodeRow, ...] = ()
    probes: tuple[ProbeResult, ...] = ()
    loads: tuple[LoadWindow, ...] = ()
    end: RunEnd | None = None
    last_s: float = 0.0
    ends_s: tuple[float, ...] = ()
    erased: bool = False

    @property
    def title(self) -> str:
        """What the run measures, in a few words."""
        names = [title or name for name, title in self.workloads.items()]
        if self.probes and not self.attempts:
            return f"Probes of {', '.join(self.probed)}"
        return ", ".join(names) if names else self.suite

    @property
    def probed(self) -> tuple[str, ...]:
        """The targets of all probe results; the log's header names those of the first run alone."""
        return tuple(dict.fromkeys(one.target for one in self.probes))

    def count(self, *outcomes: Outcome) -> int:
        """How many attempts have one of these outcomes."""
        wanted = outcomes or OUTCOMES
        return sum(n for kind, n in zip(self.kinds, self.counts, strict=True) if kind.outcome in wanted)

"""Evidence made by hand for tests of decisions: a few lines say how many of how many, and what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Decoding,
    Failure,
    Fixture,
    Graded,
    LoadWindow,
    ProbeResult,
    SuiteRef,
    TargetRecord,
    Timings,
    Usage,
    Verdict,
    VerdictOutcome,
    Workload,
)
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.gates.people import PeopleSaid
from milo_bench.decide.records import Candidate, KeptFile, LogRef, ProbeEvidence
from milo_bench.stats.cases.columns import UNSUPPORTED_CHECKS, Cases, CasesBuilder, fixture_table

SUITE = SuiteRef("tiny", "1", "5" * 64)


@dataclass
class Row:
    """One attempt: verdicts as (check, outcome, subject or category), a label pair, a failure kind."""

    verdicts: Sequence[tuple[str, VerdictOutcome, str]] = (("schema", "pass", ""),)
    label: tuple[str, str] | None = None
    failed: str = ""
    latency_s: float = 1.0
    parts: tuple[int, int] | None = None


GOOD = Row()
BAD = Row((("schema", "fail", "broken"),))
LOST = Row(failed="total_timeout")


@dataclass
class Made:
    """Collects rows by candidate; fixtures of a workload are numbered, and shared by its candidates."""

    workloads: dict[str, int] = field(default_factory=dict)  # how many fixtures
    rows: dict[Candidate, list[Row]] = field(default_factory=dict)
    repeats: dict[Candidate, int] = field(default_factory=dict)
    hosted: set[str] = field(default_factory=set)
    probes: list[ProbeEvidence] = field(default_factory=list)
    load: list[tuple[str, LoadWindow]] = field(default_factory=list)
    sensitive: set[str] = field(default_factory=set)
    words: Mapping[str, int] = field(default_factory=dict)
    keyword: set[str] = field(default_factory=set)
    people_agree: bool = False  # people labelled every answer, and found wrong what rules flagged

    def add(
        self,
        workload: str,
        target: str,
        rows: Sequence[Row],
        *,
        variant: str = "",
        decoding: Decoding = "free",
        repeats: int = 1,
    ) -> Candidate:
        """Rows in order of fixture; with ``repeats``, that many rows of each fixture follow one another."""
        candidate = Candidate(workload, target, variant, decoding)
        self.rows[candidate] = list(rows)
        self.repeats[candidate] = repeats
        fixtures = -(-len(rows) // repeats)
        self.workloads[workload] = max(fixtures, self.workloads.get(workload, 0))
        return candidate

    def probe(self, target: str, probe: str, outcome: str, severity: str = "critical") -> None:
        result = ProbeResult(target, probe, "1", outcome, severity, f"what {probe} found")  # type: ignore[arg-type]
        self.probes.append(ProbeEvidence("runs/probe.jsonl", result))

    def evidence(self) -> Evidence:
        fixtures = [
            Fixture(
                f"{workload}-{number:04d}", workload, {},
                tags=("sensitive",) if f"{workload}-{number:04d}" in self.sensitive else (),
                hash=f"h{workload}{number}",
            )
            for workload, count in self.workloads.items()
            for number in range(count)
        ]  # fmt: skip
        words = [self.words.get(fixture.id, 100) for fixture in fixtures]
        table = fixture_table(fixtures, words=words, keyword=[fixture.id in self.keyword for fixture in fixtures])
        numbers = table.numbers()
        targets = dict.fromkeys(candidate.target for candidate in self.rows)
        loaded = (window.target for _, window in self.load)
        names = dict.fromkeys([*targets, *(one.result.target for one in self.probes), *loaded])
        day = "2026-05-08T10:00:00Z"
        log = LogRef("runs/a.jsonl", "a" * 64, "run-1", day, SUITE, {}, "full", "i" * 64, 10, 10, True)
        return Evidence(
            logs=(log,),
            targets={name: TargetRecord(name, "openai", f"m {name}", hosted=name in self.hosted) for name in names},
            fixtures=table,
            cases={one: self._cases(one, numbers) for one in sorted(self.rows)},
            workloads={
                (one.workload, one.variant): Workload(one.workload, "p", "", "h", (), title=f"Title of {one.workload}")
                for one in self.rows
            },
            load=tuple(self.load),
            probes=tuple(self.probes),
            labels={one: self._labels(one) for one in self.rows} if self.people_agree else {},
        )  # fmt: skip

    def _labels(self, candidate: Candidate) -> PeopleSaid:
        repeats, scores = self.repeats[candidate], {}
        for place, row in enumerate(self.rows[candidate]):
            flagged = any(check in UNSUPPORTED_CHECKS and outcome != "pass" for check, outcome, _ in row.verdicts)
            if not row.failed:
                key = (f"{candidate.workload}-{place // repeats:04d}", place % repeats)
                scores[key] = {"unsupported_claims": 2 if flagged else 5}
        return PeopleSaid(len(scores), scores)

    def _cases(self, candidate: Candidate, numbers: Mapping[str, int]) -> Cases:
        builder = CasesBuilder(candidate.workload, candidate.target, candidate.variant, candidate.decoding)
        repeats = self.repeats[candidate]
        for place, row in enumerate(self.rows[candidate]):
            fixture = f"{candidate.workload}-{place // repeats:04d}"
            key = AttemptKey(fixture, candidate.target, place % repeats, candidate.decoding)
            failure = Failure(row.failed, "gone") if row.failed else None  # type: ignore[arg-type]
            timings = Timings(0.0, 0.0, row.latency_s, first_content_s=row.latency_s / 2)
            attempt = Attempt(key, "r", timings, output="x", usage=Usage(100, 20), failure=failure)
            verdicts = () if failure else _verdicts(row)
            outcomes = {one.outcome for one in verdicts}
            unknown = "unjudged" in outcomes and not outcomes & {"fail", "flag"}
            passed = None if failure or unknown else outcomes <= {"pass", "skip"}
            builder.add(attempt, Graded(key, candidate.workload, verdicts, passed), numbers[fixture])
        return builder.build()


def _verdicts(row: Row) -> tuple[Verdict, ...]:
    found = []
    for check, outcome, said in row.verdicts:
        subject, category = (said, "wrong") if check == "exact_fields" else ("", said)
        found.append(Verdict(check, "1", outcome, "" if outcome == "pass" else category, subject=subject))
    if row.label is not None:
        want, got = row.label
        right = want == got
        category = "" if right else "wrong_label"
        found.append(Verdict("label", "1", "pass" if right else "fail", category, expected=want, got=got))
    if row.parts is not None:
        held, asked = row.parts
        outcome = "pass" if held == asked else "fail"
        found.append(Verdict("citation_coverage", "1", outcome, "uncited", parts=asked, parts_held=held))
    return tuple(found)


def of(good: int, total: int, *, bad: Row = BAD) -> list[Row]:
    """``good`` rows that pass among ``total``, the bad ones spread evenly among them."""
    wrong = set(np.linspace(0, total - 1, total - good).round().astype(int).tolist()) if good < total else set()
    rows = [bad if number in wrong else GOOD for number in range(total)]
    while sum(row is bad for row in rows) < total - good:  # rounding met the same place twice
        rows[next(number for number, row in enumerate(rows) if row is not bad)] = bad
    return rows


def policy_text(text: str) -> KeptFile:
    return KeptFile("policy.yaml", "0" * 64, text)

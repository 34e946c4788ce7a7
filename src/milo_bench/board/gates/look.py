"""A log's path and a policy in, each gate with its interval at this moment out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from milo_bench.board.gates.bar import gate_bar
from milo_bench.board.index.judge import AnswerJudge
from milo_bench.board.index.source import log_source
from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.routing.use_names import workload_of
from milo_bench.core import units
from milo_bench.core.errors import DataError, MiloError
from milo_bench.core.records import Attempt, Execution, Fixture, RunHeader
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.family import family_confidences
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.gates.looking import NEVER, LookedGate, is_decided_by_answers, look_at
from milo_bench.decide.records import Candidate, LinkedText
from milo_bench.decide.wording import sentence_case, spell_out
from milo_bench.evidence.until_decided.beside import BesideBaseline
from milo_bench.evidence.until_decided.look import AskedFixtures, WorkLooks
from milo_bench.evidence.until_decided.work import WatchedWork
from milo_bench.grade.engine import grade_attempt
from milo_bench.report.figures import whole_text
from milo_bench.stats.cases.cache import cache_rule
from milo_bench.store.log.lines import decode_header, decode_line

_READ: Final = (b'{"type":"attempt"', b'{"type":"fixture"', b'{"type":"execution"')
_STEPS: Final = 2  # earlier looks that are drawn thin


class GateWatch:
    """The gates of one run. ``advance`` reads what was written since; ``rows`` judges what is there.

    ``beside`` has the answers of a baseline that was recorded before the run.
    """

    def __init__(self, path: Path, policy: PolicyFile, beside: BesideBaseline | None = None) -> None:
        self._path, self._policy = path, policy
        self._source = log_source(path)
        first = self._source.first()
        self.header: RunHeader = decode_header(path, first)
        self._at = len(first)
        self._lines = 1
        self._digest = self._source.digest(self._at)
        self._judge = AnswerJudge(path, self.header)
        self._contracts = {one.name: one for one in self.header.workloads}
        targets = self.header.targets if beside is None else (*self.header.targets, beside.target)
        self._looks = WorkLooks(policy, self.header.plan, targets, self._contracts, self.header.store_text)
        self._works: dict[tuple[str, str], WatchedWork] = {}
        self._beside = beside
        self._recorded: dict[tuple[str, str], WatchedWork] = {}
        self._asked = AskedFixtures.of((), self._contracts)
        self._waiting: list[Attempt] = []
        self._judged: tuple[tuple[int, bool, bool], list[dict[str, Any]]] | None = None  # as long as nothing is added
        self._earlier: dict[str, list[tuple[int, float, float]]] = {}

    def is_of_its_log(self) -> bool:
        """Whether what was read is still how the log begins: it may have been cut, erased in or written anew."""
        return self._source.size() >= self._at and self._source.digest(self._at) == self._digest

    def advance(self) -> bool:
        """Whether anything was read."""
        before = self._at
        new_fixtures: list[Fixture] = []
        self._judge.look_again()
        for _, line in self._source.after(self._at, self._lines):
            self._at += len(line)
            self._lines += 1
            if not line.startswith(_READ):
                continue
            try:
                record = decode_line(self._path, self._lines, line, self.header.schema_version)
            except DataError:
                continue  # the run's page names it
            if isinstance(record, Fixture):
                new_fixtures.append(record)
            elif isinstance(record, Execution):
                self._judge.add_execution(record)
            elif isinstance(record, Attempt):
                self._waiting.append(record)
        if new_fixtures:
            self._number(new_fixtures)
        for attempt in self._waiting:
            if attempt.key.fixture in self._asked.by_id:
                self._put(attempt)
        self._waiting.clear()
        self._digest = self._source.digest(self._at)
        return self._at != before

    def _number(self, new: Sequence[Fixture]) -> None:
        self._asked = AskedFixtures.of((*self._asked.by_id.values(), *new), self._contracts)
        plan = self.header.plan
        first = frozenset(plan.fixtures)
        planned = {id_: fixture for id_, fixture in self._asked.by_id.items() if id_ in first}
        for workload in dict.fromkeys(fixture.workload for fixture in self._asked.by_id.values()):
            added = [fixture.id for fixture in new if fixture.workload == workload]
            for target in self.header.targets:
                place = (workload, target.name)
                if place in self._works:
                    self._works[place].add(added)
                    continue
                self._works[place] = self._looks.new_work(workload, target.name, added, planned)
                self._works[place].judge_times_by(cache_rule(plan, target))
        if self._beside is not None:
            self._recorded = self._beside.works(self._looks, self._asked, self._contracts)
        self._looks.take({**self._works, **self._recorded})

    def _put(self, attempt: Attempt) -> None:
        fixture = self._asked.by_id[attempt.key.fixture]
        graded = self._judge.judge(attempt, fixture)
        if graded is None:
            try:
                graded = grade_attempt(self._contracts[fixture.workload], fixture, attempt)
            except MiloError:
                return
        work = self._works.get((fixture.workload, attempt.key.target))
        if work is not None:
            work.put(attempt, graded, self._asked.numbers[attempt.key.fixture])

    def rows(self, *, at_every_look: bool, is_over: bool = False) -> list[dict[str, Any]]:
        """One entry for each workload of the policy, with its gates on each target.

        ``at_every_look`` takes bounds that hold however often a person looks, else those of a single look at the end.
        ``is_over``: the run has ended, so its gates say what ``decide`` says of its log.
        """
        key = (self._at, at_every_look, is_over)
        if self._judged is None or self._judged[0] != key:
            self._judged = (key, self._rows(at_every_look=at_every_look, is_over=is_over))
        return self._judged[1]

    def _rows(self, *, at_every_look: bool, is_over: bool) -> list[dict[str, Any]]:
        works = {**self._works, **self._recorded}
        if is_over and not at_every_look:
            works = {place: work.with_all() for place, work in works.items()}
        evidence = {
            place: self._looks.evidence(work, works, self._asked, in_order=at_every_look, proven=True)
            for place, work in works.items()
            if self._looks.is_judged(work)
        }
        policy, judged = self._looks.policy, self._looks.judged
        needed = {one: self._looks.confidence(one) for one in judged}
        if is_over and evidence:
            needed |= family_confidences(policy, _joined(evidence.values()), judged)
        titles = {workload.name: workload.title or workload.name for workload in self.header.workloads}
        titles |= {name: one.title for name, one in policy.workloads.items() if one.title and name != workload_of(name)}
        found: dict[str, dict[str, Any]] = {}
        for place, seen in evidence.items():
            for candidate in works[place].candidates:
                if candidate not in judged:
                    continue
                name = candidate.workload
                entry = found.setdefault(name, {"workload": name, "targets": [], "title": titles.get(name, name)})
                entry["targets"].append(self._of_candidate(works[place], seen, candidate, needed[candidate]))
        return list(found.values())

    def _of_candidate(
        self, work: WatchedWork, evidence: Evidence, candidate: Candidate, confidence: float
    ) -> dict[str, Any]:
        policy = self._looks.policy
        looked = {
            (gate.key, gate.direction): gate for gate in look_at(policy, evidence, candidate, confidence)
        }  # fmt: skip
        figures = Figures()
        results = judge_gates(policy, evidence, candidate, figures, confidence=confidence)
        gates = []
        for config, result in zip(policy.gates_of(candidate.workload), results, strict=True):
            if not is_decided_by_answers(config):
                continue
            figure, bound = figures[result.figure], figures[result.bound]
            one = looked.get(
                (f"{config.key} minus baseline" if config.not_worse_than else config.key, config.direction)
            )
            key = f"{candidate.text} {config.key} {config.direction}"
            earlier = self._keep_look(key, work.asked, figure.low, figure.high)
            gates.append(
                {
                    "name": sentence_case(spell_out(config.key)),
                    "direction": "at least" if config.direction == "at_least" else "at most",
                    "bound": units.figure(bound.value, bound.unit),
                    "safety": result.safety,
                    "outcome": result.outcome,
                    "value": units.figure(figure.value, figure.unit) if figure.value is not None else "–",
                    "interval": units.between(figure.low, figure.high, figure.unit) if figure.low is not None else "",
                    "more": _more(one, len(work.rest)),
                    "bar": gate_bar(figure, bound.value, config.direction, result.outcome, earlier),
                    "measure": config.measure,
                    "rules": sentence_case(_said(result.beside, figures)),
                }
            )
        signs = [gate["outcome"] for gate in gates]
        return {
            "target": candidate.target,
            "asked": work.asked,
            "left": len(work.rest),
            "gates": gates,
            "decided": sum(sign != "undecided" for sign in signs),
            "outcome": "fail" if "fail" in signs else "undecided" if "undecided" in signs or not signs else "pass",
        }

    def _keep_look(self, key: str, asked: int, low: float | None, high: float | None) -> list[tuple[float, float]]:
        """The intervals of about a third and two thirds of the way."""
        if low is None or high is None or not asked:
            return []
        looks = self._earlier.setdefault(key, [])
        if not looks or looks[-1][0] != asked:
            looks.append((asked, low, high))
        wanted = [asked * part / (_STEPS + 1) for part in range(1, _STEPS + 1)]
        chosen = [min(looks, key=lambda look: abs(look[0] - at)) for at in wanted]
        return [(one[1], one[2]) for one in dict.fromkeys(chosen) if one[0] < asked]


def _said(text: LinkedText, figures: Figures) -> str:
    return "".join(part if isinstance(part, str) else whole_text(figures[part.figure]) for part in text)


def _joined(parts: Iterable[Evidence]) -> Evidence:
    """The evidence on each work in one."""
    first, *others = parts
    for other in others:
        first = replace(
            first,
            cases={**first.cases, **other.cases},
            workloads={**first.workloads, **other.workloads},
            looked_at={**first.looked_at, **other.looked_at},
            constants={**first.constants, **other.constants},
            languages={**first.languages, **other.languages},
        )
    return first


def _more(gate: LookedGate | None, left: int) -> str:
    """How many more fixtures would decide an undecided gate, and whether the run still has them."""
    if gate is None or gate.outcome != "undecided":
        return ""
    if not gate.asked:
        return "no answer yet"
    if gate.needs is None:
        return ""
    if gate.needs == NEVER:
        return "too close to call"
    more = max(1, int(gate.needs) - gate.asked)
    if more > 10 * gate.asked:
        return "too close to call"
    shown = f"about {units.number(units.two_digits_up(more)) if more >= 100 else more} more"
    return f"{shown}, {left} left" if more > left else shown


def gates_data(rows: list[dict[str, Any]], source: str, note: str, *, live: bool, every: bool) -> dict[str, Any]:
    """What a page shows of gates: the rows, where they come from, what is missing, and how many are decided."""
    decided = sum(target["decided"] for row in rows for target in row["targets"])
    total = sum(len(target["gates"]) for row in rows for target in row["targets"])
    settled = sum(target["outcome"] != "undecided" for row in rows for target in row["targets"])
    candidates = sum(len(row["targets"]) for row in rows)
    return {
        "rows": msgspec.to_builtins(rows),
        "source": source,
        "note": note,
        "live": live,
        "at_every_look": every,
        "decided": decided,
        "total": total,
        "settled": settled,
        "candidates": candidates,
    }

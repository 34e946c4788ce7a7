"""A seed in, the log of a run under a stopping rule out: any targets, gates, uses, groups, repeats, retries, failures.

Answers arrive in any order within the concurrency, as they do from servers. Nothing is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    CheckSpec,
    Failure,
    Fixture,
    RunEnd,
    Stopping,
    TargetRecord,
    Timings,
    WorkEnd,
    Workload,
)
from milo_bench.core.records.judgements import JUDGED
from milo_bench.evidence.until_decided.watch import UntilDecided
from milo_bench.run.plan import PlanRequest, plan_attempts
from milo_bench.store.log.writer import RunLogWriter
from tests.run.run_parts import make_spec

LABELS = ("a", "b", "c")
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "ve")
RULES = """\
findings:
  - {name: unsafe, when: [probe_failed_critical], finding: reject}
  - {name: kept, when: [all_gates_pass], finding: keep}
  - {name: rest, when: [], finding: defer}
"""
Random = np.random.Generator


@dataclass(frozen=True)
class RandomRun:
    """The log, the policy that it stopped by, and where it says that work ended."""

    path: Path
    policy: PolicyFile
    ends: tuple[WorkEnd, ...]
    targets: int


def record_run(seed: int, path: Path, *, stopping: bool = True) -> RandomRun:
    """Write the log of a run at ``path``; without ``stopping`` of one that asks all, and may be interrupted."""
    random = np.random.default_rng(seed)
    fixtures = _fixtures(random)
    judged = bool(random.random() < 0.1)
    workloads = {"tell": _workload("tell", "label"), "find": _workload("find", "contains", judged=judged)}
    targets = [
        TargetRecord(name, "test", "m", hosted=bool(place == 0 and random.random() < 0.5))
        for place, name in enumerate(("one", "two", "three")[: int(random.integers(1, 4))])
    ]
    text = _policy(random, [target.name for target in targets])
    policy = read_policy(text, name="policy.yaml")
    request = PlanRequest(
        repeats=int(random.choice([1, 1, 3])),
        retries=int(random.integers(0, 2)),
        concurrency=int(random.choice([1, 2, 5])),
        seed=seed,
        stopping=Stopping(policy="policy.yaml", policy_text=text) if stopping else None,
    )
    spec = make_spec(request, fixtures, targets, workloads=workloads)
    header = spec.header(targets, now=datetime(2026, 1, 5, tzinfo=UTC))
    writer = RunLogWriter.create(path, header, spec.planned_fixtures())
    steering = UntilDecided(spec, policy, targets) if stopping else None
    over: set[tuple[str, str]] = set()
    ends: list[WorkEnd] = []
    if steering is not None:
        steering.take_up(header)
    answers = {(target.name, name): _Answers(random, workloads[name]) for target in targets for name in workloads}
    waiting = list(plan_attempts(spec.plan))
    last = len(waiting) if stopping or random.random() < 0.5 else int(random.integers(1, len(waiting)))
    flying: list[AttemptKey] = []
    count = 0
    while waiting or flying:
        while waiting and len(flying) < spec.plan.concurrency:
            key = waiting.pop(0)
            if (spec.fixtures[key.fixture].workload, key.target) not in over:
                flying.append(key)
        if not flying or (steering is None and count >= last):
            break
        key = flying.pop(int(random.integers(len(flying))))
        fixture = spec.fixtures[key.fixture]
        attempt = answers[key.target, fixture.workload].to(key, fixture)
        writer.append(attempt)
        count += 1
        if attempt.failure is not None and key.retry < spec.plan.retries:
            waiting.insert(0, AttemptKey(key.fixture, key.target, key.repeat, key.decoding, key.retry + 1))
        for steer in steering.look([attempt]) if steering is not None else ():
            for end in steer.ends:
                writer.append(end)
                ends.append(end)
                over.add((end.workload, end.target))
    complete = count < last or not (waiting or flying)
    writer.close(RunEnd("2026-01-05T01:00:00+00:00", count, 0, complete, "done" if complete else "interrupted"))
    return RandomRun(path, policy, tuple(ends), len(targets))


def _words(number: int) -> str:
    return " ".join(_SYLLABLES[number * step % 16] + _SYLLABLES[number // 16 * step % 16] for step in (1, 3, 5, 7))


def _fixtures(random: Random) -> tuple[Fixture, ...]:
    """Questions with other words each; some of a group, some whose right answer is not given."""
    shares = random.dirichlet([6, 2, 1])
    grouped, lacking = random.random() < 0.4, random.random() < 0.2
    found = []
    for number in range(int(random.integers(24, 46))):
        workload = "tell" if number % 2 else "find"
        words = _words(number)
        gold: dict[str, Any] = {"label": str(random.choice(LABELS, p=shares))}
        if workload == "find":
            gold = {"contains": "yes" if random.random() < 0.7 else words.split()[0]}
            if lacking and random.random() < 0.3:
                gold = {}
        group = f"story {number // 6}" if grouped else ""
        id_ = f"{workload}-{number:03}"
        found.append(Fixture(id_, workload, {"text": words}, gold, hash=f"h{number}", group=group))
    return tuple(found)


def _workload(name: str, check: str, *, judged: bool = False) -> Workload:
    checks = (CheckSpec(check), *((CheckSpec(JUDGED, {"judge": "strict"}),) if judged else ()))
    return Workload(name, name, "{{ input.text }}", f"p{name}", checks)


def _policy(random: Random, targets: list[str]) -> str:
    def some(workload: str) -> str:
        bound = round(float(random.choice([0.3, 0.5, 0.6, 0.75, 0.9])), 2)
        gates = [
            f"{{measure: pass_rate, at_least: {bound}}}",
            "{measure: failure_rate, at_most: 0.3}",
            "{measure: latency_p95_s, at_most: 5}",
            f"{{measure: pass_rate, not_worse_than: baseline, margin: {bound}}}",
        ]
        if workload == "tell":
            gates += [f"{{measure: accuracy, at_least: {bound}}}", "{measure: recall, slice: class=b, at_least: 0.2}"]
        count = int(random.integers(1, 4))
        chosen = random.choice(len(gates), size=count, replace=False)
        return f"gates: [{', '.join(gates[place] for place in chosen)}]"

    def whole(workload: str) -> str:
        if random.random() < 0.3:
            return f"{{{some(workload)}, uses: {{preview: {{{some(workload)}}}, letters: {{{some(workload)}}}}}}}"
        return f"{{{some(workload)}}}"

    top = f"error_family: {random.choice(['headline', 'workload', 'candidate'])}\n"
    if len(targets) > 1 and random.random() < 0.3:
        top += f"baseline: {random.choice(targets)}\n"
    works = "".join(f"  {name}: {whole(name)}\n" for name in ("tell", "find"))
    return f"policy: 1\n{top}workloads:\n{works}{RULES}"


class _Answers:
    """How one target answers one workload: always the same, mostly the usual, or mostly right; and how often not."""

    def __init__(self, random: Random, workload: Workload) -> None:
        self._random = random
        self._kind = str(random.choice(["same", "usual", "right", "right"]))
        self._right = float(random.choice([0.6, 0.9, 1.0]))
        self._lost = float(random.choice([0.0, 0.0, 0.1]))

    def to(self, key: AttemptKey, fixture: Fixture) -> Attempt:
        random = self._random
        start = float(random.random())
        timings = Timings(start, start, start + float(random.exponential(1)))
        if random.random() < self._lost:
            return Attempt(key, "r", timings, failure=Failure("total_timeout", "late"))
        gold = str(fixture.expect.get("label", fixture.expect.get("contains", "nothing")))
        usual = "a" if fixture.workload == "tell" else "yes"
        said = usual if self._kind == "same" or (self._kind == "usual" and random.random() < 0.9) else gold
        if self._kind == "right" and random.random() >= self._right:
            said = str(random.choice(["a", "b", "c", "no"]))
        return Attempt(key, "r", timings, output=said, finish_reason="stop")
